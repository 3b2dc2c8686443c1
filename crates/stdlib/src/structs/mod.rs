//! `_struct`: values packed into bytes by a format. After CPython Modules/_struct.c.

mod format;
mod values;

use format::{Field, Layout, error};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::{BaseException, EXCEPTION, FLAGS};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::{Downcast, Payload, TypeDef};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Ref, Res, Str, Tuple, TypeFlags, TypeRef, Value, ValueCell, Vm, layout, methods, trace_fields,
};
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

use crate::support::buffer::{self, Readable};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_struct",
    doc: "Values to the bytes of C structures and back.\n\nA format begins with byte order and alignment: @ native (also without any), = native order in standard\nsizes, < little, > or ! big endian. Then, each with a repeat count before it where wanted: x padding;\nc byte; b B, h H, i I, l L, q Q, n N integers of growing size (capitals unsigned; n N native only); ? bool;\ne f d floats of 2, 4 and 8 bytes; F D complex; s p strings (the count is the length); P pointer.\n",
    tables: &[Functions::METHODS],
    init,
};

pub static ERROR: TypeDef =
    TypeDef { module: "struct", flags: FLAGS, ..TypeDef::of::<BaseException>("error", &EXCEPTION) };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "Struct", vm.ty(&STRUCT).to_value())?;
    module.add(vm, "error", vm.ty(&ERROR).to_value())
}

/// A parsed format.
pub struct Struct {
    layout: GilCell<Option<Rc<Layout>>>,
    format: ValueCell,
}

impl ophi_runtime::Trace for Struct {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.format.trace(visitor)
    }
}

