//! Annotations as text: what `from __future__ import annotations` stores.
//!
//! This is the unparser inside CPython's compiler, which differs from `ast.unparse` in details: strings keep their
//! default quotes, comprehension targets and walrus operands are parenthesised by their level.
//! Source: CPython Python/ast_unparse.c.

use ophi_bytecode::PyString;
use ophi_syntax::ast::Comprehension as Generator;
use ophi_syntax::ast::*;

use crate::error::CompileError;

/// Binding strength, weakest first.
mod level {
    pub const TUPLE: u8 = 0;
    /// `if`-`else`, `lambda`.
    pub const TEST: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const NOT: u8 = 4;
    pub const CMP: u8 = 5;
    pub const EXPR: u8 = 6;
    pub const BOR: u8 = EXPR;
    pub const BXOR: u8 = 7;
    pub const BAND: u8 = 8;
    pub const SHIFT: u8 = 9;
    pub const ARITH: u8 = 10;
    pub const TERM: u8 = 11;
    pub const FACTOR: u8 = 12;
    pub const POWER: u8 = 13;
    pub const AWAIT: u8 = 14;
    pub const ATOM: u8 = 15;
}

/// The text of an expression.
///
/// # Errors
/// SystemError for an f-string conversion that no source has.
pub fn expression(e: &Expr<'_>) -> Result<PyString, CompileError> {
    let mut writer = Writer { out: Vec::new() };
    writer.expr(e, level::TEST)?;
    Ok(finish(writer.out))
}

fn finish(out: Vec<u8>) -> PyString {
    PyString::from_bytes(&out).unwrap_or_else(|_| PyString::from(String::from_utf8_lossy(&out).into_owned()))
}

type Result_ = Result<(), CompileError>;

struct Writer {
    /// Generalised UTF-8, for string literals may hold surrogates.
    out: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn parenthesised(&mut self, parens: bool, inside: impl FnOnce(&mut Self) -> Result_) -> Result_ {
        if parens {
            self.text("(");
        }
        inside(self)?;
        if parens {
            self.text(")");
        }
        Ok(())
    }

    fn list(&mut self, items: &[Expr<'_>], at: u8) -> Result_ {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(item, at)?;
        }
        Ok(())
    }

