//! Class, identity, equality, hash, truth, numbers.

use crate::objects::{float, int, singletons};
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Raised, Res, Vm};
use crate::{Args, Str, TypeRef, Value};
use num_traits::ToPrimitive;
use ophi_heap::value::{
    ELLIPSIS_BITS, FALSE_BITS, NONE_BITS, NOT_IMPLEMENTED_BITS, TAG_CONST, TAG_FLOAT, TAG_INT, TAG_MASK, TRUE_BITS,
};

impl Vm {
    /// The value's class (`Py_TYPE`). A borrowed reference: `__class__` assignment keeps displaced classes alive.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn class<'a>(&'a self, value: &'a Value) -> &'a TypeRef {
        match value.header() {
            // SAFETY: the header's type word is a non-null pointer to a class object, the same word as a Ref<Type>.
            Some(header) => unsafe { &*(header.type_word() as *const TypeRef) },
            None => self.class_of_immediate(value),
        }
    }

    #[inline]
    #[allow(unsafe_code)]
    fn class_of_immediate(&self, value: &Value) -> &TypeRef {
        // Integers 1, floats 2, constants from 4 on.
        let bits = value.bits();
        let index = if bits & TAG_MASK == TAG_CONST { (bits >> 2) as usize + 3 } else { (bits & TAG_MASK) as usize };
        match self.exec.known.immediates.get(index).map_or(0, core::cell::Cell::get) {
            0 => self.find_class_of_immediate(value),
            // SAFETY: filled with addresses of places in the interpreter's table of types, which live as long as it does.
            place => unsafe { &*(place as *const TypeRef) },
        }
    }

    /// The places of the classes of words that are no pointers, by number.
    #[cold]
    pub(crate) fn fill_immediates(&self) {
        let known = &self.exec.known.immediates;
        let place = |value: &Value| core::ptr::from_ref(self.find_class_of_immediate(value)) as usize;
        known[TAG_INT as usize].set(place(&Value::int32(0)));
        known[TAG_FLOAT as usize].set(core::ptr::from_ref(self.ty(&float::FLOAT)) as usize);
        for bits in [NONE_BITS, FALSE_BITS, TRUE_BITS, ELLIPSIS_BITS, NOT_IMPLEMENTED_BITS] {
            // SAFETY: constants own nothing.
            #[allow(unsafe_code)]
            let value = unsafe { Value::from_bits(bits) };
            known[(bits >> 2) as usize + 3].set(place(&value));
        }
    }

    #[cold]
    fn find_class_of_immediate(&self, value: &Value) -> &TypeRef {
        match value.tag() {
            TAG_INT => self.ty(&int::INT),
            TAG_FLOAT => self.ty(&float::FLOAT),
            _ => match value.bits() {
                NONE_BITS => self.ty(&singletons::NONE_TYPE),
                TRUE_BITS | FALSE_BITS => self.ty(&int::BOOL),
                ELLIPSIS_BITS => self.ty(&singletons::ELLIPSIS_TYPE),
                NOT_IMPLEMENTED_BITS => self.ty(&singletons::NOT_IMPLEMENTED_TYPE),
                _ => panic!("an unbound word was used as a value"),
            },
        }
    }

    /// The class's name as messages print it (`tp_name`).
    pub fn type_name(&self, value: &Value) -> String {
        self.class(value).full_name()
    }

    /// Whether the class of `value` is, or inherits from, the builtin type of `def` (no `__instancecheck__`).
    pub fn is_instance_of(&self, value: &Value, def: &'static crate::TypeDef) -> bool {
        self.class(value).is_subtype(self.ty(def))
    }

    /// `a == b` as a truth value; identical values are equal (`PyObject_RichCompareBool`).
    #[inline]
    pub fn equal(&self, a: &Value, b: &Value) -> Res<bool> {
        if a.is(b) {
            return Ok(true);
        }
        if a.is_small_int() && b.is_small_int() {
            return Ok(false);
        }
        if let (Some(x), Some(y)) = (a.exact::<Str>(self), b.exact::<Str>(self)) {
            return Ok(x.equals(y));
        }
        let result = self.compare(a, b, CompareOp::Eq)?;
        self.is_true(&result)
    }

    /// `PyObject_Hash`. TypeError for unhashable values.
    #[inline]
    pub fn hash(&self, value: &Value) -> Res<i64> {
        if let Some(text) = value.exact::<Str>(self) {
            return Ok(text.hash(self));
        }
        if let Some(i) = value.as_small_int() {
            return Ok(hash_i64(i));
        }
        match self.class(value).slots().hash {
            Some(hash) => {
                if self.stack_is_exhausted() {
                    let what = if value.is_a::<crate::Tuple>() {
                        " while hashing a tuple"
                    } else {
                        " while hashing an object"
                    };
                    self.check_stack(what)?;
                }
                hash(self, value)
            }
            None => Err(self.type_error(format!("unhashable type: '{}'", self.type_name(value)))),
        }
    }

    /// `PyObject_IsTrue`.
    #[inline]
    pub fn is_true(&self, value: &Value) -> Res<bool> {
        match value.bits() {
            TRUE_BITS => return Ok(true),
            FALSE_BITS | NONE_BITS => return Ok(false),
            _ => {}
        }
        if let Some(i) = value.as_small_int() {
            return Ok(i != 0);
        }
        if let Some(f) = value.as_small_float() {
            return Ok(f != 0.0);
        }
        let slots = self.class(value).slots();
        if let Some(truth) = slots.bool {
            return truth(self, value);
        }
        match slots.len {
            Some(len) => Ok(len(self, value)? != 0),
            None => Ok(true),
        }
    }

    /// Calls `callable` with positional arguments.
    pub fn call(&self, callable: &Value, args: &[Value]) -> Res {
        self.call_args(callable, Args::positional(args))
    }

    /// Calls `callable` (`PyObject_Vectorcall`).
    #[inline]
    pub fn call_args(&self, callable: &Value, args: Args<'_>) -> Res {
        match self.class(callable).slots().call {
            Some(call) => {
                self.check_stack(" while calling a Python object")?;
                call(self, callable, args)
            }
            None => Err(self.not_callable(callable)),
        }
    }

    /// Says so; of a module that holds something callable of its own name, what was probably meant.
    #[cold]
    fn not_callable(&self, callable: &Value) -> Raised {
        let message = format!("'{}' object is not callable", self.type_name(callable));
        let meant = || -> Res<Option<String>> {
            let Some(dict) = crate::objects::module::dict_of(callable) else { return Ok(None) };
            let Some(name) = dict.get_str(self, &self.names().__name__) else { return Ok(None) };
            let Some(name) = name.downcast::<Str>() else { return Ok(None) };
            let found = self.get_attr_opt(callable, name)?;
            Ok(found.filter(|f| self.class(f).slots().call.is_some()).map(|_| name.to_utf8_lossy().into_owned()))
        };
        let is_module = callable.is_a::<crate::objects::module::Module>();
        match if is_module { meant() } else { Ok(None) } {
            Ok(Some(name)) => self.type_error(format!("{message}. Did you mean: '{name}.{name}(...)'?")),
            Ok(None) => self.type_error(message),
            Err(raised) => raised,
        }
    }

    /// The value as an integer through `__index__` (`PyNumber_Index`): an int object.
    pub fn index(&self, value: &Value) -> Res {
        if value.is_small_int() || value.is_a::<crate::Int>() {
            return Ok(value.clone());
        }
        if value.is_true() || value.is_false() {
            return Ok(value.clone());
        }
        match self.class(value).slots().index {
            Some(index) => {
                let result = index(self, value)?;
                if int::view(&result).is_none() {
                    let got = self.type_name(&result);
                    return Err(self.type_error(format!("__index__ returned non-int (type {got})")));
                }
                if !result.is_small_int() && result.exact::<crate::Int>(self).is_none() {
                    self.warn_strict_subclass("__index__", "int", &result)?;
                }
                Ok(result)
            }
            None => {
                Err(self.type_error(format!("'{}' object cannot be interpreted as an integer", self.type_name(value))))
            }
        }
    }

    /// Through `__index__`; `None` when it does not fit 128 bits.
    pub fn index_as_i128(&self, value: &Value) -> Res<Option<i128>> {
        let index = self.index(value)?;
        Ok(match int::view(&index) {
            Some(int::IntView::Small(i)) => Some(i as i128),
            Some(int::IntView::Big(b)) => b.to_i128(),
            None => None,
        })
    }

    /// `PyFloat_AsDouble`: a float, or through `__float__`, or through `__index__`.
    pub fn to_f64(&self, value: &Value) -> Res<f64> {
        if let Some(f) = float::view(value) {
            return Ok(f);
        }
        if let Some(i) = value.as_small_int() {
            return Ok(i as f64);
        }
        let slots = self.class(value).slots();
        if let Some(to_float) = slots.float {
            let result = to_float(self, value)?;
            return self.checked_float(value, &result);
        }
        if slots.index.is_some() || value.is_true() || value.is_false() {
            let index = self.index(value)?;
            return match int::view(&index) {
                Some(int::IntView::Small(i)) => Ok(i as f64),
                Some(int::IntView::Big(b)) => match b.to_f64() {
                    Some(f) if f.is_finite() => Ok(f),
                    _ => Err(self.overflow_error("int too large to convert to float")),
                },
                None => Err(self.type_error("must be real number")),
            };
        }
        Err(self.type_error(format!("must be real number, not {}", self.type_name(value))))
    }

    /// What `value.__float__()` returned, as a float; strict subclasses are deprecated.
    pub fn checked_float(&self, value: &Value, result: &Value) -> Res<f64> {
        let Some(f) = float::view(result) else {
            return Err(self.type_error(format!(
                "{}.__float__ returned non-float (type {})",
                self.type_name(value),
                self.type_name(result)
            )));
        };
        if !self.class(result).is(self.ty_of::<float::Float>()) {
            let method = format!("{}.__float__", self.type_name(value));
            self.warn_strict_subclass(&method, "float", result)?;
        }
        Ok(f)
    }

    /// The DeprecationWarning about a conversion method that returned a strict subclass.
    #[cold]
    pub fn warn_strict_subclass(&self, method: &str, kind: &str, result: &Value) -> Res<()> {
        let message = format!(
            "{method} returned non-{kind} (type {}).  The ability to return an instance of a strict subclass of {kind} is \
             deprecated, and may be removed in a future version of Python.",
            self.type_name(result)
        );
        self.warn(&crate::objects::exceptions::DEPRECATION_WARNING, &message, 1)
    }

    /// Rich comparison with reflection (`PyObject_RichCompare`).
    pub fn compare(&self, a: &Value, b: &Value, op: CompareOp) -> Res {
        self.check_stack(" in comparison")?;
        self.compare_inner(a, b, op)
    }

    fn compare_inner(&self, a: &Value, b: &Value, op: CompareOp) -> Res {
        let (ta, tb) = (self.class(a), self.class(b));
        let mut tried_reflected = false;
        if !ta.is(tb)
            && tb.is_subtype(ta)
            && let Some(compare) = tb.slots().richcompare
        {
            tried_reflected = true;
            let result = compare(self, b, a, op.swapped())?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        if let Some(compare) = ta.slots().richcompare {
            let result = compare(self, a, b, op)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        if !tried_reflected && let Some(compare) = tb.slots().richcompare {
            let result = compare(self, b, a, op.swapped())?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        match op {
            CompareOp::Eq => Ok(Value::bool(a.is(b))),
            CompareOp::Ne => Ok(Value::bool(!a.is(b))),
            _ => Err(self.type_error(format!(
                "'{}' not supported between instances of '{}' and '{}'",
                op.symbol(),
                self.type_name(a),
                self.type_name(b)
            ))),
        }
    }
}

/// CPython's hash of a small integer: modulo 2^61 - 1, sign kept, -1 becomes -2.
pub fn hash_i64(i: i64) -> i64 {
    const MODULUS: i64 = (1 << 61) - 1;
    let rest = if (-MODULUS < i) & (i < MODULUS) { i } else { i % MODULUS };
    if rest == -1 { -2 } else { rest }
}
