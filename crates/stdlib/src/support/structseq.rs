//! Tuples with named fields: CPython's struct sequences (`os.stat_result`, `time.struct_time`, ...).
//!
//! The first `visible` fields are the tuple's items; the others are attributes only and are kept in the instance's
//! namespace, which nobody outside sees. Accessors are made at compile time from a table of functions, one per position.
//! Source: CPython Objects/structseq.c.

use std::collections::HashMap;

use ophi_runtime::native::{GetSetDef, Getter};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Dict, GilCell, Ref, Res, Str, Tuple, TypeDef, TypeRef, Value, Vm};

use super::values::{collect, tuple};

/// A field: its name (empty: unnamed) and doc.
pub type Field = (&'static str, &'static str);

/// The static description of a struct sequence type.
pub struct Spec {
    pub def: &'static TypeDef,
    pub fields: &'static [Field],
    pub visible: usize,
    /// Hidden fields that take over another field's value when none is given: (hidden, other).
    pub defaults: &'static [(usize, usize)],
}

/// Which specification a class has, by definition.
#[derive(Default)]
struct Registry(GilCell<HashMap<usize, &'static Spec>>);

fn spec_of(vm: &Vm, class: &TypeRef) -> Option<&'static Spec> {
    let registry = vm.interpreter().state::<Registry>();
    let mut at = Some(class.clone());
    while let Some(class) = at {
        if let Some(def) = class.def
            && let Some(spec) = registry.0.with(|all| all.get(&(std::ptr::from_ref(def) as usize)).copied())
        {
            return Some(spec);
        }
        at = class.base.get();
    }
    None
}

impl Spec {
    fn full_name(&self) -> String {
        format!("{}.{}", self.def.module, self.def.name)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.0).filter(|name| !name.is_empty())
    }

    /// Makes the class known and fills its class attributes; to be called when the module that has it is made.
    pub fn register(&'static self, vm: &Vm) -> Res {
        let registry = vm.interpreter().state::<Registry>();
        registry.0.with_mut(|all| {
            all.insert(std::ptr::from_ref(self.def) as usize, self);
        });
        let class = vm.ty(self.def).clone();
        let namespace = class.namespace();
        let unnamed = self.fields.len() - self.names().count();
        namespace.set_text(vm, "n_fields", vm.new_int(self.fields.len() as i64)?)?;
        namespace.set_text(vm, "n_sequence_fields", vm.new_int(self.visible as i64)?)?;
        namespace.set_text(vm, "n_unnamed_fields", vm.new_int(unnamed as i64)?)?;
        let visible_names = self.fields[..self.visible].iter().filter(|field| !field.0.is_empty());
        let names = visible_names.map(|field| Ok(vm.intern(field.0)?.into_value())).collect::<Res<Vec<_>>>()?;
        namespace.set_text(vm, "__match_args__", tuple(vm, names)?)?;
        Ok(class.to_value())
    }

    /// An instance of the type from the values of all fields.
    pub fn make(&'static self, vm: &Vm, values: Vec<Value>) -> Res {
        self.make_of(vm, &vm.ty(self.def).clone(), values)
    }

    fn make_of(&'static self, vm: &Vm, class: &TypeRef, mut values: Vec<Value>) -> Res {
        values.resize(self.fields.len(), Value::NONE);
        let hidden = values.split_off(self.visible);
        let object = Tuple::new_of(vm, class, values.len(), values.into_iter())?.into_value();
        for (field, value) in self.fields[self.visible..].iter().zip(hidden) {
            if !field.0.is_empty() {
                vm.set_own_attribute(&object, &vm.intern(field.0)?, value)?;
            }
        }
        Ok(object)
    }
}

/// The value of field `INDEX`.
fn get<const INDEX: usize>(vm: &Vm, this: &Value) -> Res {
    let Some(items) = this.downcast::<Tuple>() else {
        return Err(vm.type_error("a struct sequence is expected"));
    };
    if let Some(item) = items.as_slice().get(INDEX) {
        return Ok(item.clone());
    }
    let spec = spec_of(vm, vm.class(this));
    let name = spec.and_then(|spec| spec.fields.get(INDEX)).map_or("", |field| field.0);
    Ok(vm.own_attribute(this, &vm.intern(name)?).unwrap_or(Value::NONE))
}

