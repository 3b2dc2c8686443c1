//! The methods of `Decimal`. Those with the same shape come from one table: each takes its operands and a context.

use super::arguments::{positional, unpack};
use super::context::{Context, rounding_of};
use super::convert::{self, Whole, given};
use super::number::compare::Extreme;
use super::number::miscellaneous::same_quantum;
use super::number::{Ctx, Kind, Natural, Number, Rounding};
use super::slots::{BinaryOperation, UnaryOperation, digits_tuple, text};
use super::value::{self, Decimal, of};
use super::{current, format, state};
use ophi_runtime::native::{Call, MethodDef, MethodKind, MethodTable, Signature};
use ophi_runtime::objects::int;
use ophi_runtime::{Args, Ref, Res, TypeRef, Value, Vm, methods};

/// `method(context=None)`
fn unary(vm: &Vm, this: &Value, args: Args<'_>, operation: UnaryOperation) -> Res {
    let [context] = unpack(vm, args, ["context"], 0)?;
    let context = current::given_or_current(vm, context)?;
    let n = &of(vm, this)?.number;
    value::new(vm, context.run(vm, |ctx| operation(ctx, n))?)
}

/// `method(other, context=None)`
fn binary(vm: &Vm, this: &Value, args: Args<'_>, operation: BinaryOperation) -> Res {
    let [other, context] = unpack(vm, args, ["other", "context"], 1)?;
    let context = current::given_or_current(vm, context)?;
    let other = given(vm, other)?;
    let n = &of(vm, this)?.number;
    value::new(vm, context.run(vm, |ctx| operation(ctx, n, &other))?)
}

/// `method(context=None)` that asks something of the context.
fn asked(vm: &Vm, this: &Value, args: Args<'_>, question: fn(&Ctx<'_>, &Number) -> bool) -> Res {
    let [context] = unpack(vm, args, ["context"], 0)?;
    let context = current::given_or_current(vm, context)?;
    let n = &of(vm, this)?.number;
    Ok(Value::bool(context.run(vm, |ctx| question(ctx, n))?))
}

/// `method()`
fn plain(vm: &Vm, this: &Value, question: fn(&Number) -> bool) -> Res {
    Ok(Value::bool(question(&of(vm, this)?.number)))
}

const NO_ARGUMENTS: Signature = Signature { text: "($self, /)", parameters: &[] };
const CONTEXT: Signature = Signature { text: "($self, /, context=None)", parameters: &[] };
const OTHER: Signature = Signature { text: "($self, /, other, context=None)", parameters: &[] };
const ROUNDING: Signature = Signature { text: "($self, /, rounding=None, context=None)", parameters: &[] };
const EXPONENT: Signature = Signature { text: "($self, /, exp, rounding=None, context=None)", parameters: &[] };
const FMA: Signature = Signature { text: "($self, /, other, third, context=None)", parameters: &[] };
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
        Call::Many(|vm, this, args| unary(vm, this, args, $operation))
    };
}

macro_rules! two {
    ($operation:expr) => {
        Call::Many(|vm, this, args| binary(vm, this, args, $operation))
    };
}

macro_rules! is {
    ($question:expr) => {
        Call::NoArgs(|vm, this| plain(vm, this, $question))
    };
}

