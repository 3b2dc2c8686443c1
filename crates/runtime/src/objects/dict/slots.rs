//! The operations of `dict`. After CPython Objects/dictobject.c.

use super::Dict;
use super::table::{Probe, Table};
use crate::native::Args;
use crate::objects::text_builder::TextBuilder;
use crate::payload::Downcast;
use crate::protocol::steps::Steps;
use crate::slots::CompareOp;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Tuple, TypeRef, Value};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Dict>> {
    this.downcast::<Dict>().ok_or_else(|| vm.type_error("a dict is required"))
}

impl Vm {
    /// The hash of a dict key; an unhashable key is named in the TypeError.
    #[inline]
    pub fn hash_key(&self, key: &Value) -> Res<i64> {
        match self.hash_known(key) {
            Some(hash) => Ok(hash),
            None => self.hash_key_anew(key),
        }
    }

    /// The hash that is at hand: that of a small integer, or of a str or tuple which has been asked before.
    #[inline(always)]
    pub fn hash_known(&self, key: &Value) -> Option<i64> {
        if let Some(i) = key.as_small_int() {
            return Some(crate::protocol::basic::hash_i64(i));
        }
        match super::table::plain_str(key) {
            Some(text) => Some(text.known_hash()).filter(|hash| *hash != -1),
            None => self.hash_of_tuple(key),
        }
    }

    /// The hash of a tuple that has been asked before.
    #[inline(always)]
    pub(crate) fn hash_of_tuple(&self, key: &Value) -> Option<i64> {
        key.exact::<Tuple>(self).map(|tuple| tuple.known_hash()).filter(|hash| *hash != -1)
    }

    #[inline(never)]
    fn hash_key_anew(&self, key: &Value) -> Res<i64> {
        self.hash(key).map_err(|raised| self.unhashable(raised, key, "a dict key"))
    }

    /// Wraps the TypeError of a failed hash: `cannot use 'list' as a dict key (unhashable type: 'list')`.
    #[cold]
    pub fn unhashable(&self, raised: Raised, key: &Value, what: &str) -> Raised {
        let exception = self.take_raised(raised);
        if !self.class(&exception).is(self.ty(&crate::objects::exceptions::TYPE_ERROR)) {
            return self.raise_again(exception);
        }
        let reason = match self.str(&exception) {
            Ok(text) => text.to_utf8_lossy().into_owned(),
            Err(raised) => return raised,
        };
        self.type_error(format!("cannot use '{}' as {what} ({reason})", self.class(key).qualified_name(self)))
    }
}

pub fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, Dict::empty())?.into_value())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    update_with(vm, of(vm, this)?, args, "dict")
}

/// `dict.update(...)` and the constructor: at most one mapping or iterable of pairs, then keywords.
pub fn update_with(vm: &Vm, dict: &Ref<Dict>, args: Args<'_>, name: &str) -> Res<()> {
    let given = args.check_positional(vm, name, 0, 1)?;
    if let Some(source) = given.first() {
        dict.update_arg(vm, source)?;
    }
    for (key, value) in args.keywords().iter() {
        dict.set(vm, key, value.clone())?;
    }
    Ok(())
}

impl Dict {
    /// Takes over a mapping (anything with `keys`) or an iterable of pairs.
    pub fn update_arg(&self, vm: &Vm, source: &Value) -> Res<()> {
        if let Some(other) = source.exact::<Dict>(vm) {
            return self.merge_dict(vm, other, true);
        }
        if source.exact::<crate::objects::list::List>(vm).is_some() || source.exact::<Tuple>(vm).is_some() {
            return self.merge_pairs(vm, source, true);
        }
        if vm.get_attr_opt(source, &vm.names().keys)?.is_some() {
            return self.merge(vm, source, true);
        }
        self.merge_pairs(vm, source, true)
    }

    /// `PyDict_Merge`: `source` is a mapping. Keys already here keep their value unless `replace`.
    pub fn merge(&self, vm: &Vm, source: &Value, replace: bool) -> Res<()> {
        if let Some(other) = source.downcast::<Dict>()
            && vm.class(source).slots().iter.is_some_and(|f| f as usize == super::iter::iter_keys as *const () as usize)
        {
            return self.merge_dict(vm, other, replace);
        }
        let keys = vm.call_method(source, &vm.names().keys, &[])?;
        let iterator = vm.iter(&keys)?;
        while let Some(key) = vm.next(&iterator)? {
            if !replace && self.get(vm, &key)?.is_some() {
                continue;
            }
            let value = vm.get_item(source, &key)?;
            self.set(vm, &key, value)?;
        }
        Ok(())
    }

    fn merge_dict(&self, vm: &Vm, other: &Ref<Dict>, replace: bool) -> Res<()> {
        if core::ptr::eq::<Dict>(self, &**other) || other.is_empty() {
            return Ok(());
        }
        if self.is_empty() && self.end() == 0 {
            return self.fill_from(vm, other);
        }
        let generation = other.generation();
        let mut position = 0;
        while let Some((at, key, value, hash)) = other.next_hashed(position) {
            match self.find(vm, &key, hash)? {
                Some(own) if replace => self.replace_at(own, value),
                Some(_) => {}
                None => self.insert_new(vm, key, hash, value)?,
            }
            position = at + 1;
            if other.generation() != generation {
                return Err(vm.runtime_error("dict mutated during update"));
            }
        }
        Ok(())
    }