macro_rules! getters {
    ($($index:literal)*) => { &[$(get::<$index>),*] };
}

const GETTERS: &[Getter] = getters!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
);

/// The accessors of a type's fields; unnamed ones get a name nobody can spell.
pub const fn accessors<const N: usize>(fields: &[Field; N]) -> [GetSetDef; N] {
    let mut all = [const { GetSetDef { name: "unnamed field", doc: "", get: None, set: None } }; N];
    let mut i = 0;
    while i < N {
        if !fields[i].0.is_empty() {
            all[i].name = fields[i].0;
            all[i].doc = fields[i].1;
        }
        all[i].get = Some(GETTERS[i]);
        i += 1;
    }
    all
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let (Some(spec), Some(items)) = (spec_of(vm, vm.class(this)), this.downcast::<Tuple>()) else {
        return Err(vm.type_error("a struct sequence is expected"));
    };
    let mut text = spec.full_name().into_bytes();
    text.push(b'(');
    for (index, (name, value)) in spec.names().zip(items.as_slice()).enumerate() {
        if index > 0 {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(&vm.repr(value)?.to_wtf8());
    }
    text.push(b')');
    Ok(vm.new_wtf8(&text)?.into_value())
}

/// `cls(sequence, dict={})`
pub fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let Some(spec) = spec_of(vm, class) else {
        return Err(vm.type_error("a struct sequence is expected"));
    };
    let mut given = [None, None];
    for (slot, value) in given.iter_mut().zip(args.pos()) {
        *slot = Some(value);
    }
    let keywords = args.keywords();
    given[0] = given[0].or_else(|| keywords.get("sequence"));
    given[1] = given[1].or_else(|| keywords.get("dict"));
    let name = spec.full_name();
    let Some(sequence) = given[0] else {
        return Err(vm.type_error(format!("{}() missing required argument 'sequence' (pos 1)", spec.def.name)));
    };
    let mut values = match vm.class(sequence).slots().iter {
        Some(_) => collect(vm, sequence)?,
        None => return Err(vm.type_error("constructor requires a sequence")),
    };
    let dict = match given[1] {
        None => None,
        Some(dict) => match dict.downcast::<Dict>() {
            Some(dict) => Some(dict.clone()),
            None => return Err(vm.type_error(format!("{name}() takes a dict as second arg, if any"))),
        },
    };
    let (count, least, most) = (values.len(), spec.visible, spec.fields.len());
    if count < least || count > most {
        let bound = match (least == most, count < least) {
            (true, _) => String::new(),
            (false, true) => "at least ".to_owned(),
            (false, false) => "at most ".to_owned(),
        };
        let wanted = if count < least { least } else { most };
        return Err(vm.type_error(
            format!("{name}() takes a {bound}{wanted}-sequence ({count}-sequence given)").replace("a at", "an at"),
        ));
    }
    for field in &spec.fields[count..] {
        let value = match &dict {
            Some(dict) => dict.get_text(vm, field.0)?,
            None => None,
        };
        values.push(value.unwrap_or(Value::NONE));
    }
    for &(hidden, other) in spec.defaults {
        if values[hidden].is_none() {
            values[hidden] = values[other].clone();
        }
    }
    spec.make_of(vm, class, values)
}

/// Fields are read-only, and there are no others.
pub fn set_attribute(vm: &Vm, this: &Value, name: &Ref<Str>, _: Option<&Value>) -> Res<()> {
    let known = spec_of(vm, vm.class(this)).is_some_and(|spec| spec.names().any(|field| name.eq_str(field)));
    if known {
        return Err(vm.attribute_error("readonly attribute"));
    }
    let message = format!("'{}' object has no attribute '{}'", vm.type_name(this), name.to_utf8_lossy());
    Err(vm.attribute_error_for(this, name, &message))
}

/// What all struct sequences can do.
pub struct StructSeq;