    fn expr(&mut self, e: &Expr<'_>, at: u8) -> Result_ {
        use ExprKind as K;
        match e.kind {
            K::BoolOp { op, values } => {
                let (text, own) = if op == BoolOp::And { (" and ", level::AND) } else { (" or ", level::OR) };
                self.parenthesised(at > own, |this| {
                    for (i, value) in values.iter().enumerate() {
                        if i > 0 {
                            this.text(text);
                        }
                        this.expr(value, own + 1)?;
                    }
                    Ok(())
                })
            }
            K::BinOp { left, op, right } => {
                let (text, own) = binary(op);
                let right_first = u8::from(op == Operator::Pow);
                self.parenthesised(at > own, |this| {
                    this.expr(left, own + right_first)?;
                    this.text(text);
                    this.expr(right, own + 1 - right_first)
                })
            }
            K::UnaryOp { op, operand } => {
                let (text, own) = match op {
                    UnaryOp::Invert => ("~", level::FACTOR),
                    UnaryOp::Not => ("not ", level::NOT),
                    UnaryOp::UAdd => ("+", level::FACTOR),
                    UnaryOp::USub => ("-", level::FACTOR),
                };
                self.parenthesised(at > own, |this| {
                    this.text(text);
                    this.expr(operand, own)
                })
            }
            K::Lambda { args, body } => self.parenthesised(at > level::TEST, |this| {
                let positional = args.args.len() + args.posonlyargs.len();
                this.text(if positional > 0 { "lambda " } else { "lambda" });
                this.arguments(args)?;
                this.text(": ");
                this.expr(body, level::TEST)
            }),
            K::IfExp { test, body, orelse } => self.parenthesised(at > level::TEST, |this| {
                this.expr(body, level::TEST + 1)?;
                this.text(" if ");
                this.expr(test, level::TEST + 1)?;
                this.text(" else ");
                this.expr(orelse, level::TEST)
            }),
            K::Dict { keys, values } => {
                self.text("{");
                for (i, (key, value)) in keys.iter().zip(values).enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    match key {
                        Some(key) => {
                            self.expr(key, level::TEST)?;
                            self.text(": ");
                            self.expr(value, level::TEST)?;
                        }
                        None => {
                            self.text("**");
                            self.expr(value, level::EXPR)?;
                        }
                    }
                }
                self.text("}");
                Ok(())
            }
            K::Set { elts } => {
                self.text("{");
                self.list(elts, level::TEST)?;
                self.text("}");
                Ok(())
            }
            K::GeneratorExp { elt, generators } => self.comprehension("(", elt, None, generators, ")"),
            K::ListComp { elt, generators } => self.comprehension("[", elt, None, generators, "]"),
            K::SetComp { elt, generators } => self.comprehension("{", elt, None, generators, "}"),
            K::DictComp { key, value, generators } => self.comprehension("{", key, Some(value), generators, "}"),
            K::Yield { value: None } => {
                self.text("(yield)");
                Ok(())
            }
            K::Yield { value: Some(value) } => {
                self.text("(yield ");
                self.expr(value, level::TEST)?;
                self.text(")");
                Ok(())
            }
            K::YieldFrom { value } => {
                self.text("(yield from ");
                self.expr(value, level::TEST)?;
                self.text(")");
                Ok(())
            }
            K::Await { value } => self.parenthesised(at > level::AWAIT, |this| {
                this.text("await ");
                this.expr(value, level::ATOM)
            }),
            K::Compare { left, ops, comparators } => self.parenthesised(at > level::CMP, |this| {
                this.expr(left, level::CMP + 1)?;
                for (op, right) in ops.iter().zip(comparators) {
                    this.text(comparison(*op));
                    this.expr(right, level::CMP + 1)?;
                }
                Ok(())
            }),
            K::Call { func, args, keywords } => self.call(func, args, keywords),
            K::Constant { value, kind } => {
                if kind.is_some() {
                    self.text("u");
                }
                self.constant(&value);
                Ok(())
            }
            K::JoinedStr { values } => self.quoted("f", values),
            K::TemplateStr { values } => self.quoted("t", values),
            K::FormattedValue { .. } | K::Interpolation { .. } => self.replacement(e),
            K::Attribute { value, attr, .. } => {
                self.expr(value, level::ATOM)?;
                // `1.real` would be a float.
                let integer = matches!(
                    value.kind,
                    K::Constant { value: Constant::Int(_) | Constant::BigInt(_) | Constant::True | Constant::False, .. }
                );
                self.text(if integer { " ." } else { "." });
                self.text(attr);
                Ok(())
            }
            K::Subscript { value, slice, .. } => {
                self.expr(value, level::ATOM)?;
                self.text("[");
                self.expr(slice, level::TUPLE)?;
                self.text("]");
                Ok(())
            }
            K::Starred { value, .. } => {
                self.text("*");
                self.expr(value, level::EXPR)
            }
            K::Name { id, .. } => {
                self.text(id);
                Ok(())
            }
            K::List { elts, .. } => {
                self.text("[");
                self.list(elts, level::TEST)?;
                self.text("]");
                Ok(())
            }
            K::Tuple { elts: [], .. } => {
                self.text("()");
                Ok(())
            }
            K::Tuple { elts, .. } => self.parenthesised(at > level::TUPLE, |this| {
                this.list(elts, level::TEST)?;
                if elts.len() == 1 {
                    this.text(",");
                }
                Ok(())
            }),
            K::Slice { lower, upper, step } => {
                if let Some(lower) = lower {
                    self.expr(lower, level::TEST)?;
                }
                self.text(":");
                if let Some(upper) = upper {
                    self.expr(upper, level::TEST)?;
                }
                if let Some(step) = step {
                    self.text(":");
                    self.expr(step, level::TEST)?;
                }
                Ok(())
            }
            K::NamedExpr { target, value } => self.parenthesised(at > level::TUPLE, |this| {
                this.expr(target, level::ATOM)?;
                this.text(" := ");
                this.expr(value, level::ATOM)
            }),
        }
    }

    fn call(&mut self, func: &Expr<'_>, args: &[Expr<'_>], keywords: &[Keyword<'_>]) -> Result_ {
        self.expr(func, level::ATOM)?;
        if let [generator @ Expr { kind: ExprKind::GeneratorExp { .. }, .. }] = args
            && keywords.is_empty()
        {
            // A generator expression brings its own parentheses.
            return self.expr(generator, level::TEST);
        }
        self.text("(");
        self.list(args, level::TEST)?;
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
            self.expr(keyword.value, level::TEST)?;
        }
        self.text(")");
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments<'_>) -> Result_ {
        let mut first = true;
        let mut delimit = |this: &mut Self| {
            if !first {
                this.text(", ");
            }
            first = false;
        };
        let positional = args.posonlyargs.len() + args.args.len();
        for (i, arg) in args.posonlyargs.iter().chain(args.args).enumerate() {
            delimit(self);
            self.arg(arg)?;
            let default = (i + args.defaults.len()).checked_sub(positional).and_then(|i| args.defaults.get(i));
            if let Some(default) = default {
                self.text("=");
                self.expr(default, level::TEST)?;
            }
            if i + 1 == args.posonlyargs.len() {
                self.text(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            delimit(self);
            self.text("*");
            if let Some(arg) = args.vararg {
                self.arg(arg)?;
            }
        }
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            delimit(self);
            self.arg(arg)?;
            if let Some(default) = default {
                self.text("=");
                self.expr(default, level::TEST)?;
            }
        }
        if let Some(arg) = args.kwarg {
            delimit(self);
            self.text("**");
            self.arg(arg)?;
        }
        Ok(())
    }

    fn arg(&mut self, arg: &Arg<'_>) -> Result_ {
        self.text(arg.arg);
        if let Some(annotation) = arg.annotation {
            self.text(": ");
            self.expr(annotation, level::TEST)?;
        }
        Ok(())
    }

    fn comprehension(
        &mut self,
        open: &str,
        elt: &Expr<'_>,
        value: Option<&Expr<'_>>,
        generators: &[Generator<'_>],
        close: &str,
    ) -> Result_ {
        self.text(open);
        self.expr(elt, level::TEST)?;
        if let Some(value) = value {
            self.text(": ");
            self.expr(value, level::TEST)?;
        }
        for generator in generators {
            self.text(if generator.is_async != 0 { " async for " } else { " for " });
            self.expr(generator.target, level::TUPLE)?;
            self.text(" in ");
            self.expr(generator.iter, level::TEST + 1)?;
            for condition in generator.ifs {
                self.text(" if ");
                self.expr(condition, level::TEST + 1)?;
            }
        }
        self.text(close);
        Ok(())
    }

    fn constant(&mut self, value: &Constant<'_>) {
        match value {
            Constant::Tuple(items) => {
                self.text("(");
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.constant(item);
                }
                self.text(if items.len() == 1 { ",)" } else { ")" });
            }
            Constant::Ellipsis => self.text("..."),
            Constant::Float(_) | Constant::Complex { .. } => {
                // Infinity is no literal, but a number too large is one.
                self.text(&constant_repr(value).replace("inf", "1e309"));
            }
            _ => self.text(&constant_repr(value)),
        }
    }

    /// An f- or t-string: the parts as one text, quoted as its repr.
    fn quoted(&mut self, prefix: &str, values: &[Expr<'_>]) -> Result_ {
        let mut body = Writer { out: Vec::new() };
        values.iter().try_for_each(|value| body.string_part(value))?;
        self.text(prefix);
        self.text(&str_repr(PyStr::from_generalized_utf8(&body.out)));
        Ok(())
    }

    fn string_part(&mut self, e: &Expr<'_>) -> Result_ {
        match e.kind {
            ExprKind::Constant { value: Constant::Str(text), .. } => {
                for &byte in text.as_bytes() {
                    self.out.push(byte);
                    if matches!(byte, b'{' | b'}') {
                        self.out.push(byte);
                    }
                }
                Ok(())
            }
            ExprKind::JoinedStr { values } | ExprKind::TemplateStr { values } => {
                values.iter().try_for_each(|value| self.string_part(value))
            }
            ExprKind::FormattedValue { .. } | ExprKind::Interpolation { .. } => self.replacement(e),
            _ => Err(CompileError::system("unknown expression kind inside f-string or t-string")),
        }
    }

    fn replacement(&mut self, e: &Expr<'_>) -> Result_ {
        let mut inner = Writer { out: Vec::new() };
        let (conversion, spec) = match e.kind {
            ExprKind::FormattedValue { value, conversion, format_spec } => {
                inner.expr(value, level::TEST + 1)?;
                (conversion, format_spec)
            }
            ExprKind::Interpolation { value, str, conversion, format_spec } => {
                match str {
                    Constant::Str(text) => inner.out.extend_from_slice(text.as_bytes()),
                    _ => inner.expr(value, level::TEST + 1)?,
                }
                (conversion, format_spec)
            }
            _ => return Ok(()),
        };
        // `{{` would be a brace.
        self.text(if inner.out.first() == Some(&b'{') { "{ " } else { "{" });
        self.out.append(&mut inner.out);
        match u8::try_from(conversion) {
            Ok(letter @ (b'a' | b'r' | b's')) => {
                self.out.push(b'!');
                self.out.push(letter);
            }
            _ if conversion <= 0 => {}
            _ => return Err(CompileError::system("unknown f-value conversion kind")),
        }
        if let Some(spec) = spec {
            self.text(":");
            self.string_part(spec)?;
        }
        self.text("}");
        Ok(())
    }
}

fn binary(op: Operator) -> (&'static str, u8) {
    match op {
        Operator::Add => (" + ", level::ARITH),
        Operator::Sub => (" - ", level::ARITH),
        Operator::Mult => (" * ", level::TERM),
        Operator::MatMult => (" @ ", level::TERM),
        Operator::Div => (" / ", level::TERM),
        Operator::Mod => (" % ", level::TERM),
        Operator::LShift => (" << ", level::SHIFT),
        Operator::RShift => (" >> ", level::SHIFT),
        Operator::BitOr => (" | ", level::BOR),
        Operator::BitXor => (" ^ ", level::BXOR),
        Operator::BitAnd => (" & ", level::BAND),
        Operator::FloorDiv => (" // ", level::TERM),
        Operator::Pow => (" ** ", level::POWER),
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
