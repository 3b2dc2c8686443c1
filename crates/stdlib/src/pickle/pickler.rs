//! `Pickler`: settings, the memo, and the bytes under way.
//!
//! From protocol 4 on bytes are gathered in frames: nine bytes are kept free where a frame begins and filled in when it is
//! full (64 KiB) or the pickle ends; payloads as large as a frame go between frames, to a file without a copy.

use super::memo::{Memo, PICKLER_MEMO_PROXY, PicklerMemoProxy};
use super::opcodes::*;
use super::{PICKLER_SIGNATURE, bind, pickling_error};
use ophi_runtime::native::Call;
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::attributes::{generic_get_attr, generic_set_attr};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, GilCell, Payload, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, Value, ValueCell, Visitor, Vm,
    layout, methods,
};
use std::cell::Cell;

pub struct Pickler {
    write: ValueCell,
    pub memo: GilCell<Memo>,
    pub buffer_callback: ValueCell,
    pub dispatch_table: ValueCell,
    /// Set on the instance; the class's method otherwise.
    persistent_id: ValueCell,
    pub protocol: Cell<i64>,
    pub binary: Cell<i64>,
    pub fast: Cell<i64>,
    pub fix_imports: Cell<bool>,
    running: Cell<bool>,
}

impl Trace for Pickler {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.write.trace(visitor);
        self.memo.trace(visitor);
        self.buffer_callback.trace(visitor);
        self.dispatch_table.trace(visitor);
        self.persistent_id.trace(visitor);
    }
    fn clear(&self) {
        drop(self.write.take());
        drop(self.memo.take());
        drop(self.buffer_callback.take());
        drop(self.dispatch_table.take());
        drop(self.persistent_id.take());
    }
}

impl Payload for Pickler {
    fn def() -> &'static TypeDef {
        &PICKLER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Pickler");
}

pub static PICKLER: TypeDef = TypeDef {
    module: "_pickle",
    doc: "Pickler(file, protocol=None, fix_imports=True, buffer_callback=None)\n--\n\nWrites pickles to file, which needs write(). Protocols go from 0 to 5 (a negative one is the highest).\nfix_imports names modules as Python 2 does, for protocols below 3. buffer_callback gets each PickleBuffer\nthat is to stay out of the pickle (protocol 5).",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        new: Some(|vm, cls, _| Ok(vm.new_instance(cls, Pickler::empty())?.into_value())),
        init: Some(init),
        getattro: Some(get_attribute),
        setattro: Some(set_attribute),
        ..Slots::NONE
    },
    tables: &[Pickler::METHODS],
    ..TypeDef::of::<Pickler>("Pickler", &OBJECT)
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let pickler = ophi_runtime::native::receiver::<Pickler>(vm, this, "__init__")?;
    let [file, protocol, fix_imports, callback] = bind(vm, &PICKLER_SIGNATURE, "Pickler", args)?;
    let fix_imports = match fix_imports {
        Some(value) => vm.is_true(value)?,
        None => true,
    };
    pickler.check_idle(vm)?;
    let given = |value: Option<&'_ Value>| value.filter(|value| !value.is_none()).cloned();
    pickler.configure(vm, file, given(protocol).as_ref(), fix_imports, given(callback).as_ref())?;
    // A subclass may have one.
    pickler.dispatch_table.set(vm.get_attr_str_opt(this, "dispatch_table")?);
    Ok(())
}

fn get_attribute(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    if let Some(pickler) = this.downcast::<Pickler>()
        && pickler.persistent_id.is_set()
        && name.eq_str("persistent_id")
        && let Some(own) = pickler.persistent_id.get()
    {
        return Ok(own);
    }
    generic_get_attr(vm, this, name)
}

fn set_attribute(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    if let Some(pickler) = this.downcast::<Pickler>()
        && name.eq_str("persistent_id")
    {
        pickler.persistent_id.set(value.cloned());
        return Ok(());
    }
    generic_set_attr(vm, this, name, value)
}