#[ophi_runtime::methods]
impl StructSeq {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let class = vm.class(this).clone();
        let (Some(spec), Some(items)) = (spec_of(vm, &class), this.downcast::<Tuple>()) else {
            return Err(vm.type_error("a struct sequence is expected"));
        };
        let dict = vm.new_dict()?;
        for field in spec.fields[spec.visible..].iter().filter(|field| !field.0.is_empty()) {
            let name = vm.intern(field.0)?;
            if let Some(value) = vm.own_attribute(this, &name) {
                dict.set_str(vm, &name, value)?;
            }
        }
        let items = Tuple::from_slice(vm, items.as_slice())?.into_value();
        let args = vm.new_tuple(&[items, dict.into_value()])?;
        vm.new_tuple(&[class.to_value(), args])
    }

    /// A copy with these fields changed.
    #[method(text = "($self, /, **changes)")]
    fn __replace__(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
        let class = vm.class(this).clone();
        let (Some(spec), Some(items)) = (spec_of(vm, &class), this.downcast::<Tuple>()) else {
            return Err(vm.type_error("a struct sequence is expected"));
        };
        if !args.pos().is_empty() {
            let given = args.pos().len();
            return Err(vm.type_error(format!("__replace__() takes no positional arguments ({given} given)")));
        }
        if spec.names().count() < spec.fields.len() {
            let name = spec.full_name();
            return Err(
                vm.type_error(format!("__replace__() is not supported for {name} because it has unnamed field(s)"))
            );
        }
        let mut values = items.as_slice().to_vec();
        for field in &spec.fields[spec.visible..] {
            values.push(vm.own_attribute(this, &vm.intern(field.0)?).unwrap_or(Value::NONE));
        }
        for (name, value) in args.keywords().iter() {
            let at = name.downcast::<Str>().and_then(|name| spec.fields.iter().position(|field| name.eq_str(field.0)));
            match at {
                Some(at) => values[at] = value.clone(),
                None => {
                    let name = vm.repr(name)?;
                    return Err(vm.type_error(format!("Got unexpected field name(s): [{}]", name.to_utf8_lossy())));
                }
            }
        }
        spec.make_of(vm, &class, values)
    }
}

/// Declares a struct sequence type: its definition and its [`Spec`].
///
/// ```ignore
/// struct_sequence! {
///     /// stat_result: Result from stat, fstat, or lstat. ...
///     pub STAT_RESULT: STAT_RESULT_TYPE = "os" "stat_result", 10 visible of 20 { "st_mode" "protection bits", ... }
/// }
/// ```
#[macro_export]
macro_rules! struct_sequence {
    (@or $none:ident) => { $none };
    (@or $none:ident, $given:expr) => { $given };
    ($doc:literal, $visibility:vis $spec:ident: $def:ident = $module:literal $name:literal, $seen:literal of $count:literal {
        $($field:literal $field_doc:literal),* $(,)?
    } $(, defaults $defaults:expr)?) => {
        static $def: ophi_runtime::TypeDef = {
            const FIELDS: &[$crate::support::structseq::Field; $count] = &[$(($field, $field_doc)),*];
            static ACCESSORS: [ophi_runtime::native::GetSetDef; $count] = $crate::support::structseq::accessors(FIELDS);
            static TABLE: ophi_runtime::native::MethodTable =
                ophi_runtime::native::MethodTable { members: &[], methods: &[], accessors: &ACCESSORS };
            ophi_runtime::TypeDef {
                module: $module,
                doc: $doc,
                flags: if $seen < $count {
                    ophi_runtime::TypeFlags::GC.with(ophi_runtime::TypeFlags::DICT)
                } else {
                    ophi_runtime::TypeFlags::GC
                },
                slots: ophi_runtime::slots::Slots {
                    repr: Some($crate::support::structseq::repr),
                    new: Some($crate::support::structseq::new),
                    setattro: Some($crate::support::structseq::set_attribute),
                    ..ophi_runtime::slots::Slots::NONE
                },
                tables: &[&TABLE, $crate::support::structseq::StructSeq::METHODS],
                ..ophi_runtime::TypeDef::of::<ophi_runtime::Tuple>($name, &ophi_runtime::objects::tuple::TUPLE)
            }
        };
        $visibility static $spec: $crate::support::structseq::Spec = $crate::support::structseq::Spec {
            def: &$def,
            fields: &[$(($field, $field_doc)),*],
            visible: $seen,
            defaults: { const NONE: &[(usize, usize)] = &[]; let _ = NONE; $crate::struct_sequence!(@or NONE $(, $defaults)?) },
        };
    };
}
