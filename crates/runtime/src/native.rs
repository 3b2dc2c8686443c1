//! Native methods and functions: their tables, argument binding, conversions to and from Rust types.
//!
//! The tables are written by `#[methods]` (crate `ophi-macros`). A call arrives as [`Args`]: positional values followed by the
//! values of keywords, the keywords' names beside them (CPython's vectorcall layout); all borrowed from the caller's operand
//! stack. Messages are those of CPython's Argument Clinic and Python/getargs.c.

use crate::payload::{Downcast, Payload};
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Tuple, Type, TypeRef, Value};
use std::borrow::Cow;

/// The arguments of a call.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    /// Positional arguments, then one value per keyword.
    pub values: &'a [Value],
    /// Names of the keywords: a tuple of str.
    pub names: Option<&'a Ref<Tuple>>,
}

impl<'a> Args<'a> {
    pub const EMPTY: Args<'static> = Args { values: &[], names: None };

    #[inline(always)]
    pub fn positional(values: &'a [Value]) -> Args<'a> {
        Args { values, names: None }
    }

    #[inline(always)]
    pub fn keyword_count(&self) -> usize {
        self.names.map_or(0, |n| n.len())
    }

    #[inline(always)]
    pub fn has_keywords(&self) -> bool {
        self.keyword_count() != 0
    }

    /// The positional arguments.
    #[inline(always)]
    pub fn pos(&self) -> &'a [Value] {
        &self.values[..self.values.len() - self.keyword_count()]
    }

    /// The keyword arguments in order.
    pub fn keywords(&self) -> Keywords<'a> {
        let n = self.keyword_count();
        Keywords { names: self.names, values: &self.values[self.values.len() - n..] }
    }

    /// Raises TypeError "NAME() takes no keyword arguments" when there are any.
    pub fn no_keywords(&self, vm: &Vm, name: &str) -> Res<()> {
        if self.has_keywords() {
            return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
        }
        Ok(())
    }

    /// Checks the number of positional arguments (CPython `_PyArg_CheckPositional`).
    pub fn check_positional(&self, vm: &Vm, name: &str, min: usize, max: usize) -> Res<&'a [Value]> {
        let pos = self.pos();
        if pos.len() < min || pos.len() > max {
            return Err(wrong_count(vm, name, pos.len(), min, max));
        }
        Ok(pos)
    }
}

/// Keyword arguments: names and values side by side.
#[derive(Clone, Copy)]
pub struct Keywords<'a> {
    pub names: Option<&'a Ref<Tuple>>,
    pub values: &'a [Value],
}

impl<'a> Keywords<'a> {
    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// (name, value) pairs; names are str objects.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Value, &'a Value)> + Clone + use<'a> {
        self.names.map(|n| n.as_slice()).unwrap_or(&[]).iter().zip(self.values)
    }

    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.iter().find(|(n, _)| n.downcast::<Str>().is_some_and(|n| n.eq_str(name))).map(|(_, v)| v)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodKind {
    Instance,
    Class,
    /// Static methods of types, and functions of modules.
    Static,
}

/// How the native function takes its arguments. The second parameter is the receiver: instance, class, or module (None).
#[derive(Clone, Copy)]
pub enum Call {
    NoArgs(fn(&Vm, &Value) -> Res),
    One(fn(&Vm, &Value, &Value) -> Res),
    Many(fn(&Vm, &Value, Args<'_>) -> Res),
}

pub struct MethodDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub signature: Option<&'static Signature>,
    pub kind: MethodKind,
    pub call: Call,
}

pub type Getter = fn(&Vm, &Value) -> Res;
/// `None` deletes.
pub type Setter = fn(&Vm, &Value, Option<&Value>) -> Res<()>;

pub struct GetSetDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub get: Option<Getter>,
    pub set: Option<Setter>,
}

pub struct MethodTable {
    pub methods: &'static [MethodDef],
    pub accessors: &'static [GetSetDef],
    /// Read-only attributes that show as `member_descriptor`, as the fields of CPython's structures do.
    pub members: &'static [GetSetDef],
}

pub struct Signature {
    /// As `__text_signature__` shows it: `($self, object, /)`.
    pub text: &'static str,
    pub parameters: &'static [Parameter],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterKind {
    PositionalOnly,
    Positional,
    KeywordOnly,
    VarArgs,
    VarKeywords,
}