static STRUCT: TypeDef = TypeDef {
    module: "_struct",
    doc: "Struct(fmt) --> compiled struct object\n\n",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::WEAKREF),
    slots: Slots {
        new: Some(|vm, cls, _| {
            let payload = Struct { layout: GilCell::new(None), format: ValueCell::new(None) };
            Ok(vm.new_instance(cls, payload)?.into_value())
        }),
        init: Some(init_struct),
        repr: Some(|vm, this| {
            let own = ophi_runtime::native::receiver::<Struct>(vm, this, "__repr__")?;
            layout_of(vm, own)?;
            let format = vm.repr(&own.format.get_or_none())?;
            let name = vm.class(this).name();
            Ok(vm.new_str(&format!("{name}({})", format.to_utf8_lossy()))?.into_value())
        }),
        ..Slots::NONE
    },
    tables: &[Struct::METHODS],
    ..TypeDef::of::<Struct>("Struct", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for Struct {
    fn def() -> &'static TypeDef {
        &STRUCT
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("Struct");
}

static SIGNATURE: Signature = Signature {
    text: "(format)",
    parameters: &[Parameter { name: "format", kind: ParameterKind::Positional, required: true }],
};

fn init_struct(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let own = ophi_runtime::native::receiver::<Struct>(vm, this, "__init__")?;
    let mut bound = [None];
    bind(vm, Some(&SIGNATURE), "Struct", args, &mut bound)?;
    let [Some(format)] = bound else { return Ok(()) };
    let (text, bytes) = format_bytes(vm, format)?;
    let layout = Rc::new(format::parse(vm, &bytes)?);
    own.layout.set(Some(layout));
    own.format.set(Some(text.into_value()));
    Ok(())
}

/// A format given as text or bytes, as both.
fn format_bytes(vm: &Vm, format: &Value) -> Res<(Ref<Str>, Vec<u8>)> {
    if let Some(text) = format.downcast::<Str>() {
        return match text.as_ascii() {
            Some(ascii) => Ok((text.clone(), ascii.as_bytes().to_vec())),
            None => {
                ophi_runtime::codecs::encode_text(vm, text, Some("ascii"), None)?;
                Err(error(vm, "bad char in struct format"))
            }
        };
    }
    if let Some(bytes) = format.downcast::<Bytes>() {
        return Ok((vm.new_latin1(bytes.as_slice())?, bytes.as_slice().to_vec()));
    }
    Err(vm.type_error(format!("Struct() argument 1 must be a str or bytes object, not {}", vm.type_name(format))))
}

/// Formats lately used by the module's functions.
#[derive(Default)]
struct Cache {
    layouts: GilCell<Vec<(Vec<u8>, Rc<Layout>)>>,
}

fn cached(vm: &Vm, format: &Value) -> Res<Rc<Layout>> {
    if let Some(own) = format.downcast::<Struct>() {
        return own.layout.get().ok_or_else(|| vm.runtime_error("Struct object is not initialized"));
    }
    let cache = vm.interpreter().state::<Cache>();
    let key = match (format.downcast::<Str>().and_then(|t| t.as_ascii()), format.downcast::<Bytes>()) {
        (Some(ascii), _) => ascii.as_bytes(),
        (_, Some(bytes)) => bytes.as_slice(),
        _ => &[],
    };
    if let Some(found) = cache.layouts.with(|all| all.iter().find(|(k, _)| k == key).map(|(_, l)| l.clone()))
        && !key.is_empty()
    {
        return Ok(found);
    }
    let (_, bytes) = format_bytes(vm, format)?;
    let layout = Rc::new(format::parse(vm, &bytes)?);
    cache.layouts.with_mut(|all| {
        if all.len() >= 100 {
            all.clear();
        }
        all.push((bytes, layout.clone()));
    });
    Ok(layout)
}

fn pack_into_slice(vm: &Vm, layout: &Layout, values: &[Value], out: &mut [u8]) -> Res<()> {
    let mut next = values.iter();
    for field in &layout.fields {
        for k in 0..field.repeat {
            let Some(value) = next.next() else { return Ok(()) };
            let at = field.offset + k * field.size;
            values::pack(vm, field, layout, value, &mut out[at..at + field.size])?;
        }
    }
    Ok(())
}

fn pack(vm: &Vm, layout: &Layout, values: &[Value]) -> Res {
    if values.len() != layout.count {
        let message = format!("pack expected {} items for packing (got {})", layout.count, values.len());
        return Err(error(vm, &message));
    }
    vm.check_room(layout.size)?;
    let mut out: SmallVec<[u8; 64]> = smallvec::smallvec![0; layout.size];
    pack_into_slice(vm, layout, values, &mut out)?;
    Ok(vm.new_bytes(&out)?.into_value())
}

fn pack_into(vm: &Vm, layout: &Layout, args: &[Value]) -> Res<()> {
    let Some(target) = args.first() else { return Err(error(vm, "pack_into expected buffer argument")) };
    let Some(offset) = args.get(1) else { return Err(error(vm, "pack_into expected offset argument")) };
    let values = &args[2..];
    if values.len() != layout.count {
        let message = format!("pack_into expected {} items for packing (got {})", layout.count, values.len());
        return Err(error(vm, &message));
    }
    let mut exported = match buffer::writable(vm, target) {
        Ok(exported) => exported,
        Err(raised) => {
            vm.forget(raised);
            return Err(
                vm.type_error(format!("argument must be read-write bytes-like object, not {}", vm.type_name(target)))
            );
        }
    };
    let len = exported.len as isize;
    let size = layout.size as isize;
    let given = vm.to_index(offset)?;
    let mut at = given;
    if at < 0 {
        if at + size > 0 {
            return Err(error(vm, &format!("no space to pack {size} bytes at offset {at}")));
        }
        if at + len < 0 {
            return Err(error(vm, &format!("offset {at} out of range for {len}-byte buffer")));
        }
        at += len;
    }
    if len - at < size {
        return Err(error(
            vm,
            &format!(
                "pack_into requires a buffer of at least {} bytes for packing {size} bytes at offset {at} (actual buffer size is {len})",
                at as i128 + size as i128
            ),
        ));
    }
    let mut out = vec![0; layout.size];
    pack_into_slice(vm, layout, values, &mut out)?;
    if let Some(slice) = exported.as_mut_slice() {
        slice[at as usize..at as usize + layout.size].copy_from_slice(&out);
    }
    Ok(())
}

fn unpack(vm: &Vm, layout: &Layout, bytes: &[u8]) -> Res {
    if let Some(done) = unpack_few(vm, layout, bytes) {
        return done;
    }
    if let [field] = layout.fields.as_slice()
        && let Some(done) = unpack_numbers(vm, field, layout, bytes)
    {
        return done;
    }
    let mut items: SmallVec<[Value; 8]> = SmallVec::with_capacity(layout.count);
    for field in &layout.fields {
        if let ('B' | 'H' | 'I' | 'Q', 2..) = (field.kind, field.repeat)
            && let Some(all) = bytes.get(field.offset..field.offset + field.repeat * field.size)
        {
            for part in all.chunks_exact(field.size) {
                items.push(values::unpack(vm, field.kind, part, layout.big)?);
            }
            continue;
        }
        for k in 0..field.repeat {
            let at = field.offset + k * field.size;
            items.push(values::unpack(vm, field.kind, &bytes[at..at + field.size], layout.big)?);
        }
    }
    if items.is_empty() {
        return vm.new_tuple(&[]);
    }
    Ok(Tuple::from_exact(vm, items.len(), items.into_iter())?.into_value())
}

/// Records of one to four fields that are not repeated go into their tuple without a stop on the way.
fn unpack_few(vm: &Vm, layout: &Layout, bytes: &[u8]) -> Option<Res> {
    let get = |field: &Field| {
        let part = &bytes[field.offset..field.offset + field.size];
        values::unpack(vm, field.kind, part, layout.big)
    };
    if layout.fields.len() != layout.count {
        return None;
    }
    let made = match layout.fields.as_slice() {
        [a] => get(a).and_then(|a| Tuple::of_array(vm, [a])),
        [a, b] => (|| Tuple::of_array(vm, [get(a)?, get(b)?]))(),
        [a, b, c] => (|| Tuple::of_array(vm, [get(a)?, get(b)?, get(c)?]))(),
        [a, b, c, d] => (|| Tuple::of_array(vm, [get(a)?, get(b)?, get(c)?, get(d)?]))(),
        _ => return None,
    };
    Some(made.map(|tuple| tuple.into_value()))
}

/// Many integers of one kind that all are immediate values; `None` when the field is something else.
fn unpack_numbers(vm: &Vm, field: &Field, layout: &Layout, bytes: &[u8]) -> Option<Res> {
    let all = bytes.get(field.offset..field.offset + field.repeat * field.size)?;
    fn tuple<const N: usize>(vm: &Vm, all: &[u8], number: impl Fn([u8; N]) -> i32) -> Res {
        let (parts, _) = all.as_chunks::<N>();
        Ok(Tuple::from_exact(vm, parts.len(), parts.iter().map(|part| Value::int32(number(*part))))?.into_value())
    }
    let big = layout.big;
    Some(match (field.kind, field.size) {
        ('B', 1) => tuple::<1>(vm, all, |[b]| b.into()),
        ('b', 1) => tuple::<1>(vm, all, |[b]| (b as i8).into()),
        ('H', 2) => tuple::<2>(vm, all, |b| if big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }.into()),
        ('h', 2) => tuple::<2>(vm, all, |b| if big { i16::from_be_bytes(b) } else { i16::from_le_bytes(b) }.into()),
        ('i' | 'l', 4) => tuple::<4>(vm, all, |b| if big { i32::from_be_bytes(b) } else { i32::from_le_bytes(b) }),
        ('I' | 'L', 4) => {
            // Small enough for the signed reading, as most are.
            let top = if big { 0 } else { 3 };
            if all.as_chunks::<4>().0.iter().any(|part| part[top] >= 0x80) {
                return None;
            }
            tuple::<4>(vm, all, |b| if big { i32::from_be_bytes(b) } else { i32::from_le_bytes(b) })
        }
        _ => return None,
    })
}

