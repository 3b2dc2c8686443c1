//! The methods of `array`.

use super::{Array, of, slots};
use crate::support::buffer::readable;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{List, Ref, Res, Str, TypeRef, Value, Vm, methods};

impl Array {
    /// The items of a text array as a str.
    pub fn text(&self, vm: &Vm) -> Res {
        let points: Vec<u32> =
            self.bytes.with(|bytes| bytes.as_chunks::<4>().0.iter().map(|c| u32::from_ne_bytes(*c)).collect());
        if let Some(c) = points.iter().find(|c| **c > 0x10ffff) {
            return Err(vm.value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
        }
        Ok(vm.new_str_from_code_points(&points)?.into_value())
    }

    /// The position of the first equal item at or after `start`, before `stop`.
    fn find(&self, vm: &Vm, value: &Value, start: usize, stop: usize) -> Res<Option<usize>> {
        let mut i = start;
        while i < stop
            && let Some(own) = self.get(vm, i)
        {
            if vm.equal(&own?, value)? {
                return Ok(Some(i));
            }
            i += 1;
        }
        Ok(None)
    }

    fn remove_at(&self, vm: &Vm, i: usize) -> Res<()> {
        self.may_resize(vm)?;
        let size = self.code.size();
        self.bytes.with_mut(|bytes| {
            if (i + 1) * size <= bytes.len() {
                drop(bytes.drain(i * size..(i + 1) * size));
            }
        });
        Ok(())
    }
}

#[methods]
impl Array {
    #[getter(doc = "the typecode character used to create the array")]
    fn typecode(vm: &Vm, this: &Ref<Array>) -> Res {
        Ok(vm.new_char(this.code.0 as u32)?.into_value())
    }

    #[getter(doc = "the size, in bytes, of one array item")]
    fn itemsize(_: &Vm, this: &Ref<Array>) -> usize {
        this.code.size()
    }

    #[method(doc = "Append new value v to the end of the array.", sig = "(v, /)")]
    fn append(vm: &Vm, this: &Ref<Array>, v: &Value) -> Res<()> {
        this.push(vm, v)
    }

