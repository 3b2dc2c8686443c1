//! The pickler's memo (object to number), and the proxies through which Python sees both memos.

use super::pickler::Pickler;
use super::unpickler::Unpickler;
use hashbrown::HashMap;
use ophi_heap::trace_fields;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::protocol::representation::address;
use ophi_runtime::{Dict, Payload, Ref, Res, Trace, TypeDef, TypeFlags, Value, Visitor, Vm, layout, methods};
use rustc_hash::FxBuildHasher;

/// Objects by identity, kept alive, with their numbers.
#[derive(Default)]
pub struct Memo(pub HashMap<u64, (usize, Value), FxBuildHasher>);

impl Trace for Memo {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.0.values().for_each(|(_, value)| visitor.value(value));
    }
}

impl Memo {
    #[inline]
    pub fn get(&self, value: &Value) -> Option<usize> {
        self.0.get(&value.bits()).map(|(number, _)| *number)
    }
}

/// What Python's `id()` gives.
fn id_of(vm: &Vm, value: &Value) -> Res {
    ophi_runtime::IntoRes::into_res(address(value), vm)
}

pub struct PicklerMemoProxy {
    pub pickler: Ref<Pickler>,
}
trace_fields!(PicklerMemoProxy { pickler });

impl Payload for PicklerMemoProxy {
    fn def() -> &'static TypeDef {
        &PICKLER_MEMO_PROXY
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("PicklerMemoProxy");
}

pub static PICKLER_MEMO_PROXY: TypeDef = TypeDef {
    module: "_pickle",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[PicklerMemoProxy::METHODS],
    ..TypeDef::of::<PicklerMemoProxy>("PicklerMemoProxy", &OBJECT)
};

#[methods]
impl PicklerMemoProxy {
    /// Remove all items from memo.
    #[method(sig = "()")]
    fn clear(vm: &Vm, this: &Ref<PicklerMemoProxy>) -> Res<()> {
        this.pickler.forget_all(vm)
    }

    /// Copy the memo to a new object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<PicklerMemoProxy>) -> Res {
        let dict = Dict::new(vm)?;
        let entries: Vec<(usize, Value)> = this.pickler.memo.with(|memo| memo.0.values().cloned().collect());
        let mut entries = entries;
        entries.sort_by_key(|entry| entry.0);
        for (number, value) in entries {
            let key = id_of(vm, &value)?;
            dict.set(vm, &key, vm.new_tuple(&[vm.new_int(number as i64)?, value])?)?;
        }
        Ok(dict.into_value())
    }

    /// Implement pickle support.
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<PicklerMemoProxy>) -> Res {
        let copy = PicklerMemoProxy::copy(vm, this)?;
        let args = vm.new_tuple(&[copy])?;
        vm.new_tuple(&[vm.ty_of::<Dict>().to_value(), args])
    }
}

pub struct UnpicklerMemoProxy {
    pub unpickler: Ref<Unpickler>,
}
trace_fields!(UnpicklerMemoProxy { unpickler });

impl Payload for UnpicklerMemoProxy {
    fn def() -> &'static TypeDef {
        &UNPICKLER_MEMO_PROXY
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("UnpicklerMemoProxy");
}

pub static UNPICKLER_MEMO_PROXY: TypeDef = TypeDef {
    module: "_pickle",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[UnpicklerMemoProxy::METHODS],
    ..TypeDef::of::<UnpicklerMemoProxy>("UnpicklerMemoProxy", &OBJECT)
};

#[methods]
impl UnpicklerMemoProxy {
    /// Remove all items from memo.
    #[method(sig = "()")]
    fn clear(_: &Vm, this: &Ref<UnpicklerMemoProxy>) {
        drop(this.unpickler.memo.take());
    }

    /// Copy the memo to a new object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<UnpicklerMemoProxy>) -> Res {
        let dict = Dict::new(vm)?;
        let entries = this.unpickler.memo.with(|memo| memo.entries());
        for (number, value) in entries {
            dict.set(vm, &vm.new_int(number as i64)?, value)?;
        }
        Ok(dict.into_value())
    }

    /// Implement pickling support.
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<UnpicklerMemoProxy>) -> Res {
        let copy = UnpicklerMemoProxy::copy(vm, this)?;
        let args = vm.new_tuple(&[copy])?;
        vm.new_tuple(&[vm.ty_of::<Dict>().to_value(), args])
    }
}

/// The unpickler's memo: numbers are dense in all pickles that picklers write; others go into a map.
#[derive(Default)]
pub struct Slots {
    dense: Vec<Option<Value>>,
    sparse: HashMap<usize, Value, FxBuildHasher>,
    /// Entries in use.
    count: usize,
}

impl Trace for Slots {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.dense.trace(visitor);
        self.sparse.values().for_each(|value| visitor.value(value));
    }
}

impl Slots {
    #[inline]
    pub fn get(&self, number: usize) -> Option<Value> {
        match self.dense.get(number) {
            Some(slot) => slot.clone(),
            None => self.sparse.get(&number).cloned(),
        }
    }

    /// Stores under a number; gives what was there.
    #[inline]
    pub fn put(&mut self, number: usize, value: Value) -> Option<Value> {
        if number >= self.dense.len() {
            if number > 2 * self.dense.len() + 1024 {
                let old = self.sparse.insert(number, value);
                self.count += usize::from(old.is_none());
                return old;
            }
            self.grow(number);
        }
        let old = self.dense[number].replace(value);
        self.count += usize::from(old.is_none());
        old
    }

    #[cold]
    fn grow(&mut self, number: usize) {
        let from = self.dense.len();
        self.dense.resize((number + 1).max(2 * from).max(32), None);
        if !self.sparse.is_empty() {
            for number in from..self.dense.len() {
                self.dense[number] = self.sparse.remove(&number);
            }
        }
    }

    /// Stores under the next number.
    #[inline]
    pub fn memoize(&mut self, value: Value) -> Option<Value> {
        self.put(self.count, value)
    }

    /// Bytes that another entry will ask for, when it is the next.
    pub fn growth(&self) -> usize {
        if self.count < self.dense.len() { 0 } else { self.dense.len() * size_of::<Option<Value>>() }
    }

    pub fn entries(&self) -> Vec<(usize, Value)> {
        let dense = self.dense.iter().enumerate().filter_map(|(i, slot)| Some((i, slot.clone()?)));
        let mut sparse: Vec<_> = self.sparse.iter().map(|(i, value)| (*i, value.clone())).collect();
        sparse.sort_by_key(|entry| entry.0);
        dense.chain(sparse).collect()
    }
}
