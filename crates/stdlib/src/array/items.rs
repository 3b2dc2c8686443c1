//! The type codes: size of an item, and how it is read and written.

use ophi_runtime::objects::int;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Value, Vm};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub u8);

fn within(vm: &Vm, i: i64, min: i64, max: i64, what: &str) -> Res<i64> {
    if i < min {
        return Err(vm.overflow_error(format!("{what} is less than minimum")));
    }
    if i > max {
        return Err(vm.overflow_error(format!("{what} is greater than maximum")));
    }
    Ok(i)
}

impl Code {
    pub fn parse(code: u32) -> Option<Code> {
        u8::try_from(code).ok().filter(|c| b"bBuwhHiIlLqQfd".contains(c)).map(Code)
    }

    pub fn size(self) -> usize {
        match self.0 {
            b'b' | b'B' => 1,
            b'h' | b'H' => 2,
            b'u' | b'w' | b'i' | b'I' | b'f' => 4,
            _ => 8,
        }
    }

    pub fn is_text(self) -> bool {
        matches!(self.0, b'u' | b'w')
    }

    /// For the buffer protocol.
    pub fn format(self) -> &'static str {
        match self.0 {
            b'b' => "b",
            b'B' => "B",
            b'u' | b'w' => "w",
            b'h' => "h",
            b'H' => "H",
            b'i' => "i",
            b'I' => "I",
            b'l' => "l",
            b'L' => "L",
            b'q' => "q",
            b'Q' => "Q",
            b'f' => "f",
            _ => "d",
        }
    }

    /// An item from its bytes (in native order, the rest zero).
    pub fn read(self, vm: &Vm, w: [u8; 8]) -> Res {
        let half = [w[0], w[1], w[2], w[3]];
        match self.0 {
            b'b' => vm.new_int(w[0] as i8 as i64),
            b'B' => vm.new_int(w[0] as i64),
            b'h' => vm.new_int(i16::from_ne_bytes([w[0], w[1]]) as i64),
            b'H' => vm.new_int(u16::from_ne_bytes([w[0], w[1]]) as i64),
            b'i' => vm.new_int(i32::from_ne_bytes(half) as i64),
            b'I' => vm.new_int(u32::from_ne_bytes(half) as i64),
            b'l' | b'q' => vm.new_int(i64::from_ne_bytes(w)),
            b'L' | b'Q' => {
                let n = u64::from_ne_bytes(w);
                match i64::try_from(n) {
                    Ok(i) => vm.new_int(i),
                    Err(_) => vm.new_bigint(num_bigint::BigInt::from(n)),
                }
            }
            b'f' => vm.new_float(f32::from_ne_bytes(half) as f64),
            b'd' => vm.new_float(f64::from_ne_bytes(w)),
            _ => {
                let c = u32::from_ne_bytes(half);
                if c > 0x10ffff {
                    return Err(vm.value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
                }
                Ok(vm.new_char(c)?.into_value())
            }
        }
    }

    fn bounded(self, vm: &Vm, item: &Value, min: i64, max: i64, what: &str) -> Res<i64> {
        if let Some(i) = item.as_small_int()
            && (min..=max).contains(&i)
        {
            return Ok(i);
        }
        let index = vm.index(item)?;
        let Some(i) = int::view(&index).and_then(|v| v.to_i64()) else {
            return Err(vm.overflow_error("Python int too large to convert to C long"));
        };
        within(vm, i, min, max, what)
    }

    fn unsigned(self, vm: &Vm, item: &Value, negative: &str, large: &str) -> Res<u64> {
        if let Some(i) = item.as_small_int().and_then(|i| u64::try_from(i).ok()) {
            return Ok(i);
        }
        let index = vm.index(item)?;
        let big = int::view(&index).map(|v| v.to_bigint()).unwrap_or_default();
        if big.sign() == num_bigint::Sign::Minus {
            return Err(vm.overflow_error(negative));
        }
        u64::try_from(big).map_err(|_| vm.overflow_error(large))
    }

    /// The bytes of an item; the first `size` count. Raises what CPython raises for items that do not fit.
    pub fn write(self, vm: &Vm, item: &Value) -> Res<[u8; 8]> {
        let mut out = [0u8; 8];
        const NEGATIVE: &str = "can't convert negative value to unsigned int";
        const LARGE: &str = "Python int too large to convert to C unsigned long";
        match self.0 {
            // CPython reads these two through a wider C type, whose limits answer first.
            b'b' => {
                let i = self.bounded(vm, item, i16::MIN as i64, i16::MAX as i64, "signed short integer")?;
                out[0] = within(vm, i, -128, 127, "signed char")? as u8;
            }
            b'B' => out[0] = self.bounded(vm, item, 0, 255, "unsigned byte integer")? as u8,
            b'h' => {
                let i = self.bounded(vm, item, i16::MIN as i64, i16::MAX as i64, "signed short integer")?;
                out[..2].copy_from_slice(&(i as i16).to_ne_bytes());
            }
            b'H' => {
                let i = self.bounded(vm, item, i32::MIN as i64, i32::MAX as i64, "signed integer")?;
                let i = within(vm, i, 0, u16::MAX as i64, "unsigned short")?;
                out[..2].copy_from_slice(&(i as u16).to_ne_bytes());
            }
            b'i' => {
                let i = self.bounded(vm, item, i32::MIN as i64, i32::MAX as i64, "signed integer")?;
                out[..4].copy_from_slice(&(i as i32).to_ne_bytes());
            }
            b'I' => {
                let i = self.unsigned(vm, item, NEGATIVE, LARGE)?;
                let Ok(i) = u32::try_from(i) else {
                    return Err(vm.overflow_error("unsigned int is greater than maximum"));
                };
                out[..4].copy_from_slice(&i.to_ne_bytes());
            }
            b'l' => out = self.bounded(vm, item, i64::MIN, i64::MAX, "")?.to_ne_bytes(),
            b'L' => out = self.unsigned(vm, item, NEGATIVE, LARGE)?.to_ne_bytes(),
            b'q' => {
                let index = vm.index(item)?;
                let Some(i) = int::view(&index).and_then(|v| v.to_i64()) else {
                    return Err(vm.overflow_error("int too big to convert"));
                };
                out = i.to_ne_bytes();
            }
            b'Q' => {
                let negative = "can't convert negative int to unsigned";
                out = self.unsigned(vm, item, negative, "int too big to convert")?.to_ne_bytes();
            }
            b'f' => out[..4].copy_from_slice(&(vm.to_f64(item)? as f32).to_ne_bytes()),
            b'd' => out = vm.to_f64(item)?.to_ne_bytes(),
            _ => {
                let c = match item.downcast::<Str>() {
                    Some(text) if text.len() == 1 => text.at(0),
                    Some(text) => {
                        return Err(vm.type_error(format!(
                            "array item must be a unicode character, not a string of length {}",
                            text.len()
                        )));
                    }
                    None => {
                        return Err(vm.type_error(format!(
                            "array item must be a unicode character, not {}",
                            vm.type_name(item)
                        )));
                    }
                };
                out[..4].copy_from_slice(&c.to_ne_bytes());
            }
        }
        Ok(out)
    }
}
