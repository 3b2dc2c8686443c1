//! The methods of `tuple`.

use super::Tuple;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, methods};

#[methods]
impl Tuple {
    #[method(sig = "()")]
    fn __getnewargs__(vm: &Vm, this: &Ref<Tuple>) -> Res {
        let copy = Tuple::from_slice(vm, this.as_slice())?.into_value();
        vm.new_tuple(&[copy])
    }

    #[method(
        doc = "Where value occurs first; ValueError if it does not.",
        sig = "(value, start=0, stop=sys.maxsize, /)"
    )]
    fn index(vm: &Vm, this: &Ref<Tuple>, value: &Value, start: Option<&Value>, stop: Option<&Value>) -> Res {
        let len = this.len();
        let bound = |given: Option<&Value>, default: usize| -> Res<usize> {
            let Some(given) = given else { return Ok(default) };
            let i = vm.slice_index_not_none(given)?;
            let i = if i < 0 { i.saturating_add(len as isize).max(0) } else { i };
            Ok(i as usize)
        };
        let start = bound(start, 0)?;
        let stop = bound(stop, usize::MAX)?.min(len);
        for i in start..stop {
            if vm.equal(&this.as_slice()[i], value)? {
                return vm.new_int(i as i64);
            }
        }
        Err(vm.value_error("tuple.index(x): x not in tuple"))
    }

    #[method(doc = "Return number of occurrences of value.", sig = "(value, /)")]
    fn count(vm: &Vm, this: &Ref<Tuple>, value: &Value) -> Res<usize> {
        let mut n = 0;
        for own in this.as_slice() {
            if vm.equal(own, value)? {
                n += 1;
            }
        }
        Ok(n)
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
