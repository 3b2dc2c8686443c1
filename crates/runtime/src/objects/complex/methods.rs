//! The methods and attributes of `complex`.

use super::{Complex, view};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value, methods};

#[methods]
impl Complex {
    /// The complex conjugate: the imaginary part with its sign turned.
    #[method(sig = "()")]
    fn conjugate(vm: &Vm, this: &Ref<Complex>) -> Res {
        vm.new_complex(this.re, -this.im)
    }

    /// Convert this value to exact type complex.
    #[method(sig = "()")]
    fn __complex__(vm: &Vm, this: &Ref<Complex>) -> Res {
        vm.new_complex(this.re, this.im)
    }

    #[method(sig = "()", doc = "")]
    fn __getnewargs__(vm: &Vm, this: &Ref<Complex>) -> Res {
        vm.new_tuple(&[vm.new_float(this.re)?, vm.new_float(this.im)?])
    }

    /// Convert to a string according to format_spec.
    #[method(sig = "(format_spec, /)")]
    fn __format__(vm: &Vm, this: &Value, format_spec: &Ref<Str>) -> Res {
        crate::format::format_complex(vm, this, format_spec)
    }

    /// Convert number to a complex floating-point number.
    #[classmethod(sig = "(number, /)")]
    fn from_number(vm: &Vm, cls: &TypeRef, number: &Value) -> Res {
        if view(number).is_some() && cls.is(vm.ty_of::<Complex>()) && vm.class(number).is(cls) {
            return Ok(number.clone());
        }
        let (re, im) = match view(number) {
            Some(c) => c,
            None => match super::construct::by_method(vm, number)? {
                Some(c) => c,
                None => (vm.to_f64(number)?, 0.0),
            },
        };
        if cls.is(vm.ty_of::<Complex>()) {
            return vm.new_complex(re, im);
        }
        vm.call(cls.as_value(), &[vm.new_complex(re, im)?])
    }

    #[member(doc = "the real part of a complex number")]
    fn real(_vm: &Vm, this: &Ref<Complex>) -> f64 {
        this.re
    }

    #[member(doc = "the imaginary part of a complex number")]
    fn imag(_vm: &Vm, this: &Ref<Complex>) -> f64 {
        this.im
    }
}
