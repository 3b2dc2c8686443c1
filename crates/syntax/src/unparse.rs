//! An expression back to text: what annotations become under `from __future__ import annotations`.
//!
//! Problem: that text is a constant of the code object, so it must be CPython's to the character. Method: one writer,
//! each expression told the binding strength around it ([`Level`]), parentheses where its own is weaker. The text of an
//! f-string's body is built apart, because the whole of it is then shown with `repr`. `ast.unparse`, which differs in
//! details, is Python code and not this. Source: CPython Python/ast_unparse.c.

use crate::ast::{
    Arg, Arguments, BoolOp, CmpOp, Comprehension, Constant, Expr, ExprKind, Keyword, Operator, PyStr, UnaryOp,
    constant_repr, str_repr,
};

/// The text of an expression.
///
/// # Errors
/// A tree only Python code can make (an f-string part that is none, a conversion that is none), or one nested more than
/// [`MAX_DEPTH`] deep.
pub fn expression(expr: &Expr<'_>) -> Result<String, UnparseError> {
    at_level(expr, Level::Test, 0)
}

/// How deeply an expression may be nested. CPython has no such limit and overflows its stack.
pub const MAX_DEPTH: u32 = 5000;

/// A tree that has no text; CPython raises `SystemError` with this message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnparseError(pub &'static str);

type Done = Result<(), UnparseError>;

/// How tightly an expression binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Tuple,
    /// `if`-`else`, `lambda`.
    Test,
    Or,
    And,
    Not,
    Comparison,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Arithmetic,
    Term,
    /// Unary `+`, `-`, `~`.
    Factor,
    Power,
    Await,
    Atom,
}

impl Level {
    /// The next tighter level.
    const fn tighter(self) -> Level {
        use Level::*;
        match self {
            Tuple => Test,
            Test => Or,
            Or => And,
            And => Not,
            Not => Comparison,
            Comparison => BitOr,
            BitOr => BitXor,
            BitXor => BitAnd,
            BitAnd => Shift,
            Shift => Arithmetic,
            Arithmetic => Term,
            Term => Factor,
            Factor => Power,
            Power => Await,
            Await | Atom => Atom,
        }
    }
}