fn unpack_all(vm: &Vm, layout: &Layout, bytes: &[u8]) -> Res {
    if bytes.len() != layout.size {
        return Err(error(vm, &format!("unpack requires a buffer of {} bytes", layout.size)));
    }
    unpack(vm, layout, bytes)
}

fn unpack_from(vm: &Vm, layout: &Layout, bytes: &[u8], offset: isize) -> Res {
    let (len, size) = (bytes.len() as isize, layout.size as isize);
    let mut at = offset;
    if at < 0 {
        if at + size > 0 {
            return Err(error(vm, &format!("not enough data to unpack {size} bytes at offset {at}")));
        }
        if at + len < 0 {
            return Err(error(vm, &format!("offset {at} out of range for {len}-byte buffer")));
        }
        at += len;
    }
    if len - at < size {
        return Err(error(
            vm,
            &format!(
                "unpack_from requires a buffer of at least {} bytes for unpacking {size} bytes at offset {at} (actual buffer size is {len})",
                at as i128 + size as i128
            ),
        ));
    }
    unpack(vm, layout, &bytes[at as usize..(at + size) as usize])
}

/// `unpack_iterator`.
struct UnpackIterator {
    layout: Rc<Layout>,
    source: ValueCell,
    at: Cell<usize>,
}

trace_fields!(UnpackIterator { source });