table! {
    "exp" CONTEXT "Return the value of the (natural) exponential function e**x, correctly rounded.\n\n"
        one!(|c, a| c.exp(a));
    "ln" CONTEXT "Return the natural (base e) logarithm of the operand, correctly rounded.\n\n" one!(|c, a| c.ln(a));
    "log10" CONTEXT "Return the base ten logarithm of the operand, correctly rounded.\n\n" one!(|c, a| c.log10(a));
    "logb" CONTEXT "Return the adjusted exponent of the operand as a Decimal instance.\n\n" one!(|c, a| c.logb(a));
    "logical_invert" CONTEXT "Return the digit-wise inversion of the (logical) operand.\n\n"
        one!(|c, a| c.logical_invert(a));
    "next_minus" CONTEXT "Return the largest number of the context that is smaller than the operand.\n\n"
        one!(|c, a| c.next_minus(a));
    "next_plus" CONTEXT "Return the smallest number of the context that is larger than the operand.\n\n"
        one!(|c, a| c.next_plus(a));
    "normalize" CONTEXT "Round to the context and strip trailing zeros.\n\n" one!(|c, a| c.normalize(a));
    "sqrt" CONTEXT "Return the square root of the argument to full precision.\n\n" one!(|c, a| c.sqrt(a));
    "compare" OTHER "Compare two numbers; return a Decimal: -1, 0, 1 or NaN.\n\n" two!(|c, a, b| c.compare(a, b));
    "compare_signal" OTHER "As compare, except that all NaNs signal.\n\n" two!(|c, a, b| c.compare_signal(a, b));
    "compare_total" OTHER "Compare two operands using their abstract representation.\n\n"
        two!(|c, a, b| c.compare_total(a, b));
    "compare_total_mag" OTHER "As compare_total, ignoring the signs.\n\n"
        two!(|c, a, b| c.compare_total_magnitude(a, b));
    "max" OTHER "Maximum of self and other; a number wins over a quiet NaN.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Max, false));
    "max_mag" OTHER "As max, with the absolute values.\n\n" two!(|c, a, b| c.extreme(a, b, Extreme::Max, true));
    "min" OTHER "Minimum of self and other; a number wins over a quiet NaN.\n\n"
        two!(|c, a, b| c.extreme(a, b, Extreme::Min, false));
    "min_mag" OTHER "As min, with the absolute values.\n\n" two!(|c, a, b| c.extreme(a, b, Extreme::Min, true));
    "next_toward" OTHER "Return the neighbour of the first operand in the direction of the second.\n\n"
        two!(|c, a, b| c.next_toward(a, b));
    "remainder_near" OTHER "Return the remainder from dividing self by other with the least absolute value.\n\n"
        two!(|c, a, b| c.remainder_near(a, b));
    "logical_and" OTHER "Return the digit-wise 'and' of the two (logical) operands.\n\n"
        two!(|c, a, b| c.logical(a, b, |x, y| x & y));
    "logical_or" OTHER "Return the digit-wise 'or' of the two (logical) operands.\n\n"
        two!(|c, a, b| c.logical(a, b, |x, y| x | y));
    "logical_xor" OTHER "Return the digit-wise 'exclusive or' of the two (logical) operands.\n\n"
        two!(|c, a, b| c.logical(a, b, |x, y| x ^ y));
    "rotate" OTHER "Rotate the digits of the coefficient, to the left for positive arguments.\n\n"
        two!(|c, a, b| c.rotate(a, b));
    "scaleb" OTHER "Return the first operand with the exponent adjusted by the second.\n\n"
        two!(|c, a, b| c.scaleb(a, b));
    "shift" OTHER "Shift the digits of the coefficient, to the left for positive arguments.\n\n"
        two!(|c, a, b| c.shift(a, b));
    "copy_sign" OTHER "Return a copy of the first operand with the sign of the second.\n\n"
        two!(|_, a, b| a.clone().with_sign(b.negative));
    "same_quantum" OTHER "Test whether self and other have the same exponent or whether both are NaN.\n\n"
        Call::Many(|vm, this, args| {
            let [other, context] = unpack(vm, args, ["other", "context"], 1)?;
            current::given_or_current(vm, context)?;
            let other = given(vm, other)?;
            Ok(Value::bool(same_quantum(&of(vm, this)?.number, &other)))
        });
    "fma" FMA "Fused multiply-add: self*other+third with one rounding.\n\n" Call::Many(fma);
    "quantize" EXPONENT "Return a value equal to the first operand after rounding, with the exponent of the second.\n\n"
        Call::Many(quantize);
    "to_integral" ROUNDING "Round to the nearest integer without signaling Inexact or Rounded.\n\n"
        Call::Many(|vm, this, args| to_integral(vm, this, args, false));
    "to_integral_value" ROUNDING "Round to the nearest integer without signaling Inexact or Rounded.\n\n"
        Call::Many(|vm, this, args| to_integral(vm, this, args, false));
    "to_integral_exact" ROUNDING "Round to the nearest integer, signaling Inexact or Rounded as appropriate.\n\n"
        Call::Many(|vm, this, args| to_integral(vm, this, args, true));
    "to_eng_string" CONTEXT "Convert to an engineering-type string.\n\n" Call::Many(|vm, this, args| {
        let [context] = unpack(vm, args, ["context"], 0)?;
        let context = current::given_or_current(vm, context)?;
        Ok(vm.new_ascii(&text(vm, of(vm, this)?, true, Some(&context))?)?.into_value())
    });
    "number_class" CONTEXT "Return a string describing the class of the operand.\n\n" Call::Many(|vm, this, args| {
        let [context] = unpack(vm, args, ["context"], 0)?;
        let context = current::given_or_current(vm, context)?;
        let n = &of(vm, this)?.number;
        Ok(vm.new_str(context.run(vm, |ctx| ctx.class_of(n))?)?.into_value())
    });
    "is_normal" CONTEXT "Return True if the argument is a normal finite non-zero number.\n\n"
        Call::Many(|vm, this, args| asked(vm, this, args, |c, a| c.is_normal(a)));
    "is_subnormal" CONTEXT "Return True if the argument is subnormal.\n\n"
        Call::Many(|vm, this, args| asked(vm, this, args, |c, a| c.is_subnormal(a)));
    "is_canonical" NO_ARGUMENTS "Return True if the argument is canonical, as all are.\n\n" is!(|_| true);
    "is_finite" NO_ARGUMENTS "Return True if the argument is a finite number.\n\n" is!(Number::is_finite);
    "is_infinite" NO_ARGUMENTS "Is this Infinity or -Infinity?\n\n"
        is!(Number::is_infinite);
    "is_nan" NO_ARGUMENTS "Is this a NaN, quiet or signaling?\n\n" is!(Number::is_nan);
    "is_qnan" NO_ARGUMENTS "Return True if the argument is a quiet NaN.\n\n" is!(|a| a.kind == Kind::QuietNan);
    "is_snan" NO_ARGUMENTS "Return True if the argument is a signaling NaN.\n\n" is!(Number::is_signaling);
    "is_signed" NO_ARGUMENTS "Return True if the argument has a negative sign.\n\n" is!(|a| a.negative);
    "is_zero" NO_ARGUMENTS "Return True if the argument is a zero.\n\n" is!(Number::is_zero);
    "__deepcopy__" OBJECT "" Call::One(|_, this, _| Ok(this.clone()));
}

