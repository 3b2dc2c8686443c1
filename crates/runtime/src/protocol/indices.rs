//! Values as indices, positions and lengths. After CPython Objects/abstract.c (`PyNumber_AsSsize_t`,
//! `PyObject_LengthHint`) and Python/ceval.c (`_PyEval_SliceIndex`).

use crate::Value;
use crate::objects::exceptions as exc;
use crate::objects::int::{self, IntView};
use crate::vm::{Res, Vm};
use num_bigint::Sign;
use num_traits::ToPrimitive;

impl Vm {
    /// Through `__index__`; `None` when it does not fit.
    fn index_or_sign(&self, value: &Value) -> Res<Result<isize, Sign>> {
        if let Some(i) = value.as_small_int() {
            return Ok(Ok(i as isize));
        }
        let index = self.index(value)?;
        Ok(match int::view(&index) {
            Some(IntView::Small(i)) => Ok(i as isize),
            Some(IntView::Big(b)) => b.to_isize().ok_or(b.sign()),
            None => Ok(0),
        })
    }

    /// An index into a sequence; IndexError when no sequence could be that long.
    #[inline]
    pub fn to_index(&self, value: &Value) -> Res<isize> {
        match value.as_small_int() {
            Some(i) => Ok(i as isize),
            None => self.to_size_or(value, |vm, message| vm.index_error(message)),
        }
    }

    /// A size or count; OverflowError when it does not fit.
    pub fn to_size(&self, value: &Value) -> Res<isize> {
        self.to_size_or(value, |vm, message| vm.overflow_error(message))
    }

    fn to_size_or(&self, value: &Value, raise: impl Fn(&Vm, String) -> crate::vm::Raised) -> Res<isize> {
        match self.index_or_sign(value)? {
            Ok(i) => Ok(i),
            Err(_) => Err(raise(self, format!("cannot fit '{}' into an index-sized integer", self.type_name(value)))),
        }
    }

    /// A bound of a slice, clipped to what fits (`_PyEval_SliceIndex`, without None).
    pub fn slice_index(&self, value: &Value) -> Res<isize> {
        if let Some(i) = value.as_small_int() {
            return Ok(i as isize);
        }
        let is_int = int::view(value).is_some();
        if !is_int && self.class(value).slots().index.is_none() {
            return Err(self.type_error("slice indices must be integers or None or have an __index__ method"));
        }
        Ok(match self.index_or_sign(value)? {
            Ok(i) => i,
            Err(Sign::Minus) => isize::MIN,
            Err(_) => isize::MAX,
        })
    }

    /// As [`Vm::slice_index`], for arguments such as those of `list.index` that may not be None.
    pub fn slice_index_not_none(&self, value: &Value) -> Res<isize> {
        let is_int = int::view(value).is_some();
        if !is_int && self.class(value).slots().index.is_none() {
            return Err(self.type_error("slice indices must be integers or have an __index__ method"));
        }
        self.slice_index(value)
    }

    /// `operator.length_hint(value, default)`.
    pub fn length_hint(&self, value: &Value, default: usize) -> Res<usize> {
        let class = self.class(value);
        if let Some(len) = class.slots().len {
            let result = len(self, value);
            if let Some(n) = self.catch(result, &exc::TYPE_ERROR)? {
                return Ok(n);
            }
        }
        let Some(hint) = self.lookup_special(value, &self.names().__length_hint__)? else { return Ok(default) };
        let result = self.call(&hint, &[]);
        let Some(result) = self.catch(result, &exc::TYPE_ERROR)? else { return Ok(default) };
        if result.is_not_implemented() {
            return Ok(default);
        }
        if int::view(&result).is_none() {
            return Err(self.type_error(format!("__length_hint__ must be an integer, not {}", self.type_name(&result))));
        }
        let n = self.to_size(&result)?;
        usize::try_from(n).map_err(|_| self.value_error("__length_hint__() should return >= 0"))
    }
}