/// A pickle under way.
pub struct Saving<'a> {
    pub vm: &'a Vm,
    pub pickler: &'a Pickler,
    pub state: std::rc::Rc<super::State>,
    pub protocol: i64,
    pub binary: bool,
    pub out: Vec<u8>,
    framing: bool,
    frame_start: Option<usize>,
    write: Option<Value>,
    pub persistent_id: Option<Value>,
    pub reducer_override: Option<Value>,
    /// Made by a function, not by a `Pickler` whose memo may be seen.
    pub standalone: bool,
    /// What is known of classes by their versions: whether their instances are plain.
    pub plain: Vec<(u32, bool)>,
    /// Containers being written in fast mode, once they are deep.
    pub fast_stack: Vec<u64>,
    pub fast_nesting: usize,
}

const FRAME_HEADER: usize = 9;
const FRAME_LEAST: usize = 4;
pub const FRAME_TARGET: usize = 64 * 1024;

impl Saving<'_> {
    #[inline]
    fn begin_frame(&mut self) {
        if self.framing && self.frame_start.is_none() {
            self.frame_start = Some(self.out.len());
            self.out.extend_from_slice(&[0; FRAME_HEADER]);
        }
    }

    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.begin_frame();
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    pub fn op(&mut self, opcode: u8) {
        self.begin_frame();
        self.out.push(opcode);
    }

    fn commit_frame(&mut self) {
        let Some(start) = self.frame_start.take() else { return };
        let length = self.out.len() - start - FRAME_HEADER;
        if length >= FRAME_LEAST {
            self.out[start] = FRAME;
            self.out[start + 1..start + FRAME_HEADER].copy_from_slice(&(length as u64).to_le_bytes());
        } else {
            self.out.drain(start..start + FRAME_HEADER);
        }
    }

    fn flush(&mut self) -> Res<()> {
        if let Some(write) = &self.write {
            let out = core::mem::take(&mut self.out);
            let bytes = self.vm.new_bytes(&out)?.into_value();
            self.vm.call(write, &[bytes])?;
        }
        Ok(())
    }

    /// To be called between values: ends a frame that is full.
    #[inline]
    pub fn boundary(&mut self) -> Res<()> {
        match self.frame_start {
            Some(start) if self.out.len() - start - FRAME_HEADER >= FRAME_TARGET => {
                self.commit_frame();
                self.flush()
            }
            _ => Ok(()),
        }
    }

    /// Writes a payload with its header; a large one outside of frames. `object` is the payload as an object, if there is one.
    pub fn put_payload(&mut self, header: &[u8], payload: &[u8], object: Option<&Value>) -> Res<()> {
        if payload.len() < FRAME_TARGET {
            self.put(header);
            self.put(payload);
            return Ok(());
        }
        self.vm.check_room(payload.len())?;
        self.commit_frame();
        let framing = core::mem::replace(&mut self.framing, false);
        self.put(header);
        if self.write.is_some() {
            self.flush()?;
            let bytes = match object {
                Some(object) => object.clone(),
                None => self.vm.new_bytes(payload)?.into_value(),
            };
            if let Some(write) = &self.write {
                self.vm.call(write, &[bytes])?;
            }
        } else {
            self.put(payload);
        }
        self.framing = framing;
        Ok(())
    }
}

impl Pickler {
    pub fn empty() -> Pickler {
        Pickler {
            write: ValueCell::new(None),
            memo: GilCell::new(Memo::default()),
            buffer_callback: ValueCell::new(None),
            dispatch_table: ValueCell::new(None),
            persistent_id: ValueCell::new(None),
            protocol: Cell::new(DEFAULT_PROTOCOL),
            binary: Cell::new(1),
            fast: Cell::new(0),
            fix_imports: Cell::new(true),
            running: Cell::new(false),
        }
    }