fn fma(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let [other, third, context] = unpack(vm, args, ["other", "third", "context"], 2)?;
    let context = current::given_or_current(vm, context)?;
    let other = given(vm, other)?;
    let third = given(vm, third)?;
    let n = &of(vm, this)?.number;
    value::new(vm, context.run(vm, |ctx| ctx.fma(n, &other, &third))?)
}

/// The context and the rounding to use instead of its own.
fn with_rounding(vm: &Vm, rounding: Option<&Value>, context: Option<&Value>) -> Res<(Ref<Context>, Option<Rounding>)> {
    let context = current::given_or_current(vm, context)?;
    let rounding = rounding.filter(|r| !r.is_none()).map(|r| rounding_of(vm, r)).transpose()?;
    Ok((context, rounding))
}

fn quantize(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let [exponent, rounding, context] = unpack(vm, args, ["exp", "rounding", "context"], 1)?;
    let (context, rounding) = with_rounding(vm, rounding, context)?;
    let exponent = given(vm, exponent)?;
    let n = &of(vm, this)?.number;
    let result = context.run(vm, |ctx| {
        ctx.rounding = rounding.unwrap_or(ctx.rounding);
        ctx.quantize(n, &exponent)
    })?;
    value::new(vm, result)
}

fn to_integral(vm: &Vm, this: &Value, args: Args<'_>, exact: bool) -> Res {
    let [rounding, context] = unpack(vm, args, ["rounding", "context"], 0)?;
    let (context, rounding) = with_rounding(vm, rounding, context)?;
    let n = &of(vm, this)?.number;
    let result = context.run(vm, |ctx| {
        ctx.rounding = rounding.unwrap_or(ctx.rounding);
        ctx.to_integral(n, exact)
    })?;
    value::new(vm, result)
}

