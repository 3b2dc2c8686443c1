//! The methods of `range`.

use super::{Range, slots};
use crate::vm::{Res, Vm};
use crate::{Ref, Value, methods};

#[methods]
impl Range {
    #[getter]
    fn start(_: &Vm, this: &Ref<Range>) -> Value {
        this.start.clone()
    }

    #[getter]
    fn stop(_: &Vm, this: &Ref<Range>) -> Value {
        this.stop.clone()
    }

    #[getter]
    fn step(_: &Vm, this: &Ref<Range>) -> Value {
        this.step.clone()
    }

    #[method(doc = "rangeobject.count(value) -> integer -- how often value occurs", text = "($self, object, /)")]
    fn count(vm: &Vm, this: &Value, args: crate::Args) -> Res {
        let value = one(vm, "range.count", args)?;
        if slots::is_plain_int(vm, value) {
            return vm.new_int(slots::contains(vm, this, value)? as i64);
        }
        let mut n = 0;
        let iterator = vm.iter(this)?;
        while let Some(own) = vm.next(&iterator)? {
            n += vm.equal(&own, value)? as i64;
        }
        vm.new_int(n)
    }

    #[method(
        doc = "rangeobject.index(value) -> integer -- where value occurs.\nValueError if it does not.",
        text = "($self, object, /)"
    )]
    fn index(vm: &Vm, this: &Value, args: crate::Args) -> Res {
        let value = one(vm, "range.index", args)?;
        if slots::is_plain_int(vm, value) {
            if let Some(at) = slots::position(slots::of(vm, this)?, &super::big(value)) {
                return vm.new_bigint(at);
            }
            return Err(vm.value_error("range.index(x): x not in range"));
        }
        let iterator = vm.iter(this)?;
        let mut i = 0;
        while let Some(own) = vm.next(&iterator)? {
            if vm.equal(&own, value)? {
                return vm.new_int(i);
            }
            i += 1;
        }
        Err(vm.value_error("sequence.index(x): x not in sequence"))
    }

    #[method(doc = "Return a reverse iterator.", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        super::iter::reversed(vm, this)
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Range>) -> Res {
        let args = vm.new_tuple(&[this.start.clone(), this.stop.clone(), this.step.clone()])?;
        vm.new_tuple(&[vm.ty_of::<Range>().to_value(), args])
    }
}

fn one<'a>(vm: &Vm, name: &str, args: crate::Args<'a>) -> Res<&'a Value> {
    args.no_keywords(vm, name)?;
    match args.pos() {
        [only] => Ok(only),
        other => Err(vm.type_error(format!("{name}() takes exactly one argument ({} given)", other.len()))),
    }
}
