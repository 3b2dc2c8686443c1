//! The documentation strings of the types of `_typing`, as CPython has them.

pub const TYPE_VAR: &str = r#"A type parameter (PEP 695): class Sequence[T], with an optional bound, T: bound, constraints, T: (A, B),
and default, T = default. Variance is inferred, unless it is made by calling TypeVar.
"#;

pub const PARAM_SPEC: &str = r#"A parameter that stands for a whole list of parameters (PEP 612): def f[**P](...).

P.args and P.kwargs annotate *args and **kwargs.

    >>> P = ParamSpec('P')
    >>> P.__name__
    'P'
"#;

pub const TYPE_VAR_TUPLE: &str = r#"A type parameter that stands for any number of types (PEP 646): class Array[*Shape].

It is always unpacked where it is used.
"#;

pub const TYPE_ALIAS_TYPE: &str = r#"What `type Alias = ...` makes (PEP 695). The value is evaluated when __value__ is first asked for; an alias
may have type parameters.
"#;

pub const PARAM_SPEC_ARGS: &str = r#"P.args of a ParamSpec P; __origin__ is P.

    >>> P = ParamSpec('P')
    >>> P.args.__origin__ == P
    True
"#;

pub const PARAM_SPEC_KWARGS: &str = r#"P.kwargs of a ParamSpec P; __origin__ is P.

    >>> P = ParamSpec('P')
    >>> P.kwargs.__origin__ == P
    True
"#;

pub const GENERIC: &str = r#"The base of generic classes.

A class with a list of type parameters has it by itself (PEP 695); with older syntax it is named among
the bases, as Generic[T].
"#;