/// The methods that need neither context nor operands.
pub struct Plain;

#[methods]
impl Plain {
    /// Return the adjusted exponent (the exponent of the most significant digit).
    #[method(sig = "()")]
    fn adjusted(vm: &Vm, this: &Value) -> Res<i64> {
        Ok(of(vm, this)?.number.adjusted())
    }

    /// Return a pair of integers whose ratio is exactly equal to the number, in lowest terms.
    #[method(sig = "()")]
    fn as_integer_ratio(vm: &Vm, this: &Value) -> Res {
        convert::to_ratio(vm, &of(vm, this)?.number)
    }

    /// Return a tuple representation of the number.
    #[method(sig = "()")]
    fn as_tuple(vm: &Vm, this: &Value) -> Res {
        let n = &of(vm, this)?.number;
        let letter = |text: &str| -> Res { Ok(vm.new_str(text)?.into_value()) };
        let exponent = match n.kind {
            Kind::Finite => vm.new_int(n.exponent)?,
            Kind::Infinity => letter("F")?,
            Kind::QuietNan => letter("n")?,
            Kind::SignalingNan => letter("N")?,
        };
        let digits = match n.is_nan() && n.coefficient.is_zero() {
            true => vm.new_tuple(&[])?,
            false => digits_tuple(vm, &n.coefficient)?,
        };
        vm.call(&state::of(vm).tuple.get_or_none(), &[vm.new_int(i64::from(n.negative))?, digits, exponent])
    }