pub struct Parameter {
    pub name: &'static str,
    pub kind: ParameterKind,
    pub required: bool,
}

/// What `*args` and `**kwargs` receive.
pub struct Rest<'a> {
    pub positional: &'a [Value],
    pub keywords: Keywords<'a>,
}

/// Calls a native method or function; checks the number of arguments of the short forms.
/// `full_name` is what messages call it (`list.append`).
#[inline]
pub fn call_native(vm: &Vm, def: &'static MethodDef, receiver: &Value, args: Args<'_>, owner: Option<&str>) -> Res {
    match def.call {
        Call::NoArgs(f) => {
            if args.values.is_empty() {
                return f(vm, receiver);
            }
            Err(bad_short_call(vm, def, args, owner))
        }
        Call::One(f) => match (args.values, args.has_keywords()) {
            ([only], false) => f(vm, receiver, only),
            _ => Err(bad_short_call(vm, def, args, owner)),
        },
        Call::Many(_) if args.has_keywords() && def.signature.is_some_and(|s| s.takes_no_keywords()) => {
            Err(bad_short_call(vm, def, args, owner))
        }
        Call::Many(f) => f(vm, receiver, args),
    }
}

#[cold]
fn bad_short_call(vm: &Vm, def: &'static MethodDef, args: Args<'_>, owner: Option<&str>) -> Raised {
    let name = match owner {
        Some(owner) => format!("{owner}.{}", def.name),
        None => def.name.to_string(),
    };
    if args.has_keywords() {
        return vm.type_error(format!("{name}() takes no keyword arguments"));
    }
    let n = args.values.len();
    match def.call {
        Call::NoArgs(_) => vm.type_error(format!("{name}() takes no arguments ({n} given)")),
        _ => vm.type_error(format!("{name}() takes exactly one argument ({n} given)")),
    }
}

/// CPython `_PyArg_CheckPositional`.
#[cold]
pub fn wrong_count(vm: &Vm, name: &str, given: usize, min: usize, max: usize) -> Raised {
    let (bound, n) = if given < min { ("at least ", min) } else { ("at most ", max) };
    let bound = if min == max { "" } else { bound };
    let s = if n == 1 { "" } else { "s" };
    vm.type_error(format!("{name} expected {bound}{n} argument{s}, got {given}"))
}

