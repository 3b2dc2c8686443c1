//! The methods of `Context`: the operations of `Decimal` with the context in front, and the operands taken from ints too.

use super::arguments::{positional, unpack};
use super::context::{self, Context};
use super::convert::{self, expect, given};
use super::number::compare::Extreme;
use super::number::miscellaneous::same_quantum;
use super::number::{Kind, Number};
use super::slots::{BinaryOperation, UnaryOperation};
use super::value::{self, Decimal};
use ophi_runtime::native::{Call, MethodDef, MethodKind, MethodTable, Signature};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Ref, Res, Value, Vm};

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Context>> {
    this.downcast::<Context>().ok_or_else(|| vm.type_error("argument must be a context"))
}

fn unary(vm: &Vm, this: &Value, x: &Value, operation: UnaryOperation) -> Res {
    let x = expect(vm, x)?;
    value::new(vm, of(vm, this)?.run(vm, |ctx| operation(ctx, &x))?)
}

fn binary(vm: &Vm, this: &Value, args: Args<'_>, operation: BinaryOperation) -> Res {
    let (x, y) = pair(vm, args)?;
    let (x, y) = (expect(vm, x)?, expect(vm, y)?);
    value::new(vm, of(vm, this)?.run(vm, |ctx| operation(ctx, &x, &y))?)
}

fn pair<'a>(vm: &Vm, args: Args<'a>) -> Res<(&'a Value, &'a Value)> {
    match positional(vm, "function", args, 2, 2)? {
        [x, y] => Ok((x, y)),
        _ => Err(vm.type_error("function takes exactly 2 arguments")),
    }
}

fn asked(vm: &Vm, x: &Value, question: fn(&Number) -> bool) -> Res {
    Ok(Value::bool(question(&*expect(vm, x)?)))
}

fn decimal_argument<'a>(vm: &Vm, x: &'a Value) -> Res<&'a Ref<Decimal>> {
    value::of(vm, x)
}

const NONE: Signature = Signature { text: "($self, /)", parameters: &[] };
const X: Signature = Signature { text: "($self, x, /)", parameters: &[] };
const X_Y: Signature = Signature { text: "($self, x, y, /)", parameters: &[] };
const X_Y_Z: Signature = Signature { text: "($self, x, y, z, /)", parameters: &[] };
const F: Signature = Signature { text: "($self, f, /)", parameters: &[] };
const NUM: Signature = Signature { text: "($self, num=\"0\", /)", parameters: &[] };
const POWER: Signature = Signature { text: "($self, /, a, b, modulo=None)", parameters: &[] };
const OBJECT: Signature = Signature { text: "($self, object, /)", parameters: &[] };

macro_rules! table {
    ($($name:literal $signature:ident $doc:literal $call:expr;)*) => {
        pub static TABLE: MethodTable = MethodTable {
            methods: &[$(MethodDef {
                name: $name,
                doc: $doc,
                signature: Some(&$signature),
                kind: MethodKind::Instance,
                call: $call,
            }),*],
            accessors: &[],
            members: &[],
        };
    };
}

macro_rules! one {
    ($operation:expr) => {
        Call::One(|vm, this, x| unary(vm, this, x, $operation))
    };
}

macro_rules! two {
    ($operation:expr) => {
        Call::Many(|vm, this, args| binary(vm, this, args, $operation))
    };
}

macro_rules! is {
    ($question:expr) => {
        Call::One(|vm, _, x| asked(vm, x, $question))
    };
}