    /// Takes over what the constructor is given; `file` is none for `dumps`.
    pub fn configure(
        &self,
        vm: &Vm,
        file: Option<&Value>,
        protocol: Option<&Value>,
        fix_imports: bool,
        buffer_callback: Option<&Value>,
    ) -> Res<()> {
        let protocol = match protocol {
            None => DEFAULT_PROTOCOL,
            Some(protocol) => {
                let number = crate::support::values::to_i64(vm, protocol)?;
                if number > HIGHEST_PROTOCOL {
                    return Err(vm.value_error(format!("pickle protocol must be <= {HIGHEST_PROTOCOL}")));
                }
                if number < 0 { HIGHEST_PROTOCOL } else { number }
            }
        };
        self.protocol.set(protocol);
        self.binary.set(i64::from(protocol > 0));
        self.fix_imports.set(fix_imports && protocol < 3);
        if let Some(file) = file {
            let Some(write) = vm.get_attr_opt(file, &vm.names().write)? else {
                return Err(vm.type_error("file must have a 'write' attribute"));
            };
            self.write.set(Some(write));
        }
        if buffer_callback.is_some() && protocol < 5 {
            return Err(vm.value_error("buffer_callback needs protocol >= 5"));
        }
        self.buffer_callback.set(buffer_callback.cloned());
        self.fast.set(0);
        drop(self.memo.take());
        Ok(())
    }

    fn check_idle(&self, vm: &Vm) -> Res<()> {
        if self.running.get() { Err(vm.runtime_error("Pickler object is already used")) } else { Ok(()) }
    }

    pub fn forget_all(&self, vm: &Vm) -> Res<()> {
        self.check_idle(vm)?;
        drop(self.memo.take());
        Ok(())
    }

    /// The pickle of `object`, or what of it has not gone to the file yet. `this` is the Python object, if there is one.
    pub fn dump(&self, vm: &Vm, this: Option<&Value>, object: &Value) -> Res<Vec<u8>> {
        let mut saving = Saving {
            vm,
            pickler: self,
            state: super::state(vm),
            protocol: self.protocol.get(),
            binary: self.binary.get() != 0,
            out: Vec::with_capacity(512),
            framing: false,
            frame_start: None,
            write: self.write.get(),
            persistent_id: None,
            reducer_override: None,
            standalone: this.is_none(),
            plain: Vec::new(),
            fast_stack: Vec::new(),
            fast_nesting: 0,
        };
        if let Some(this) = this {
            let own = vm.get_attr_str_opt(this, "persistent_id")?;
            saving.persistent_id = own.filter(|own| !is_default(own, "persistent_id", Pickler::METHODS));
            if !vm.class(this).is(vm.ty(&PICKLER)) {
                saving.reducer_override = vm.get_attr_str_opt(this, "reducer_override")?;
            }
        }
        if saving.protocol >= 2 {
            saving.put(&[PROTO, saving.protocol as u8]);
        }
        saving.framing = saving.protocol >= 4;
        saving.save(object)?;
        saving.op(STOP);
        saving.commit_frame();
        Ok(saving.out)
    }

    pub fn dump_to_file(&self, vm: &Vm, this: Option<&Value>, object: &Value) -> Res<()> {
        let rest = self.dump(vm, this, object)?;
        let bytes = vm.new_bytes(&rest)?.into_value();
        match self.write.get() {
            Some(write) => vm.call(&write, &[bytes]).map(drop),
            None => Ok(()),
        }
    }
}

/// Whether a bound method is the one that the class of ours has.
pub fn is_default(method: &Value, name: &str, table: &'static ophi_runtime::native::MethodTable) -> bool {
    let Some(function) = method.downcast::<NativeFunction>() else { return false };
    let Some(own) = table.methods.iter().find(|def| def.name == name) else { return false };
    match (function.def.call, own.call) {
        (Call::One(a), Call::One(b)) => a as usize == b as usize,
        _ => false,
    }
}

