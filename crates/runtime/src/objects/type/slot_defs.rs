//! The table between dunder names and slots.
//!
//! Each row says: this name stands for this slot; so is the native function called when the name is used on a builtin class
//! (`wrapper`), and this function goes into the slot when the name is defined by a class made at run time (`generic`).
//! A slot may have several names (`__add__`, `__radd__`), a name several slots (`+` of numbers and of sequences).
//! After CPython Objects/typeobject.c (`slotdefs`).

use super::slot_functions as g;
use super::slot_wrappers as w;
use crate::slots::{SlotFn, SlotId};
use crate::vm::{Res, Vm};
use crate::{Args, Value};

pub type Wrapper = fn(&Vm, SlotFn, &Value, Args<'_>) -> Res;

pub struct SlotDef {
    pub name: &'static str,
    pub slot: SlotId,
    /// What the slot holds in classes that define the name in Python. `None`: the slot is for native classes only.
    pub generic: Option<SlotFn>,
    pub wrapper: Wrapper,
    pub doc: &'static str,
    pub signature: &'static str,
    /// The wrapper takes keywords.
    pub keywords: bool,
}

const UNARY: &str = "($self, /)";
const BINARY: &str = "($self, value, /)";

macro_rules! slot_defs {
    ($($name:literal $slot:ident $kind:ident $generic:tt $wrapper:path, $signature:expr, $doc:literal;)*) => {
        pub static SLOT_DEFS: &[SlotDef] = &[$(SlotDef {
            name: $name,
            slot: SlotId::$slot,
            generic: slot_defs!(@generic $kind $generic),
            wrapper: $wrapper,
            doc: $doc,
            signature: $signature,
            keywords: matches!(SlotId::$slot, SlotId::call | SlotId::init),
        }),*];
    };
    (@generic $kind:ident -) => { None };
    (@generic $kind:ident $f:ident) => { Some(SlotFn::$kind(g::$f)) };
}

slot_defs! {
    "__getattribute__" getattro GetAttr get_attr_hook w::get_attr, "($self, name, /)", "Return getattr(self, name).";
    "__getattr__" getattro GetAttr get_attr_hook w::none, "", "";
    "__setattr__" setattro SetAttr set_attr w::set_attr, "($self, name, value, /)", "Implement setattr(self, name, value).";
    "__delattr__" setattro SetAttr set_attr w::del_attr, "($self, name, /)", "Implement delattr(self, name).";
    "__repr__" repr Unary repr w::unary, UNARY, "Return repr(self).";
    "__hash__" hash Hash hash w::hash, UNARY, "Return hash(self).";
    "__call__" call CallFn call w::call, "($self, /, *args, **kwargs)", "Call self as a function.";
    "__str__" str Unary str w::unary, UNARY, "Return str(self).";
    "__lt__" richcompare RichCompare richcompare w::lt, BINARY, "Return self<value.";
    "__le__" richcompare RichCompare richcompare w::le, BINARY, "Return self<=value.";
    "__eq__" richcompare RichCompare richcompare w::eq, BINARY, "Return self==value.";
    "__ne__" richcompare RichCompare richcompare w::ne, BINARY, "Return self!=value.";
    "__gt__" richcompare RichCompare richcompare w::gt, BINARY, "Return self>value.";
    "__ge__" richcompare RichCompare richcompare w::ge, BINARY, "Return self>=value.";
    "__iter__" iter Unary iter w::unary, UNARY, "Implement iter(self).";
    "__next__" iternext Next next w::next, UNARY, "Implement next(self).";
    "__get__" descr_get DescrGet descr_get w::descr_get, "($self, instance, owner=None, /)", "Return an attribute of instance, which is of type owner.";
    "__set__" descr_set DescrSet descr_set w::descr_set, "($self, instance, value, /)", "Set an attribute of instance to value.";
    "__delete__" descr_set DescrSet descr_set w::descr_delete, "($self, instance, /)", "Delete an attribute of instance.";
    "__init__" init Init init w::init, "($self, /, *args, **kwargs)", "Initialize self.  See help(type(self)) for accurate signature.";
    "__del__" finalize Finalize finalize w::del, UNARY, "Called when the instance is about to be destroyed.";
    "__await__" r#await Unary r#await w::unary, UNARY, "Return an iterator to be used in await expression.";
    "__aiter__" aiter Unary aiter w::unary, UNARY, "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" anext Unary anext w::unary, UNARY, "Return a value or raise StopAsyncIteration.";
    "__buffer__" buffer GetBuffer buffer w::buffer, "($self, flags, /)", "Return a buffer object that exposes the underlying memory of the object.";
    "__release_buffer__" buffer GetBuffer buffer w::release_buffer, "($self, buffer, /)", "Give back what __buffer__() gave.";
    "__add__" add Binary add w::binary_l, BINARY, "Return self+value.";
    "__radd__" add Binary add w::binary_r, BINARY, "Return value+self.";
    "__sub__" subtract Binary subtract w::binary_l, BINARY, "Return self-value.";
    "__rsub__" subtract Binary subtract w::binary_r, BINARY, "Return value-self.";
    "__mul__" multiply Binary multiply w::binary_l, BINARY, "Return self*value.";
    "__rmul__" multiply Binary multiply w::binary_r, BINARY, "Return value*self.";
    "__mod__" remainder Binary remainder w::binary_l, BINARY, "Return self%value.";
    "__rmod__" remainder Binary remainder w::binary_r, BINARY, "Return value%self.";
    "__divmod__" divmod Binary divmod w::binary_l, BINARY, "Return divmod(self, value).";
    "__rdivmod__" divmod Binary divmod w::binary_r, BINARY, "Return divmod(value, self).";
    "__pow__" power Ternary power w::ternary_l, "($self, value, mod=None, /)", "Return pow(self, value, mod).";
    "__rpow__" power Ternary power w::ternary_r, "($self, value, mod=None, /)", "Return pow(value, self, mod).";
    "__neg__" negative Unary negative w::unary, UNARY, "-self";
    "__pos__" positive Unary positive w::unary, UNARY, "+self";
    "__abs__" absolute Unary absolute w::unary, UNARY, "abs(self)";
    "__bool__" bool Inquiry truth w::inquiry, UNARY, "True if self else False";
    "__invert__" invert Unary invert w::unary, UNARY, "~self";
    "__lshift__" lshift Binary lshift w::binary_l, BINARY, "Return self<<value.";
    "__rlshift__" lshift Binary lshift w::binary_r, BINARY, "Return value<<self.";
    "__rshift__" rshift Binary rshift w::binary_l, BINARY, "Return self>>value.";
    "__rrshift__" rshift Binary rshift w::binary_r, BINARY, "Return value>>self.";
    "__and__" and Binary and w::binary_l, BINARY, "Return self&value.";
    "__rand__" and Binary and w::binary_r, BINARY, "Return value&self.";
    "__xor__" xor Binary xor w::binary_l, BINARY, "Return self^value.";
    "__rxor__" xor Binary xor w::binary_r, BINARY, "Return value^self.";
    "__or__" or Binary or w::binary_l, BINARY, "Return self|value.";
    "__ror__" or Binary or w::binary_r, BINARY, "Return value|self.";
    "__int__" int Unary int w::unary, UNARY, "int(self)";
    "__float__" float Unary float w::unary, UNARY, "float(self)";
    "__iadd__" inplace_add Binary inplace_add w::binary_l, BINARY, "Return self+=value.";
    "__isub__" inplace_subtract Binary inplace_subtract w::binary_l, BINARY, "Return self-=value.";
    "__imul__" inplace_multiply Binary inplace_multiply w::binary_l, BINARY, "Return self*=value.";
    "__imod__" inplace_remainder Binary inplace_remainder w::binary_l, BINARY, "Return self%=value.";
    "__ipow__" inplace_power Ternary inplace_power w::ternary_inplace, BINARY, "Return self**=value.";
    "__ilshift__" inplace_lshift Binary inplace_lshift w::binary_l, BINARY, "Return self<<=value.";
    "__irshift__" inplace_rshift Binary inplace_rshift w::binary_l, BINARY, "Return self>>=value.";
    "__iand__" inplace_and Binary inplace_and w::binary_l, BINARY, "Return self&=value.";
    "__ixor__" inplace_xor Binary inplace_xor w::binary_l, BINARY, "Return self^=value.";
    "__ior__" inplace_or Binary inplace_or w::binary_l, BINARY, "Return self|=value.";
    "__floordiv__" floor_divide Binary floor_divide w::binary_l, BINARY, "Return self//value.";
    "__rfloordiv__" floor_divide Binary floor_divide w::binary_r, BINARY, "Return value//self.";
    "__truediv__" true_divide Binary true_divide w::binary_l, BINARY, "Return self/value.";
    "__rtruediv__" true_divide Binary true_divide w::binary_r, BINARY, "Return value/self.";
    "__ifloordiv__" inplace_floor_divide Binary inplace_floor_divide w::binary_l, BINARY, "Return self//=value.";
    "__itruediv__" inplace_true_divide Binary inplace_true_divide w::binary_l, BINARY, "Return self/=value.";
    "__index__" index Unary index w::unary, UNARY, "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__" matrix_multiply Binary matrix_multiply w::binary_l, BINARY, "Return self@value.";
    "__rmatmul__" matrix_multiply Binary matrix_multiply w::binary_r, BINARY, "Return value@self.";
    "__imatmul__" inplace_matrix_multiply Binary inplace_matrix_multiply w::binary_l, BINARY, "Return self@=value.";
    "__len__" len Length len w::len, UNARY, "Return len(self).";
    "__getitem__" getitem Binary getitem w::binary_l, "($self, key, /)", "Return self[key].";
    "__setitem__" setitem SetItem setitem w::setitem, "($self, key, value, /)", "Set self[key] to value.";
    "__delitem__" setitem SetItem setitem w::delitem, "($self, key, /)", "Delete self[key].";
    "__contains__" contains Contains contains w::contains, "($self, key, /)", "Return bool(key in self).";
    "__add__" concat Binary - w::binary_l, BINARY, "Return self+value.";
    "__mul__" repeat Repeat - w::repeat, BINARY, "Return self*value.";
    "__rmul__" repeat Repeat - w::repeat, BINARY, "Return value*self.";
    "__iadd__" inplace_concat Binary - w::binary_l, BINARY, "Implement self+=value.";
    "__imul__" inplace_repeat Repeat - w::repeat, BINARY, "Implement self*=value.";
}

/// Rows of a name.
pub fn rows_of(name: &str) -> impl Iterator<Item = &'static SlotDef> + use<'_> {
    let dunder = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    SLOT_DEFS.iter().filter(move |d| dunder && d.name == name)
}