/// Binds positional arguments, whose number has been checked, without looking at a signature; `most` of them have a name.
#[inline(always)]
pub fn bind_positional<'a>(values: &'a [Value], bound: &mut [Option<&'a Value>], most: usize) -> Rest<'a> {
    for (slot, value) in bound.iter_mut().take(most).zip(values) {
        *slot = Some(value);
    }
    Rest { positional: values.get(most..).unwrap_or(&[]), keywords: Keywords { names: None, values: &[] } }
}

/// What binding has to know of a signature's parameters, found in one walk over them.
#[derive(Default)]
struct Shape {
    has_varargs: bool,
    var_keywords: bool,
    /// Parameters but `*args` and `**kwargs`, which stand behind the positional ones and at the end.
    plain: usize,
    max_positional: usize,
    /// How many parameters at the start have no name to the outside, and how many of these in a row must be given.
    only_by_position: usize,
    min: usize,
    required: usize,
}

impl Shape {
    #[inline]
    fn of(parameters: &[Parameter]) -> Shape {
        let mut shape = Shape::default();
        for parameter in parameters {
            match parameter.kind {
                ParameterKind::VarArgs => shape.has_varargs = true,
                ParameterKind::VarKeywords => shape.var_keywords = true,
                kind => {
                    if kind == ParameterKind::PositionalOnly && shape.only_by_position == shape.plain {
                        shape.min += usize::from(parameter.required && shape.min == shape.plain);
                        shape.only_by_position += 1;
                    }
                    shape.plain += 1;
                    shape.max_positional += usize::from(kind != ParameterKind::KeywordOnly);
                    shape.required += usize::from(parameter.required);
                }
            }
        }
        shape
    }
}

/// All but `*args` and `**kwargs`.
#[cold]
fn plain_parameters(parameters: &[Parameter]) -> Vec<&Parameter> {
    parameters.iter().filter(|p| !matches!(p.kind, ParameterKind::VarArgs | ParameterKind::VarKeywords)).collect()
}

/// Distributes a call's arguments over a signature. `bound` has one entry per parameter but `*args` and `**kwargs`.
/// Raises TypeError as CPython's `_PyArg_UnpackKeywords` and `_PyArg_CheckPositional` do.
pub fn bind<'a>(
    vm: &Vm,
    signature: Option<&'static Signature>,
    name: &'static str,
    args: Args<'a>,
    bound: &mut [Option<&'a Value>],
) -> Res<Rest<'a>> {
    let parameters = signature.map_or(&[][..], |s| s.parameters);
    let positional = args.pos();
    let no_rest = Rest { positional: &[], keywords: Keywords { names: None, values: &[] } };
    let shape = Shape::of(parameters);
    if shape.only_by_position == parameters.len() {
        args.no_keywords(vm, name)?;
        let min = shape.required;
        if positional.len() < min || positional.len() > parameters.len() {
            return Err(wrong_count(vm, name, positional.len(), min, parameters.len()));
        }
        for (slot, value) in bound.iter_mut().zip(positional) {
            *slot = Some(value);
        }
        return Ok(no_rest);
    }
    let Shape { has_varargs, var_keywords, max_positional, plain, only_by_position, min, .. } = shape;
    if !has_varargs {
        let too_many_in_all = !var_keywords && args.values.len() > plain;
        if too_many_in_all || positional.len() > max_positional {
            return Err(too_many(vm, name, &plain_parameters(parameters), max_positional, too_many_in_all, args));
        }
    }
    if positional.len() < min {
        let exact = if has_varargs || max_positional > min { "at least" } else { "exactly" };
        let s = if min == 1 { "" } else { "s" };
        return Err(
            vm.type_error(format!("{name}() takes {exact} {min} positional argument{s} ({} given)", positional.len()))
        );
    }
    let by_position = positional.len().min(max_positional);
    for (slot, value) in bound.iter_mut().zip(&positional[..by_position]) {
        *slot = Some(value);
    }
    let keywords = args.keywords();
    let mut left = if var_keywords { 0 } else { keywords.len() };
    for i in by_position.max(only_by_position)..plain {
        let parameter = &parameters[i + usize::from(has_varargs && i >= max_positional)];
        if left > 0
            && let Some(value) = keywords.get(parameter.name)
        {
            bound[i] = Some(value);
            left -= 1;
        } else if parameter.required {
            return Err(vm.type_error(format!(
                "{name}() missing required argument '{}' (pos {})",
                parameter.name,
                i + 1
            )));
        }
    }
    if left > 0 {
        return Err(bad_keyword(vm, name, &plain_parameters(parameters), only_by_position, by_position, keywords));
    }
    Ok(Rest {
        positional: if has_varargs { positional.get(max_positional..).unwrap_or(&[]) } else { &[] },
        keywords: if var_keywords { keywords } else { no_rest.keywords },
    })
}

/// Says which keyword of a call is one too many: it names an argument already given by position, or none.
#[cold]
fn bad_keyword(
    vm: &Vm,
    name: &str,
    plain: &[&Parameter],
    only_by_position: usize,
    by_position: usize,
    keywords: Keywords<'_>,
) -> Raised {
    for (i, parameter) in plain.iter().enumerate().take(by_position).skip(only_by_position) {
        if keywords.get(parameter.name).is_some() {
            let given = parameter.name;
            return vm.type_error(format!("argument for {name}() given by name ('{given}') and position ({})", i + 1));
        }
    }
    let names: Vec<&str> = plain[only_by_position..].iter().map(|p| p.name).collect();
    unexpected_keyword(vm, name, keywords, &names)
}

/// `NAME() got an unexpected keyword argument 'x'`, with the parameter that was probably meant; for the first of `keywords` that is
/// none of `names`.
#[cold]
pub fn unexpected_keyword(vm: &Vm, name: &str, keywords: Keywords<'_>, names: &[&str]) -> Raised {
    for (key, _) in keywords.iter() {
        let Some(text) = key.downcast::<Str>() else { return vm.type_error("keywords must be strings") };
        if names.iter().any(|n| text.eq_str(n)) {
            continue;
        }
        // A key of a class of its own may claim to be equal to a name that it is not.
        if key.exact::<Str>(vm).is_none() {
            for known in names {
                let equal = vm.new_str(known).and_then(|known| vm.equal(known.as_value(), key));
                match equal {
                    Ok(false) => {}
                    Ok(true) => return invalid_keyword(vm, name),
                    Err(raised) => return raised,
                }
            }
        }
        let text = text.to_utf8_lossy();
        let candidates: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        let hint = vm.closest_name(&text, &candidates).map_or_else(String::new, |n| format!(". Did you mean '{n}'?"));
        return vm.type_error(format!("{name}() got an unexpected keyword argument '{text}'{hint}"));
    }
    invalid_keyword(vm, name)
}