static UNPACK_ITERATOR: TypeDef = TypeDef {
    module: "_struct",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next), ..Slots::NONE },
    tables: &[UnpackIterator::METHODS],
    ..TypeDef::of::<UnpackIterator>("unpack_iterator", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for UnpackIterator {
    fn def() -> &'static TypeDef {
        &UNPACK_ITERATOR
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("unpack_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<UnpackIterator>() else { return Ok(None) };
    let Some(source) = own.source.get() else { return Ok(None) };
    if let Some(bytes) = source.downcast::<Bytes>() {
        let at = own.at.get();
        let Some(part) = bytes.as_slice().get(at..at + own.layout.size) else {
            own.source.set(None);
            return Ok(None);
        };
        own.at.set(at + own.layout.size);
        return unpack(vm, &own.layout, part).map(Some);
    }
    let exported = buffer::readable(vm, &source)?;
    let at = own.at.get();
    let Some(part) = exported.as_slice().get(at..at + own.layout.size) else {
        drop(exported);
        own.source.set(None);
        return Ok(None);
    };
    own.at.set(at + own.layout.size);
    let part = part.to_vec();
    drop(exported);
    unpack(vm, &own.layout, &part).map(Some)
}

#[methods]
impl UnpackIterator {
    #[method(sig = "()")]
    fn __length_hint__(vm: &Vm, this: &Ref<UnpackIterator>) -> Res<usize> {
        let Some(source) = this.source.get() else { return Ok(0) };
        let len = buffer::readable(vm, &source)?.len;
        Ok(len.saturating_sub(this.at.get()) / this.layout.size.max(1))
    }
}

fn iter_unpack(vm: &Vm, layout: Rc<Layout>, source: &Value) -> Res {
    if layout.size == 0 {
        return Err(error(vm, "cannot iteratively unpack with a struct of length 0"));
    }
    let len = buffer::readable(vm, source)?.len;
    if len % layout.size != 0 {
        let message = format!("iterative unpacking requires a buffer of a multiple of {} bytes", layout.size);
        return Err(error(vm, &message));
    }
    // The iterator holds a view, so that the source keeps its size meanwhile; bytes do by themselves.
    let view = match source.exact::<Bytes>(vm) {
        Some(bytes) => bytes.to_value(),
        None => ophi_runtime::objects::memoryview::of(vm, source)?,
    };
    let payload = UnpackIterator { layout, source: ValueCell::some(view), at: Cell::new(0) };
    Ok(vm.new_object(payload)?.into_value())
}

fn layout_of(vm: &Vm, this: &Ref<Struct>) -> Res<Rc<Layout>> {
    this.layout.get().ok_or_else(|| vm.runtime_error("Struct object is not initialized"))
}

#[methods]
impl Struct {
    #[method(doc = "S.pack(v1, v2, ...) -> bytes\n\nThe values as the bytes of the structure.")]
    fn pack(vm: &Vm, this: &Ref<Struct>, args: Args<'_>) -> Res {
        args.no_keywords(vm, "Struct.pack")?;
        pack(vm, &*layout_of(vm, this)?, args.values)
    }

    #[method(
        doc = "S.pack_into(buffer, offset, v1, v2, ...)\n\nWrite the values into a writable buffer from offset on (from its end, if negative)."
    )]
    fn pack_into(vm: &Vm, this: &Ref<Struct>, args: Args<'_>) -> Res<()> {
        args.no_keywords(vm, "Struct.pack_into")?;
        pack_into(vm, &*layout_of(vm, this)?, args.values)
    }

    #[method(doc = "The values in a buffer that has just the structure's size, as a tuple.", sig = "(buffer, /)")]
    fn unpack(vm: &Vm, this: &Ref<Struct>, buffer: Readable) -> Res {
        unpack_all(vm, &*layout_of(vm, this)?, &buffer)
    }

    #[method(
        doc = "The values in a buffer from offset on (from its end, if negative), as a tuple.",
        sig = "(buffer, offset=0)"
    )]
    fn unpack_from(vm: &Vm, this: &Ref<Struct>, buffer: Readable, offset: isize) -> Res {
        unpack_from(vm, &*layout_of(vm, this)?, &buffer, offset)
    }

    #[method(
        doc = "An iterator that unpacks the bytes piece by piece, as unpack_from() would.\n\nTheir number must be a multiple of the structure's size.",
        sig = "(buffer, /)"
    )]
    fn iter_unpack(vm: &Vm, this: &Ref<Struct>, buffer: &Value) -> Res {
        iter_unpack(vm, layout_of(vm, this)?, buffer)
    }

    #[method(doc = "S.__sizeof__() -> size of S in memory, in bytes", sig = "()")]
    fn __sizeof__(vm: &Vm, this: &Ref<Struct>) -> Res<usize> {
        Ok(56 + 32 * (layout_of(vm, this)?.fields.len() + 1))
    }

    /// struct format string
    #[getter]
    fn format(vm: &Vm, this: &Ref<Struct>) -> Res {
        layout_of(vm, this)?;
        Ok(this.format.get_or_none())
    }

    /// struct size in bytes
    #[getter]
    fn size(_: &Vm, this: &Ref<Struct>) -> i64 {
        this.layout.get().map_or(-1, |layout| layout.size as i64)
    }
}

struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Clear the internal cache.", sig = "()")]
    fn _clearcache(vm: &Vm) {
        drop(vm.interpreter().state::<Cache>().layouts.replace(Vec::new()))
    }

    #[function(doc = "How many bytes the format's structure has.", sig = "(format, /)")]
    fn calcsize(vm: &Vm, format: &Value) -> Res<usize> {
        Ok(cached(vm, format)?.size)
    }

    #[function(doc = "pack(format, v1, v2, ...) -> bytes\n\nThe values as the bytes of the format's structure.")]
    fn pack(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "_struct.pack")?;
        match args.values {
            [] => Err(vm.type_error("missing format argument")),
            [format, values @ ..] => pack(vm, &*cached(vm, format)?, values),
        }
    }

    #[function(
        doc = "pack_into(format, buffer, offset, v1, v2, ...)\n\nWrite the values into a writable buffer from offset on (from its end, if negative)."
    )]
    fn pack_into(vm: &Vm, args: Args<'_>) -> Res<()> {
        args.no_keywords(vm, "_struct.pack_into")?;
        match args.values {
            [] => Err(vm.type_error("missing format argument")),
            [format, rest @ ..] => pack_into(vm, &*cached(vm, format)?, rest),
        }
    }

    #[function(
        doc = "The values in a buffer that has just the size of the format's structure, as a tuple.",
        sig = "(format, buffer, /)"
    )]
    fn unpack(vm: &Vm, format: &Value, buffer: Readable) -> Res {
        unpack_all(vm, &*cached(vm, format)?, &buffer)
    }

    #[function(
        doc = "The values in a buffer from offset on (from its end, if negative), by the format, as a tuple.",
        sig = "(format, /, buffer, offset=0)"
    )]
    fn unpack_from(vm: &Vm, format: &Value, buffer: Readable, offset: isize) -> Res {
        unpack_from(vm, &*cached(vm, format)?, &buffer, offset)
    }

    #[function(
        doc = "An iterator that unpacks the bytes piece by piece, by the format.\n\nTheir number must be a multiple of the structure's size.",
        sig = "(format, buffer, /)"
    )]
    fn iter_unpack(vm: &Vm, format: &Value, buffer: &Value) -> Res {
        iter_unpack(vm, cached(vm, format)?, buffer)
    }
}

/// The class, for `array` and others that need it.
pub fn class(vm: &Vm) -> TypeRef {
    vm.ty(&STRUCT).clone()
}