    /// `PyDict_MergeFromSeq2`.
    pub fn merge_pairs(&self, vm: &Vm, source: &Value, replace: bool) -> Res<()> {
        if let Some(zip) = source.exact::<crate::objects::iterators::zip::Zip>(vm)
            && zip.makes_pairs()
            && replace
        {
            // Nobody sees the pairs.
            while let Some((key, value)) = zip.advance_two(vm)? {
                self.set(vm, &key, value)?;
            }
            return Ok(());
        }
        let walk = Steps::over(vm, source)?;
        let mut n = 0;
        while let Some(pair) = walk.next(vm)? {
            if let Some(tuple) = pair.exact::<Tuple>(vm)
                && let [key, value] = tuple.as_slice()
                && replace
            {
                self.set(vm, key, value.clone())?;
                n += 1;
                continue;
            }
            let parts = vm.collect_or(&pair, || "object is not iterable".into());
            let parts = parts.map_err(|raised| note_element(vm, raised, n))?;
            let [key, value] = &parts[..] else {
                return Err(vm.value_error(format!(
                    "dictionary update sequence element #{n} has length {}; 2 is required",
                    parts.len()
                )));
            };
            if replace {
                self.set(vm, key, value.clone())?;
            } else {
                self.set_default(vm, key, value.clone())?;
            }
            n += 1;
        }
        Ok(())
    }
}

/// Tells with a note which element of an update sequence is no pair.
#[cold]
fn note_element(vm: &Vm, raised: Raised, n: usize) -> Raised {
    if !vm.raised_is(&crate::objects::exceptions::TYPE_ERROR) {
        return raised;
    }
    let exception = vm.take_raised(raised);
    let note = vm.new_str(&format!("Cannot convert dictionary update sequence element #{n} to a sequence"));
    match note.and_then(|note| vm.call_method_str(&exception, "add_note", &[note.into_value()])) {
        Ok(_) => vm.raise_again(exception),
        Err(raised) => raised,
    }
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let dict = of(vm, this)?;
    if dict.is_empty() {
        return Ok(vm.new_str("{}")?.into_value());
    }
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("{...}")?.into_value());
    }
    let result = repr_items(vm, dict);
    vm.repr_leave(this);
    result
}

fn repr_items(vm: &Vm, dict: &Ref<Dict>) -> Res {
    let mut out = TextBuilder::new();
    out.push("{");
    let mut position = 0;
    let mut first = true;
    while let Some((at, key, value)) = dict.next_entry(position) {
        if !first {
            out.push(", ");
        }
        first = false;
        out.push_str(&*vm.repr(&key)?);
        out.push(": ");
        out.push_str(&*vm.repr(&value)?);
        position = at + 1;
    }
    out.push("}");
    out.finish(vm)
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    match op {
        CompareOp::Eq => Ok(Value::bool(equal(vm, x, y)?)),
        CompareOp::Ne => Ok(Value::bool(!equal(vm, x, y)?)),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn equal(vm: &Vm, x: &Ref<Dict>, y: &Ref<Dict>) -> Res<bool> {
    if x.len() != y.len() {
        return Ok(false);
    }
    let mut position = 0;
    loop {
        // What can be compared without Python code is compared while the tables are borrowed once.
        let differ = x.table.with(|a| y.table.with(|b| first_unsure(a, b, &mut position)));
        match differ {
            None => return Ok(true),
            Some(Unsure::Differ) => return Ok(false),
            Some(Unsure::Ask) => {}
        }
        let Some((at, key, value, hash)) = x.next_hashed(position) else { return Ok(true) };
        let Some(other) = y.get_hashed(vm, &key, hash)? else { return Ok(false) };
        if !vm.equal(&value, &other)? {
            return Ok(false);
        }
        position = at + 1;
    }
}

enum Unsure {
    Differ,
    Ask,
}

/// Goes on over equal entries, to the first that is not in the other table or must be compared.
fn first_unsure(a: &Table, b: &Table, position: &mut usize) -> Option<Unsure> {
    while let Some(pair) = a.pairs().get(*position) {
        if let (Some(key), Some(value)) = (&pair.key, &pair.value) {
            let other = match b.find(key, a.hash_of(*position), 0) {
                Probe::Hit(at) => b.pairs().get(at).and_then(|pair| pair.value.as_ref()),
                Probe::Miss => return Some(Unsure::Differ),
                Probe::Candidate(_) => return Some(Unsure::Ask),
            };
            match other {
                Some(other) if other.is(value) => {}
                Some(other) if value.is_small_int() && other.is_small_int() => return Some(Unsure::Differ),
                _ => return Some(Unsure::Ask),
            }
        }
        *position += 1;
    }
    None
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let dict = of(vm, this)?;
    if let Some(value) = dict.get(vm, key)? {
        return Ok(value);
    }
    if let Some(missing) = vm.class(this).def.and_then(|def| def.missing) {
        return missing(vm, this, key);
    }
    if this.exact::<Dict>(vm).is_none()
        && let Some(value) = vm.call_special(this, &vm.names().__missing__, core::slice::from_ref(key))?
    {
        return Ok(value);
    }
    Err(vm.key_error(key))
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let dict = of(vm, this)?;
    match value {
        Some(value) => dict.set(vm, key, value.clone()),
        None => match dict.remove(vm, key)? {
            Some(_) => Ok(()),
            None => Err(vm.key_error(key)),
        },
    }
}

pub fn contains(vm: &Vm, this: &Value, key: &Value) -> Res<bool> {
    of(vm, this)?.contains(vm, key)
}

pub fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (Some(x), Some(_)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    let joined = x.copy(vm)?;
    joined.update_arg(vm, b)?;
    Ok(joined.into_value())
}

pub fn inplace_or(vm: &Vm, this: &Value, other: &Value) -> Res {
    of(vm, this)?.update_arg(vm, other)?;
    Ok(this.clone())
}
