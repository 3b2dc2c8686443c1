//! Format strings of `struct`: parsed into a list of fields with their offsets.

use super::ERROR;
use ophi_runtime::vm::Raised;
use ophi_runtime::{Res, Vm};

/// One format character with its count: `repeat` values of `size` bytes each (for `s` and `p` one value of `size` bytes).
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub kind: char,
    pub offset: usize,
    pub size: usize,
    pub repeat: usize,
}

#[derive(Clone, Debug)]
pub struct Layout {
    pub fields: Vec<Field>,
    pub size: usize,
    /// Values in a packed record.
    pub count: usize,
    pub big: bool,
    /// Native sizes and alignment.
    pub native: bool,
}

pub fn error(vm: &Vm, message: &str) -> Raised {
    vm.raise_message(&ERROR, message)
}

/// Size and alignment of a format character; alignment counts only in native mode.
fn measure(kind: char, native: bool) -> Option<(usize, usize)> {
    Some(match (kind, native) {
        ('x' | 'b' | 'B' | 'c' | 's' | 'p' | '?', _) => (1, 1),
        ('h' | 'H' | 'e', _) => (2, 2),
        ('i' | 'I' | 'f', _) => (4, 4),
        ('l' | 'L', true) | ('q' | 'Q' | 'd', _) => (8, 8),
        ('l' | 'L', false) => (4, 4),
        ('n' | 'N' | 'P', true) => (8, 8),
        ('F', _) => (8, 4),
        ('D', _) => (16, 8),
        _ => return None,
    })
}

pub fn parse(vm: &Vm, format: &[u8]) -> Res<Layout> {
    let mut layout = Layout { fields: Vec::new(), size: 0, count: 0, big: cfg!(target_endian = "big"), native: true };
    let mut i = 0;
    if format.contains(&0) {
        return Err(error(vm, "embedded null character"));
    }
    if let Some(first) = format.first() {
        let (order, native) = match first {
            b'<' => (Some(false), false),
            b'>' | b'!' => (Some(true), false),
            b'=' => (None, false),
            b'@' => (None, true),
            _ => (None, true),
        };
        if matches!(first, b'<' | b'>' | b'!' | b'=' | b'@') {
            i = 1;
        }
        layout.big = order.unwrap_or(layout.big);
        layout.native = native;
    }
    let too_long = |vm: &Vm| error(vm, "total struct size too long");
    let mut size: usize = 0;
    while i < format.len() {
        if ophi_runtime::objects::byte_string::algorithms::is_space(format[i]) {
            i += 1;
            continue;
        }
        let mut repeat: usize = 1;
        if format[i].is_ascii_digit() {
            repeat = 0;
            while let Some(d) = format.get(i).filter(|b| b.is_ascii_digit()) {
                let next = repeat.checked_mul(10).and_then(|n| n.checked_add((d - b'0') as usize));
                repeat = match next.filter(|n| *n <= isize::MAX as usize) {
                    Some(n) => n,
                    None => return Err(too_long(vm)),
                };
                i += 1;
            }
            if i >= format.len() {
                return Err(error(vm, "repeat count given without format specifier"));
            }
        }
        let kind = format[i] as char;
        i += 1;
        let Some((item, alignment)) = measure(kind, layout.native) else {
            return Err(error(vm, "bad char in struct format"));
        };
        if layout.native {
            size = match size.checked_next_multiple_of(alignment) {
                Some(s) => s,
                None => return Err(too_long(vm)),
            };
        }
        let total = repeat.checked_mul(item).and_then(|n| n.checked_add(size)).filter(|n| *n <= isize::MAX as usize);
        let Some(total) = total else { return Err(too_long(vm)) };
        match kind {
            'x' => {}
            's' | 'p' => {
                layout.fields.push(Field { kind, offset: size, size: repeat, repeat: 1 });
                layout.count += 1;
            }
            _ => {
                if repeat > 0 {
                    layout.fields.push(Field { kind, offset: size, size: item, repeat });
                    layout.count += repeat;
                }
            }
        }
        size = total;
    }
    layout.size = size;
    Ok(layout)
}