#[cold]
fn invalid_keyword(vm: &Vm, name: &str) -> Raised {
    vm.type_error(format!("invalid keyword argument for {name}()"))
}

impl Signature {
    /// Whether every argument is given by position: the message about a keyword then names the function in full.
    pub fn takes_no_keywords(&self) -> bool {
        // A function that takes its arguments apart itself may show a signature without declaring parameters.
        !self.parameters.is_empty()
            && self.parameters.iter().all(|p| matches!(p.kind, ParameterKind::PositionalOnly | ParameterKind::VarArgs))
    }
}

/// More arguments than parameters (`in_all`), or more by position than may be.
#[cold]
fn too_many(vm: &Vm, name: &str, plain: &[&Parameter], max: usize, in_all: bool, args: Args<'_>) -> Raised {
    let given = args.pos().len();
    if in_all {
        let (n, total) = (plain.len(), args.values.len());
        let keyword = if given == 0 { "keyword " } else { "" };
        let s = if n == 1 { "" } else { "s" };
        return vm.type_error(format!("{name}() takes at most {n} {keyword}argument{s} ({total} given)"));
    }
    if max == 0 {
        return vm.type_error(format!("{name}() takes no positional arguments"));
    }
    let s = if max == 1 { "" } else { "s" };
    let bound = if plain.iter().take(max).all(|p| p.required) { "exactly" } else { "at most" };
    vm.type_error(format!("{name}() takes {bound} {max} positional argument{s} ({given} given)"))
}

/// Where an argument stands, for messages.
#[derive(Clone, Copy)]
pub struct Place {
    pub function: &'static str,
    pub parameter: &'static str,
    pub position: usize,
    /// Messages then say `argument 1`, else `argument 'name'`.
    pub by_position: bool,
}

impl Place {
    /// `append() argument 'x' must be str, not int` (CPython `_PyArg_BadArgument`).
    #[cold]
    pub fn bad(self, vm: &Vm, expected: &str, value: &Value) -> Raised {
        // Position 0: the function's only argument, which has no number.
        let what = match (self.by_position, self.position) {
            (true, 0) => String::new(),
            (true, n) => format!(" {n}"),
            _ => format!(" '{}'", self.parameter),
        };
        let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
        vm.type_error(format!("{}() argument{what} must be {expected}, not {got}", self.function))
    }
}

#[cold]
pub fn missing(vm: &Vm, place: Place) -> Raised {
    vm.type_error(format!(
        "{}() missing required argument '{}' (pos {})",
        place.function, place.parameter, place.position
    ))
}

/// The receiver of a native method viewed through its payload.
#[inline(always)]
pub fn receiver<'a, T: Payload>(vm: &Vm, this: &'a Value, name: &str) -> Res<&'a Ref<T>> {
    match this.downcast::<T>() {
        Some(this) => Ok(this),
        None => Err(bad_receiver(vm, this, name, T::def().name)),
    }
}

#[cold]
fn bad_receiver(vm: &Vm, this: &Value, name: &str, owner: &str) -> Raised {
    let got = vm.type_name(this);
    vm.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{got}' object"))
}

pub fn class_receiver<'a>(vm: &Vm, this: &'a Value, name: &str) -> Res<&'a TypeRef> {
    match this.downcast::<Type>() {
        Some(cls) => Ok(cls),
        None => Err(bad_receiver(vm, this, name, "type")),
    }
}

/// A Rust type that a Python argument converts to.
pub trait FromArg<'a>: Sized {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self>;
}

impl<'a> FromArg<'a> for &'a Value {
    #[inline(always)]
    fn from_arg(_: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        Ok(value)
    }
}

impl<'a> FromArg<'a> for Value {
    #[inline(always)]
    fn from_arg(_: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        Ok(value.clone())
    }
}