    #[method(
        doc = "(address, number of items) of the memory that holds the items.\n\nThe number of bytes is the number of items times itemsize.",
        sig = "()"
    )]
    fn buffer_info(vm: &Vm, this: &Ref<Array>) -> Res {
        let at = this.bytes.with(|bytes| bytes.as_ptr() as i64);
        vm.new_tuple(&[vm.new_int(at)?, vm.new_int(this.len() as i64)?])
    }

    #[method(
        doc = "Turn the byte order of each item around. RuntimeError for sizes other than 1, 2, 4, 8 and 16.",
        sig = "()"
    )]
    fn byteswap(_: &Vm, this: &Ref<Array>) {
        let size = this.code.size();
        this.bytes.with_mut(|bytes| bytes.chunks_mut(size).for_each(|item| item.reverse()));
    }

    #[method(doc = "Remove all items from the array.", sig = "()")]
    fn clear(vm: &Vm, this: &Ref<Array>) -> Res<()> {
        if !this.is_empty() {
            this.may_resize(vm)?;
        }
        this.bytes.set(Vec::new());
        Ok(())
    }

    #[method(doc = "Return a copy of the array.", sig = "()")]
    fn __copy__(vm: &Vm, this: &Ref<Array>) -> Res {
        Ok(Array::new(vm, this.code, this.bytes.get())?.into_value())
    }

    #[method(doc = "Return a copy of the array.", sig = "(unused, /)")]
    fn __deepcopy__(vm: &Vm, this: &Ref<Array>, unused: &Value) -> Res {
        let _ = unused;
        Array::__copy__(vm, this)
    }

    #[method(doc = "Return number of occurrences of v in the array.", sig = "(v, /)")]
    fn count(vm: &Vm, this: &Ref<Array>, v: &Value) -> Res {
        let (mut n, mut i) = (0, 0);
        while let Some(own) = this.get(vm, i) {
            n += vm.equal(&own?, v)? as i64;
            i += 1;
        }
        vm.new_int(n)
    }

    #[method(doc = "Append items to the end of the array.", sig = "(bb, /)")]
    fn extend(vm: &Vm, this: &Ref<Array>, bb: &Value) -> Res<()> {
        slots::extend(vm, this, bb)
    }

    #[method(doc = "Append n items read from the file f; EOFError if it has fewer.", sig = "(f, n, /)")]
    fn fromfile(vm: &Vm, this: &Ref<Array>, f: &Value, n: isize) -> Res<()> {
        let Ok(n) = usize::try_from(n) else { return Err(vm.value_error("negative count")) };
        let wanted = n.saturating_mul(this.code.size());
        let data = vm.call_method(f, &vm.names().read, &[vm.new_int(wanted as i64)?])?;
        let Some(bytes) = data.downcast::<ophi_runtime::objects::bytes::Bytes>().map(|b| b.as_slice()) else {
            return Err(vm.type_error("read() didn't return bytes"));
        };
        this.add_bytes(vm, bytes)?;
        if bytes.len() != wanted {
            return Err(vm.eof_error("read() didn't return enough bytes"));
        }
        Ok(())
    }

    #[method(doc = "Append items to array from list.", sig = "(list, /)")]
    fn fromlist(vm: &Vm, this: &Ref<Array>, list: &Value) -> Res<()> {
        let Some(list) = list.downcast::<List>() else { return Err(vm.type_error("arg must be list")) };
        let before = this.bytes.with(Vec::len);
        let n = list.len();
        for i in 0..n {
            let Some(item) = list.get(i) else { break };
            if let Err(raised) = this.push(vm, &item) {
                this.bytes.with_mut(|bytes| bytes.truncate(before));
                return Err(raised);
            }
            if list.len() != n {
                this.bytes.with_mut(|bytes| bytes.truncate(before));
                return Err(vm.runtime_error("list changed size during iteration"));
            }
        }
        Ok(())
    }

    #[method(doc = "Append the items whose bytes these are.", sig = "(buffer, /)")]
    fn frombytes(vm: &Vm, this: &Ref<Array>, buffer: &Value) -> Res<()> {
        this.add_bytes(vm, readable(vm, buffer)?.as_slice())
    }

    #[method(
        doc = "Append the characters of a string to an array of type 'u' or 'w'; ValueError for others.",
        sig = "(ustr, /)"
    )]
    fn fromunicode(vm: &Vm, this: &Ref<Array>, ustr: &Ref<Str>) -> Res<()> {
        if !this.code.is_text() {
            return Err(vm.value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        vm.check_room(ustr.len().saturating_mul(4))?;
        let bytes: Vec<u8> = ustr.code_points().flat_map(|c| c.to_ne_bytes()).collect();
        this.add_bytes(vm, &bytes)
    }

    #[method(
        doc = "The position of the first item equal to v; ValueError if there is none.",
        sig = "(v, start=0, stop=sys.maxsize, /)"
    )]
    fn index(vm: &Vm, this: &Ref<Array>, v: &Value, start: Option<&Value>, stop: Option<&Value>) -> Res {
        let bound = |given: Option<&Value>, default: usize| -> Res<usize> {
            let Some(given) = given else { return Ok(default) };
            let i = vm.slice_index_not_none(given)?;
            Ok((if i < 0 { i.saturating_add(this.len() as isize).max(0) } else { i }) as usize)
        };
        match this.find(vm, v, bound(start, 0)?, bound(stop, usize::MAX)?)? {
            Some(i) => vm.new_int(i as i64),
            None => Err(vm.value_error("array.index(x): x not in array")),
        }
    }

    #[method(doc = "Insert a new item v into the array before position i.", sig = "(i, v, /)")]
    fn insert(vm: &Vm, this: &Ref<Array>, i: isize, v: &Value) -> Res<()> {
        let word = this.code.write(vm, v)?;
        this.may_resize(vm)?;
        let size = this.code.size();
        this.make_room(vm, size)?;
        let len = this.len() as isize;
        let at = if i < 0 { (i + len).max(0) } else { i.min(len) } as usize * size;
        this.bytes.with_mut(|bytes| drop(bytes.splice(at..at, word[..size].iter().copied())));
        Ok(())
    }

    #[method(doc = "Take out and return the item at position i (the last one if not given).", sig = "(i=-1, /)")]
    fn pop(vm: &Vm, this: &Ref<Array>, i: isize) -> Res {
        let len = this.len();
        if len == 0 {
            return Err(vm.index_error("pop from empty array"));
        }
        let at = if i < 0 { i + len as isize } else { i };
        let at = usize::try_from(at).ok().filter(|at| *at < len);
        match at.and_then(|at| this.get(vm, at).map(|item| (at, item))) {
            Some((at, item)) => {
                let item = item?;
                this.remove_at(vm, at)?;
                Ok(item)
            }
            None => Err(vm.index_error("pop index out of range")),
        }
    }

    #[method(doc = "Remove the first occurrence of v in the array.", sig = "(v, /)")]
    fn remove(vm: &Vm, this: &Ref<Array>, v: &Value) -> Res<()> {
        match this.find(vm, v, 0, usize::MAX)? {
            Some(i) => this.remove_at(vm, i),
            None => Err(vm.value_error("array.remove(x): x not in array")),
        }
    }

    #[method(doc = "Reverse the order of the items in the array.", sig = "()")]
    fn reverse(_: &Vm, this: &Ref<Array>) {
        let size = this.code.size();
        this.bytes.with_mut(|bytes| {
            bytes.reverse();
            bytes.chunks_mut(size).for_each(|item| item.reverse());
        });
    }

    #[method(doc = "Write all items (as machine values) to the file object f.", sig = "(f, /)")]
    fn tofile(vm: &Vm, this: &Ref<Array>, f: &Value) -> Res<()> {
        let bytes = this.copied(vm)?;
        for block in bytes.chunks(64 * 1024) {
            let block = vm.new_bytes_value(block)?;
            vm.call_method(f, &vm.names().write, &[block])?;
        }
        Ok(())
    }

    #[method(doc = "Convert array to an ordinary list with the same items.", sig = "()")]
    fn tolist(vm: &Vm, this: &Ref<Array>) -> Res {
        vm.new_list(this.items(vm)?)
    }

    #[method(doc = "The items' bytes.", sig = "()")]
    fn tobytes(vm: &Vm, this: &Ref<Array>) -> Res {
        // Making bytes runs no Python code.
        this.bytes.with(|bytes| vm.new_bytes_value(bytes))
    }

    #[method(doc = "The characters of an array of type 'u' or 'w' as a string; ValueError for others.", sig = "()")]
    fn tounicode(vm: &Vm, this: &Ref<Array>) -> Res {
        if !this.code.is_text() {
            return Err(vm.value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        this.text(vm)
    }

    #[method(doc = "Size of the array in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Array>) -> usize {
        64 + this.bytes.with(Vec::len)
    }

    #[method(doc = "Return state information for pickling.", sig = "(value, /)")]
    fn __reduce_ex__(vm: &Vm, this: &Value, value: &Value) -> Res {
        let array = of(vm, this)?;
        let protocol = vm.to_size(value)?;
        let state = match vm.instance_dict(this)? {
            Some(dict) => dict.into_value(),
            None => Value::NONE,
        };
        let class = vm.class(this).to_value();
        let code = vm.new_char(array.code.0 as u32)?.into_value();
        if protocol < 3 {
            let args = vm.new_tuple(&[code, vm.new_list(array.items(vm)?)?])?;
            return vm.new_tuple(&[class, args, state]);
        }
        let rebuild = vm.get_attr_str(&crate::support::import(vm, "array")?, "_array_reconstructor")?;
        let format = vm.new_int(super::rebuild::machine_format(array.code))?;
        let args = vm.new_tuple(&[class, code, format, Array::tobytes(vm, array)?])?;
        vm.new_tuple(&[rebuild, args, state])
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