fn at_level(expr: &Expr<'_>, level: Level, depth: u32) -> Result<String, UnparseError> {
    let mut writer = Writer { out: String::new(), depth };
    writer.expr(expr, level)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    depth: u32,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Runs `write`, in parentheses if `needed`.
    fn parenthesized(&mut self, needed: bool, write: impl FnOnce(&mut Self) -> Done) -> Done {
        if needed {
            self.text("(");
        }
        write(self)?;
        if needed {
            self.text(")");
        }
        Ok(())
    }

    fn list(&mut self, exprs: &[Expr<'_>], level: Level) -> Done {
        for (i, expr) in exprs.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(expr, level)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: &Expr<'_>, level: Level) -> Done {
        check_depth(self.depth)?;
        self.depth += 1;
        self.kind(expr, level)?;
        self.depth -= 1;
        Ok(())
    }

    fn kind(&mut self, expr: &Expr<'_>, level: Level) -> Done {
        match expr.kind {
            ExprKind::BoolOp { op, values } => {
                let (word, own) = match op {
                    BoolOp::And => (" and ", Level::And),
                    BoolOp::Or => (" or ", Level::Or),
                };
                self.parenthesized(level > own, |w| {
                    for (i, value) in values.iter().enumerate() {
                        if i > 0 {
                            w.text(word);
                        }
                        w.expr(value, own.tighter())?;
                    }
                    Ok(())
                })
            }
            ExprKind::NamedExpr { target, value } => self.parenthesized(level > Level::Tuple, |w| {
                w.expr(target, Level::Atom)?;
                w.text(" := ");
                w.expr(value, Level::Atom)
            }),
            ExprKind::BinOp { left, op, right } => {
                let (sign, own) = operator(op);
                let (left_level, right_level) =
                    if op == Operator::Pow { (own.tighter(), own) } else { (own, own.tighter()) };
                self.parenthesized(level > own, |w| {
                    w.expr(left, left_level)?;
                    w.text(sign);
                    w.expr(right, right_level)
                })
            }
            ExprKind::UnaryOp { op, operand } => {
                let (sign, own) = match op {
                    UnaryOp::Invert => ("~", Level::Factor),
                    UnaryOp::Not => ("not ", Level::Not),
                    UnaryOp::UAdd => ("+", Level::Factor),
                    UnaryOp::USub => ("-", Level::Factor),
                };
                self.parenthesized(level > own, |w| {
                    w.text(sign);
                    w.expr(operand, own)
                })
            }
            ExprKind::Lambda { args, body } => self.parenthesized(level > Level::Test, |w| {
                let positional = args.args.len() + args.posonlyargs.len();
                w.text(if positional > 0 { "lambda " } else { "lambda" });
                w.arguments(args)?;
                w.text(": ");
                w.expr(body, Level::Test)
            }),
            ExprKind::IfExp { test, body, orelse } => self.parenthesized(level > Level::Test, |w| {
                w.expr(body, Level::Test.tighter())?;
                w.text(" if ");
                w.expr(test, Level::Test.tighter())?;
                w.text(" else ");
                w.expr(orelse, Level::Test)
            }),
            ExprKind::Dict { keys, values } => self.dict(keys, values),
            ExprKind::Set { elts } => self.delimited("{", elts, "}"),
            ExprKind::List { elts, .. } => self.delimited("[", elts, "]"),
            ExprKind::ListComp { elt, generators } => self.comprehension("[", elt, generators, "]"),
            ExprKind::SetComp { elt, generators } => self.comprehension("{", elt, generators, "}"),
            ExprKind::GeneratorExp { elt, generators } => self.comprehension("(", elt, generators, ")"),
            ExprKind::DictComp { key, value, generators } => {
                self.text("{");
                self.expr(key, Level::Test)?;
                self.text(": ");
                self.expr(value, Level::Test)?;
                self.generators(generators)?;
                self.text("}");
                Ok(())
            }
            ExprKind::Await { value } => self.parenthesized(level > Level::Await, |w| {
                w.text("await ");
                w.expr(value, Level::Atom)
            }),
            ExprKind::Yield { value } => {
                self.text("(yield");
                if let Some(value) = value {
                    self.text(" ");
                    self.expr(value, Level::Test)?;
                }
                self.text(")");
                Ok(())
            }
            ExprKind::YieldFrom { value } => {
                self.text("(yield from ");
                self.expr(value, Level::Test)?;
                self.text(")");
                Ok(())
            }
            ExprKind::Compare { left, ops, comparators } => self.parenthesized(level > Level::Comparison, |w| {
                w.expr(left, Level::Comparison.tighter())?;
                for (op, comparator) in ops.iter().zip(comparators) {
                    w.text(comparison(*op));
                    w.expr(comparator, Level::Comparison.tighter())?;
                }
                Ok(())
            }),
            ExprKind::Call { func, args, keywords } => self.call(func, args, keywords),
            ExprKind::FormattedValue { .. } | ExprKind::Interpolation { .. } => {
                let mut body = Vec::new();
                string_part(&mut body, expr, self.depth)?;
                self.text(&String::from_utf8_lossy(&body));
                Ok(())
            }
            ExprKind::JoinedStr { values } => self.formatted("f", values),
            ExprKind::TemplateStr { values } => self.formatted("t", values),
            ExprKind::Constant { value, kind } => {
                if let Some(kind) = kind {
                    self.text(kind);
                }
                self.text(&constant(&value));
                Ok(())
            }
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value, Level::Atom)?;
                let integer =
                    matches!(value.kind, ExprKind::Constant { value: Constant::Int(_) | Constant::BigInt(_), .. });
                self.text(if integer { " ." } else { "." });
                self.text(attr);
                Ok(())
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value, Level::Atom)?;
                self.text("[");
                self.expr(slice, Level::Tuple)?;
                self.text("]");
                Ok(())
            }
            ExprKind::Starred { value, .. } => {
                self.text("*");
                self.expr(value, Level::BitOr)
            }
            ExprKind::Name { id, .. } => {
                self.text(id);
                Ok(())
            }
            ExprKind::Tuple { elts: [], .. } => {
                self.text("()");
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => self.parenthesized(level > Level::Tuple, |w| {
                w.list(elts, Level::Test)?;
                if elts.len() == 1 {
                    w.text(",");
                }
                Ok(())
            }),
            ExprKind::Slice { lower, upper, step } => {
                if let Some(lower) = lower {
                    self.expr(lower, Level::Test)?;
                }
                self.text(":");
                if let Some(upper) = upper {
                    self.expr(upper, Level::Test)?;
                }
                if let Some(step) = step {
                    self.text(":");
                    self.expr(step, Level::Test)?;
                }
                Ok(())
            }
        }
    }

    fn delimited(&mut self, open: &str, elts: &[Expr<'_>], close: &str) -> Done {
        self.text(open);
        self.list(elts, Level::Test)?;
        self.text(close);
        Ok(())
    }

    fn dict(&mut self, keys: &[Option<Expr<'_>>], values: &[Expr<'_>]) -> Done {
        self.text("{");
        for (i, (key, value)) in keys.iter().zip(values).enumerate() {
            if i > 0 {
                self.text(", ");
            }
            match key {
                Some(key) => {
                    self.expr(key, Level::Test)?;
                    self.text(": ");
                    self.expr(value, Level::Test)?;
                }
                None => {
                    self.text("**");
                    self.expr(value, Level::BitOr)?;
                }
            }
        }
        self.text("}");
        Ok(())
    }

    fn comprehension(&mut self, open: &str, elt: &Expr<'_>, generators: &[Comprehension<'_>], close: &str) -> Done {
        self.text(open);
        self.expr(elt, Level::Test)?;
        self.generators(generators)?;
        self.text(close);
        Ok(())
    }

    fn generators(&mut self, generators: &[Comprehension<'_>]) -> Done {
        for generator in generators {
            self.text(if generator.is_async != 0 { " async for " } else { " for " });
            self.expr(generator.target, Level::Tuple)?;
            self.text(" in ");
            self.expr(generator.iter, Level::Test.tighter())?;
            for condition in generator.ifs {
                self.text(" if ");
                self.expr(condition, Level::Test.tighter())?;
            }
        }
        Ok(())
    }

    fn call(&mut self, func: &Expr<'_>, args: &[Expr<'_>], keywords: &[Keyword<'_>]) -> Done {
        self.expr(func, Level::Atom)?;
        if let ([only], []) = (args, keywords)
            && matches!(only.kind, ExprKind::GeneratorExp { .. })
        {
            return self.expr(only, Level::Test);
        }
        self.text("(");
        self.list(args, Level::Test)?;
        for (i, keyword) in keywords.iter().enumerate() {
            if i > 0 || !args.is_empty() {
                self.text(", ");
            }
            match keyword.arg {
                Some(name) => {
                    self.text(name);
                    self.text("=");
                }
                None => self.text("**"),
            }
            self.expr(keyword.value, Level::Test)?;
        }
        self.text(")");
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments<'_>) -> Done {
        let mut first = true;
        let mut separate = |w: &mut Self| {
            if !std::mem::take(&mut first) {
                w.text(", ");
            }
        };
        let positional = args.posonlyargs.len() + args.args.len();
        for (i, arg) in args.posonlyargs.iter().chain(args.args).enumerate() {
            separate(self);
            self.argument(arg)?;
            let default = (i + args.defaults.len()).checked_sub(positional).and_then(|at| args.defaults.get(at));
            self.default(default)?;
            if i + 1 == args.posonlyargs.len() {
                self.text(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            separate(self);
            self.text("*");
            if let Some(arg) = args.vararg {
                self.argument(arg)?;
            }
        }
        for (i, arg) in args.kwonlyargs.iter().enumerate() {
            separate(self);
            self.argument(arg)?;
            let at = (i + args.kw_defaults.len()).checked_sub(args.kwonlyargs.len());
            self.default(at.and_then(|at| args.kw_defaults.get(at)).and_then(Option::as_ref))?;
        }
        if let Some(arg) = args.kwarg {
            separate(self);
            self.text("**");
            self.argument(arg)?;
        }
        Ok(())
    }

    fn argument(&mut self, arg: &Arg<'_>) -> Done {
        self.text(arg.arg);
        if let Some(annotation) = arg.annotation {
            self.text(": ");
            self.expr(annotation, Level::Test)?;
        }
        Ok(())
    }

    fn default(&mut self, default: Option<&Expr<'_>>) -> Done {
        if let Some(default) = default {
            self.text("=");
            self.expr(default, Level::Test)?;
        }
        Ok(())
    }

    fn formatted(&mut self, prefix: &str, values: &[Expr<'_>]) -> Done {
        let mut body = Vec::new();
        for value in values {
            string_part(&mut body, value, self.depth)?;
        }
        self.text(prefix);
        self.text(&str_repr(PyStr::from_generalized_utf8(&body)));
        Ok(())
    }
}

fn check_depth(depth: u32) -> Done {
    if depth < MAX_DEPTH { Ok(()) } else { Err(UnparseError("maximum recursion depth exceeded during compilation")) }
}

/// A part of an f- or t-string, into generalized UTF-8 (literal parts may hold surrogates).
fn string_part(body: &mut Vec<u8>, part: &Expr<'_>, depth: u32) -> Done {
    check_depth(depth)?;
    match part.kind {
        ExprKind::Constant { value: Constant::Str(text), .. } => {
            for &byte in text.as_bytes() {
                body.push(byte);
                if matches!(byte, b'{' | b'}') {
                    body.push(byte);
                }
            }
            Ok(())
        }
        ExprKind::JoinedStr { values } | ExprKind::TemplateStr { values } => {
            values.iter().try_for_each(|value| string_part(body, value, depth + 1))
        }
        ExprKind::FormattedValue { value, conversion, format_spec } => {
            let text = at_level(value, Level::Test.tighter(), depth)?;
            field(body, text.as_bytes(), conversion, format_spec, depth)
        }
        ExprKind::Interpolation { str: Constant::Str(text), conversion, format_spec, .. } => {
            field(body, text.as_bytes(), conversion, format_spec, depth)
        }
        _ => Err(UnparseError("unknown expression kind inside f-string")),
    }
}

/// `{text!r:spec}`; a text starting with a brace is kept from the field's own.
fn field(body: &mut Vec<u8>, text: &[u8], conversion: i32, format_spec: Option<&Expr<'_>>, depth: u32) -> Done {
    body.extend_from_slice(if text.first() == Some(&b'{') { b"{ " } else { b"{" });
    body.extend_from_slice(text);
    if conversion > 0 {
        body.extend_from_slice(match u8::try_from(conversion) {
            Ok(b'a') => b"!a",
            Ok(b'r') => b"!r",
            Ok(b's') => b"!s",
            _ => return Err(UnparseError("unknown f-value conversion kind")),
        });
    }
    if let Some(spec) = format_spec {
        body.push(b':');
        string_part(body, spec, depth + 1)?;
    }
    body.push(b'}');
    Ok(())
}

/// `repr`, but what overflowed to infinity is written as a literal that overflows again.
fn constant(value: &Constant<'_>) -> String {
    let text = constant_repr(value);
    match value {
        Constant::Ellipsis => "...".to_owned(),
        Constant::Float(_) | Constant::Complex { .. } => text.replace("inf", "1e309"),
        _ => text,
    }
}

fn operator(op: Operator) -> (&'static str, Level) {
    match op {
        Operator::Add => (" + ", Level::Arithmetic),
        Operator::Sub => (" - ", Level::Arithmetic),
        Operator::Mult => (" * ", Level::Term),
        Operator::MatMult => (" @ ", Level::Term),
        Operator::Div => (" / ", Level::Term),
        Operator::Mod => (" % ", Level::Term),
        Operator::FloorDiv => (" // ", Level::Term),
        Operator::LShift => (" << ", Level::Shift),
        Operator::RShift => (" >> ", Level::Shift),
        Operator::BitOr => (" | ", Level::BitOr),
        Operator::BitXor => (" ^ ", Level::BitXor),
        Operator::BitAnd => (" & ", Level::BitAnd),
        Operator::Pow => (" ** ", Level::Power),
    }
}

fn comparison(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
    }
}