table! {
    "Etiny" NONE "Return a value equal to Emin - prec + 1, the smallest exponent of a result.\n\n"
        Call::NoArgs(|vm, this| {
            let s = of(vm, this)?.settings.get();
            vm.new_int(s.emin - (s.prec - 1))
        });
    "Etop" NONE "Return a value equal to Emax - prec + 1.\n\n" Call::NoArgs(|vm, this| {
        let s = of(vm, this)?.settings.get();
        vm.new_int(s.emax - (s.prec - 1))
    });
    "radix" NONE "Return 10.\n\n" Call::NoArgs(|vm, _| value::new(vm, Number::small(10)));
    "abs" X "Return the absolute value of x.\n\n" one!(|c, a| c.absolute(a));
    "exp" X "Return e ** x.\n\n" one!(|c, a| c.exp(a));
    "ln" X "Return the natural (base e) logarithm of x.\n\n" one!(|c, a| c.ln(a));
    "log10" X "Return the base 10 logarithm of x.\n\n" one!(|c, a| c.log10(a));
    "logb" X "The exponent of the operand's leading digit.\n\n" one!(|c, a| c.logb(a));
    "logical_invert" X "Invert all digits of x.\n\n" one!(|c, a| c.logical_invert(a));
    "minus" X "The operand with its sign turned, rounded to this context.\n\n" one!(|c, a| c.minus(a));
    "plus" X "The operand rounded to this context.\n\n" one!(|c, a| c.plus(a));
    "next_minus" X "Return the largest representable number smaller than x.\n\n" one!(|c, a| c.next_minus(a));
    "next_plus" X "Return the smallest representable number larger than x.\n\n" one!(|c, a| c.next_plus(a));
    "normalize" X "Reduce x to its simplest form.\n\n" one!(|c, a| c.normalize(a));
    "sqrt" X "The square root, rounded to this context.\n\n" one!(|c, a| c.sqrt(a));
    "to_integral" X "Round to an integer.\n\n" one!(|c, a| c.to_integral(a, false));
    "to_integral_value" X "Round to an integer.\n\n" one!(|c, a| c.to_integral(a, false));
    "to_integral_exact" X "Round to an integer, with the signals Rounded and Inexact when something is lost.\n\n"
        one!(|c, a| c.to_integral(a, true));
    "copy_abs" X "Return a copy of x with the sign set to 0.\n\n" one!(|_, a| a.clone().absolute());
    "copy_negate" X "Return a copy of x with the sign inverted.\n\n" one!(|_, a| a.clone().negated());
    "copy_decimal" X "Return a copy of Decimal x.\n\n" one!(|_, a| a.clone());
    "_apply" OBJECT "" one!(|c, a| c.finish(a.clone()));
    "add" X_Y "Return the sum of x and y.\n\n" two!(|c, a, b| c.add(a, b));
    "subtract" X_Y "Return the difference between x and y.\n\n" two!(|c, a, b| c.subtract(a, b));
    "multiply" X_Y "Return the product of x and y.\n\n" two!(|c, a, b| c.multiply(a, b));
    "divide" X_Y "Return x divided by y.\n\n" two!(|c, a, b| c.divide(a, b));
    "divide_int" X_Y "Return x divided by y, truncated to an integer.\n\n" two!(|c, a, b| c.divide_integer(a, b));
    "remainder" X_Y "Return the remainder from integer division, with the sign of x.\n\n"
        two!(|c, a, b| c.remainder(a, b));
    "remainder_near" X_Y "Return x - y * n, where n is the integer nearest the exact value of x / y.\n\n"
        two!(|c, a, b| c.remainder_near(a, b));
    "compare" X_Y "Compare x and y numerically.\n\n" two!(|c, a, b| c.compare(a, b));
    "compare_signal" X_Y "Compare x and y numerically.  All NaNs signal.\n\n" two!(|c, a, b| c.compare_signal(a, b));
    "compare_total" X_Y "Compare x and y using their abstract representation.\n\n"
        two!(|c, a, b| c.compare_total(a, b));
    "compare_total_mag" X_Y "Order of the representations of two operands, signs left out.\n\n"
        two!(|c, a, b| c.compare_total_magnitude(a, b));
    "max" X_Y "Compare the values numerically and return the maximum.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Max, false));
    "max_mag" X_Y "Compare the values numerically with their sign ignored.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Max, true));
    "min" X_Y "Compare the values numerically and return the minimum.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Min, false));
    "min_mag" X_Y "Compare the values numerically with their sign ignored.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Min, true));
    "next_toward" X_Y "The next number this context can hold, from x towards y.\n\n"
        two!(|c, a, b| c.next_toward(a, b));
    "quantize" X_Y "x rounded to the exponent that y has.\n\n"
        two!(|c, a, b| c.quantize(a, b));
    "logical_and" X_Y "Digit-wise and of x and y.\n\n" two!(|c, a, b| c.logical(a, b, |x, y| x & y));
    "logical_or" X_Y "Digit-wise or of x and y.\n\n" two!(|c, a, b| c.logical(a, b, |x, y| x | y));
    "logical_xor" X_Y "Digit-wise xor of x and y.\n\n" two!(|c, a, b| c.logical(a, b, |x, y| x ^ y));
    "rotate" X_Y "Return a copy of x, rotated by y places.\n\n" two!(|c, a, b| c.rotate(a, b));
    "scaleb" X_Y "x with y added to its exponent.\n\n"
        two!(|c, a, b| c.scaleb(a, b));
    "shift" X_Y "Return a copy of x, shifted by y places.\n\n" two!(|c, a, b| c.shift(a, b));
    "copy_sign" X_Y "Copy the sign from y to x.\n\n" two!(|_, a, b| a.clone().with_sign(b.negative));
    "same_quantum" X_Y "Return True if the two operands have the same exponent.\n\n" Call::Many(|vm, _, args| {
        let (x, y) = pair(vm, args)?;
        Ok(Value::bool(same_quantum(&*expect(vm, x)?, &*expect(vm, y)?)))
    });
    "divmod" X_Y "Return quotient and remainder of the division x / y.\n\n" Call::Many(|vm, this, args| {
        let (x, y) = pair(vm, args)?;
        let (x, y) = (expect(vm, x)?, expect(vm, y)?);
        let (quotient, rest) = of(vm, this)?.run(vm, |ctx| ctx.divmod(&x, &y))?;
        vm.new_tuple(&[value::new(vm, quotient)?, value::new(vm, rest)?])
    });
    "fma" X_Y_Z "Return x multiplied by y, plus z.\n\n" Call::Many(|vm, this, args| {
        let operands = positional(vm, "fma", args, 3, 3)?;
        let number = |i: usize| given(vm, operands.get(i));
        let (x, y, z) = (number(0)?, number(1)?, number(2)?);
        value::new(vm, of(vm, this)?.run(vm, |ctx| ctx.fma(&x, &y, &z))?)
    });
    "power" POWER "Compute a**b. If modulo is given, the exact value of (a**b) % modulo.\n\n" Call::Many(power);
    "is_canonical" X "Return True if x is canonical.\n\n"
        Call::One(|vm, _, x| decimal_argument(vm, x).map(|_| Value::TRUE));
    "is_finite" X "Return True if x is finite.\n\n" is!(Number::is_finite);
    "is_infinite" X "Return True if x is infinite.\n\n" is!(Number::is_infinite);
    "is_nan" X "Return True if x is a qNaN or sNaN.\n\n" is!(Number::is_nan);
    "is_qnan" X "Return True if x is a quiet NaN.\n\n" is!(|a| a.kind == Kind::QuietNan);
    "is_snan" X "Return True if x is a signaling NaN.\n\n" is!(Number::is_signaling);
    "is_signed" X "Return True if x is negative.\n\n" is!(|a| a.negative);
    "is_zero" X "Return True if x is a zero.\n\n" is!(Number::is_zero);
    "is_normal" X "Return True if x is a normal number.\n\n" Call::One(|vm, this, x| {
        let x = expect(vm, x)?;
        Ok(Value::bool(of(vm, this)?.run(vm, |ctx| ctx.is_normal(&x))?))
    });
    "is_subnormal" X "Return True if x is subnormal.\n\n" Call::One(|vm, this, x| {
        let x = expect(vm, x)?;
        Ok(Value::bool(of(vm, this)?.run(vm, |ctx| ctx.is_subnormal(&x))?))
    });
    "number_class" X "Return an indication of the class of x.\n\n" Call::One(|vm, this, x| {
        let x = expect(vm, x)?;
        Ok(vm.new_str(of(vm, this)?.run(vm, |ctx| ctx.class_of(&x))?)?.into_value())
    });
    "canonical" X "Return a new instance of x.\n\n"
        Call::One(|vm, _, x| decimal_argument(vm, x).map(|_| x.clone()));
    "to_sci_string" X "Convert a number to a string using scientific notation.\n\n"
        Call::One(|vm, this, x| shown(vm, this, x, false));
    "to_eng_string" X "Convert a number to a string, using engineering notation.\n\n"
        Call::One(|vm, this, x| shown(vm, this, x, true));
    "create_decimal" NUM "Create a new Decimal instance from num, rounded to the context.\n\n"
        Call::Many(create_decimal);
    "create_decimal_from_float" F "Create a new Decimal instance from float f, rounded to the context.\n\n"
        Call::One(|vm, this, f| {
            let number = convert::from_int_or_float(vm, f)?;
            value::new(vm, of(vm, this)?.run(vm, |ctx| ctx.finish(number))?)
        });
    "clear_flags" NONE "Reset all flags to False.\n\n" Call::NoArgs(|vm, this| {
        of(vm, this)?.flags.set(0);
        Ok(Value::NONE)
    });
    "clear_traps" NONE "Set all traps to False.\n\n" Call::NoArgs(|vm, this| {
        of(vm, this)?.traps.set(0);
        Ok(Value::NONE)
    });
    "copy" NONE "Return a duplicate of the context with all flags cleared.\n\n"
        Call::NoArgs(|vm, this| Ok(of(vm, this)?.copied(vm)?.into_value()));
    "__copy__" NONE "" Call::NoArgs(|vm, this| Ok(of(vm, this)?.copied(vm)?.into_value()));
    "__reduce__" NONE "" Call::NoArgs(|vm, this| context::reduced(vm, of(vm, this)?));
}

fn shown(vm: &Vm, this: &Value, x: &Value, engineering: bool) -> Res {
    let x = expect(vm, x)?;
    let capitals = of(vm, this)?.settings.get().capitals;
    Ok(vm.new_ascii(&x.to_text(engineering, capitals))?.into_value())
}

fn power(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let [a, b, modulo] = unpack(vm, args, ["a", "b", "modulo"], 2)?;
    let context = of(vm, this)?;
    let a = given(vm, a)?;
    let b = given(vm, b)?;
    match modulo.filter(|m| !m.is_none()) {
        None => value::new(vm, context.run(vm, |ctx| ctx.power(&a, &b))?),
        Some(modulo) => {
            let m = expect(vm, modulo)?;
            value::new(vm, context.run(vm, |ctx| ctx.power_modulo(&a, &b, &m))?)
        }
    }
}

fn create_decimal(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    args.no_keywords(vm, "create_decimal")?;
    let context = of(vm, this)?;
    match args.pos() {
        [] => value::new(vm, Number::zero(false, 0)),
        [source] => value::new(vm, convert::rounded_from(vm, source, context)?),
        more => Err(vm.type_error(format!("function takes at most 1 argument ({} given)", more.len()))),
    }
}