impl<'a, T: Payload> FromArg<'a> for &'a Ref<T> {
    #[inline(always)]
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        value.downcast::<T>().ok_or_else(|| place.bad(vm, T::def().name, value))
    }
}

impl<'a, T: Payload> FromArg<'a> for Ref<T> {
    #[inline(always)]
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        <&Ref<T>>::from_arg(vm, value, place).cloned()
    }
}

/// Truth value of any object (clinic's `bool` converter).
impl<'a> FromArg<'a> for bool {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        vm.is_true(value)
    }
}

/// A float, an int, or anything with `__float__` or `__index__`.
impl<'a> FromArg<'a> for f64 {
    #[inline]
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        vm.to_f64(value)
    }
}

/// Text; TypeError for other types, ValueError-free: lone surrogates become U+FFFD (use `&Ref<Str>` where they matter).
impl<'a> FromArg<'a> for Cow<'a, str> {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        Ok(<&Ref<Str>>::from_arg(vm, value, place)?.to_utf8_lossy())
    }
}

impl<'a> FromArg<'a> for String {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        Ok(<&Ref<Str>>::from_arg(vm, value, place)?.to_utf8_lossy().into_owned())
    }
}

macro_rules! integer_arguments {
    ($($t:ty => $message:literal),* $(,)?) => {$(
        /// Through `__index__`; OverflowError when it does not fit.
        impl<'a> FromArg<'a> for $t {
            #[inline]
            fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
                if let Some(i) = value.as_small_int() && let Ok(i) = <$t>::try_from(i) {
                    return Ok(i);
                }
                match vm.index_as_i128(value)?.and_then(|i| <$t>::try_from(i).ok()) {
                    Some(i) => Ok(i),
                    None => Err(vm.overflow_error($message)),
                }
            }
        }
    )*};
}
integer_arguments! {
    i8 => "signed char is out of range", u8 => "unsigned byte integer is greater than maximum",
    i16 => "signed short integer is greater than maximum", u16 => "Python int too large to convert to C unsigned short",
    i32 => "Python int too large to convert to C int", u32 => "Python int too large to convert to C unsigned int",
    i64 => "Python int too large to convert to C long", u64 => "Python int too large to convert to C unsigned long",
    isize => "Python int too large to convert to C ssize_t", usize => "Python int too large to convert to C size_t",
}

/// A Rust result that becomes a Python value.
pub trait IntoRes {
    fn into_res(self, vm: &Vm) -> Res;
}

impl IntoRes for Value {
    #[inline(always)]
    fn into_res(self, _: &Vm) -> Res {
        Ok(self)
    }
}

impl IntoRes for () {
    #[inline(always)]
    fn into_res(self, _: &Vm) -> Res {
        Ok(Value::NONE)
    }
}

impl IntoRes for bool {
    #[inline(always)]
    fn into_res(self, _: &Vm) -> Res {
        Ok(Value::bool(self))
    }
}

impl<T> IntoRes for Ref<T> {
    #[inline(always)]
    fn into_res(self, _: &Vm) -> Res {
        Ok(self.into_value())
    }
}

impl IntoRes for f64 {
    #[inline(always)]
    fn into_res(self, vm: &Vm) -> Res {
        vm.new_float(self)
    }
}

impl IntoRes for &str {
    fn into_res(self, vm: &Vm) -> Res {
        Ok(vm.new_str(self)?.into_value())
    }
}

impl IntoRes for String {
    fn into_res(self, vm: &Vm) -> Res {
        self.as_str().into_res(vm)
    }
}

impl<T: IntoRes> IntoRes for Option<T> {
    #[inline(always)]
    fn into_res(self, vm: &Vm) -> Res {
        self.map_or(Ok(Value::NONE), |v| v.into_res(vm))
    }
}

impl<T: IntoRes> IntoRes for Res<T> {
    #[inline(always)]
    fn into_res(self, vm: &Vm) -> Res {
        self?.into_res(vm)
    }
}

macro_rules! integer_results {
    ($($t:ty),*) => {$(
        impl IntoRes for $t {
            #[inline(always)]
            fn into_res(self, vm: &Vm) -> Res {
                match i64::try_from(self) {
                    Ok(i) => vm.new_int(i),
                    Err(_) => vm.new_bigint(num_bigint::BigInt::from(self)),
                }
            }
        }
    )*};
}
integer_results!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);