#[methods]
impl Pickler {
    /// Write the pickle of an object.
    #[method(sig = "(obj, /)", name = "dump")]
    fn dump_method(vm: &Vm, this: &Value, obj: &Value) -> Res<()> {
        let pickler = ophi_runtime::native::receiver::<Pickler>(vm, this, "dump")?;
        if !pickler.write.is_set() {
            let name = vm.class(this).name();
            return Err(pickling_error(vm, format!("Pickler.__init__() was not called by {name}.__init__()")));
        }
        pickler.check_idle(vm)?;
        pickler.running.set(true);
        let result = pickler.dump_to_file(vm, Some(this), obj);
        pickler.running.set(false);
        result
    }

    /// Forget which objects have been written, so that the next pickle stands alone.
    #[method(sig = "()")]
    fn clear_memo(vm: &Vm, this: &Ref<Pickler>) -> Res<()> {
        this.forget_all(vm)
    }

    #[method(sig = "(obj, /)")]
    fn persistent_id(_: &Vm, this: &Value, obj: &Value) -> Value {
        let _ = (this, obj);
        Value::NONE
    }

    #[getter]
    fn memo(vm: &Vm, this: &Ref<Pickler>) -> Res {
        Ok(vm.new_object(PicklerMemoProxy { pickler: this.clone() })?.into_value())
    }

    #[setter(name = "memo")]
    fn set_memo(vm: &Vm, this: &Ref<Pickler>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("attribute deletion is not supported")) };
        let mut fresh = Memo::default();
        if let Some(proxy) = value.downcast::<PicklerMemoProxy>() {
            fresh.0 = proxy.pickler.memo.with(|memo| memo.0.clone());
        } else if let Some(dict) = value.downcast::<Dict>() {
            for (_, entry) in dict.items() {
                let Some([number, object]) = entry.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
                    return Err(vm.type_error("'memo' values must be 2-item tuples"));
                };
                let number = vm.to_index(number)?;
                fresh.0.insert(object.bits(), (number as usize, object.clone()));
            }
        } else {
            let got = vm.type_name(value);
            let proxy = PICKLER_MEMO_PROXY.name;
            return Err(vm.type_error(format!("'memo' attribute must be a {proxy} object or dict, not {got}")));
        }
        drop(this.memo.replace(fresh));
        Ok(())
    }

    #[getter]
    fn bin(_: &Vm, this: &Ref<Pickler>) -> i64 {
        this.binary.get()
    }
    #[setter(name = "bin")]
    fn set_bin(vm: &Vm, this: &Ref<Pickler>, value: Option<&Value>) -> Res<()> {
        this.binary.set(number(vm, value)?);
        Ok(())
    }
    #[getter]
    fn fast(_: &Vm, this: &Ref<Pickler>) -> i64 {
        this.fast.get()
    }
    #[setter(name = "fast")]
    fn set_fast(vm: &Vm, this: &Ref<Pickler>, value: Option<&Value>) -> Res<()> {
        this.fast.set(number(vm, value)?);
        Ok(())
    }
    #[getter]
    fn dispatch_table(vm: &Vm, this: &Ref<Pickler>) -> Res {
        this.dispatch_table.get().ok_or_else(|| vm.attribute_error("dispatch_table"))
    }
    #[setter(name = "dispatch_table")]
    fn set_dispatch_table(_: &Vm, this: &Ref<Pickler>, value: Option<&Value>) -> Res<()> {
        this.dispatch_table.set(value.cloned());
        Ok(())
    }
}

fn number(vm: &Vm, value: Option<&Value>) -> Res<i64> {
    match value {
        Some(value) => Ok(i64::from(crate::support::values::to_i32(vm, value)?)),
        None => Err(vm.type_error("can't delete numeric/char attribute")),
    }
}