    /// Return the canonical encoding of the argument, which is the argument.
    #[method(sig = "()")]
    fn canonical(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    /// Return self.
    #[method(sig = "()")]
    fn conjugate(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    #[method(sig = "()")]
    fn __copy__(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    /// Return the absolute value of the argument, unaffected by the context.
    #[method(sig = "()")]
    fn copy_abs(vm: &Vm, this: &Value) -> Res {
        value::new(vm, of(vm, this)?.number.clone().absolute())
    }

    /// Return the negation of the argument, unaffected by the context.
    #[method(sig = "()")]
    fn copy_negate(vm: &Vm, this: &Value) -> Res {
        value::new(vm, of(vm, this)?.number.clone().negated())
    }

    /// Return Decimal(10).
    #[method(sig = "()")]
    fn radix(vm: &Vm, this: &Value) -> Res {
        let _ = this;
        value::new(vm, Number::small(10))
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let text = vm.str(this)?.into_value();
        vm.new_tuple(&[vm.class(this).to_value(), vm.new_tuple(&[text])?])
    }

    #[method(sig = "()")]
    fn __complex__(vm: &Vm, this: &Value) -> Res {
        vm.new_complex(convert::to_f64(vm, &of(vm, this)?.number)?, 0.0)
    }

    #[method(sig = "()")]
    fn __trunc__(vm: &Vm, this: &Value) -> Res {
        convert::to_int(vm, &of(vm, this)?.number, Whole::Truncate)
    }

    #[method(sig = "()")]
    fn __floor__(vm: &Vm, this: &Value) -> Res {
        convert::to_int(vm, &of(vm, this)?.number, Whole::Floor)
    }

    #[method(sig = "()")]
    fn __ceil__(vm: &Vm, this: &Value) -> Res {
        convert::to_int(vm, &of(vm, this)?.number, Whole::Ceiling)
    }

    #[method(sig = "()")]
    fn __sizeof__(vm: &Vm, this: &Value) -> Res<usize> {
        // As CPython counts: a header, four limbs in place, more outside.
        const IN_PLACE: usize = 4;
        let limbs = of(vm, this)?.number.coefficient.0.len();
        Ok(104 + if limbs > IN_PLACE { 8 * limbs } else { 0 })
    }

    #[method]
    fn __round__(vm: &Vm, this: &Value, args: Args) -> Res {
        let given = match positional(vm, "__round__", args, 0, usize::MAX)? {
            [_, _, ..] => {
                let n = args.values.len();
                return Err(vm.type_error(format!("function takes at most 1 argument ({n} given)")));
            }
            given => given,
        };
        let n = &of(vm, this)?.number;
        let Some(digits) = given.first().filter(|d| !d.is_none()) else {
            return convert::to_int(vm, n, Whole::HalfEven);
        };
        if int::view(digits).is_none() {
            return Err(vm.type_error("optional arg must be an integer"));
        }
        let digits = super::arguments::word(vm, digits)?;
        let context = current::get(vm)?;
        let result = context.run(vm, |ctx| {
            let exponent = digits.checked_neg().unwrap_or(i64::MAX);
            ctx.quantize(n, &Number::new(false, Natural::from(1), exponent))
        })?;
        value::new(vm, result)
    }

    #[method]
    fn __format__(vm: &Vm, this: &Value, args: Args) -> Res {
        let given = args.pos();
        args.no_keywords(vm, "__format__")?;
        if given.is_empty() || given.len() > 2 {
            let (bound, n) = if given.is_empty() { ("least", 1) } else { ("most", 2) };
            let s = if n == 1 { "" } else { "s" };
            return Err(vm.type_error(format!("function takes at {bound} {n} argument{s} ({} given)", given.len())));
        }
        let context = current::get(vm)?;
        format::format(vm, of(vm, this)?, &given[0], given.get(1), &context)
    }

    /// Class method that converts a float to a decimal number, exactly.
    #[classmethod(sig = "(f, /)")]
    fn from_float(vm: &Vm, class: &TypeRef, f: &Value) -> Res {
        let number = convert::from_int_or_float(vm, f)?;
        made(vm, class, value::new(vm, number)?)
    }

    /// Class method that converts a real number to a decimal number, exactly.
    #[classmethod(sig = "(number, /)")]
    fn from_number(vm: &Vm, class: &TypeRef, number: &Value) -> Res {
        use ophi_runtime::payload::Downcast;
        if number.is_a::<Decimal>() {
            if class.is(vm.ty(&value::DECIMAL)) && number.exact::<Decimal>(vm).is_some() {
                return Ok(number.clone());
            }
            return made(vm, class, value::new(vm, of(vm, number)?.number.clone())?);
        }
        let is_number = int::view(number).is_some() || ophi_runtime::objects::float::view(number).is_some();
        if !is_number {
            return Err(convert::unsupported(vm, number));
        }
        Plain::from_float(vm, class, number)
    }

    #[getter]
    fn real(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    #[getter]
    fn imag(vm: &Vm, this: &Value) -> Res {
        let _ = this;
        value::new(vm, Number::zero(false, 0))
    }
}

/// A Decimal, or what a subclass makes of it.
fn made(vm: &Vm, class: &TypeRef, decimal: Value) -> Res {
    if class.is(vm.ty(&value::DECIMAL)) { Ok(decimal) } else { vm.call(class.as_value(), &[decimal]) }
}
