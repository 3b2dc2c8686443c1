//! The tree before symbol tables: what CPython 3.14 still rewrites in the tree.
//!
//! Docstrings go at `-OO`, `__debug__` becomes a constant, `"..." % (...)` with simple conversions becomes an f-string,
//! signed and complex numbers in patterns become constants, and control flow that leaves a `finally` block is warned
//! about (PEP 765). All other folding happens in the flow graph. Trees are immutable, so a rewritten node is a new
//! node; whatever does not change is shared with the input, and an unchanged tree is returned as it came.
//! Source: CPython Python/ast_preprocess.c.

mod format;
mod pattern;

use bumpalo::Bump;
use ophi_syntax::ast::*;
use ophi_syntax::parser::RewriteLines;

use crate::error::{CompileError, Depth, Recursion, Warning};
use crate::future::CO_FUTURE_ANNOTATIONS;
use crate::location;

type Result<T> = std::result::Result<T, CompileError>;

/// How to rewrite.
#[derive(Clone, Copy, Debug)]
pub struct PreprocessOptions {
    pub optimize: u8,
    /// Future features in force; annotations that will be strings are not touched.
    pub future_flags: u32,
    /// Only remove docstrings and warn: `compile(..., PyCF_ONLY_AST)` without `PyCF_OPTIMIZED_AST` (for which the caller
    /// drops the warnings too: they come when the tree is compiled).
    pub syntax_check_only: bool,
    pub recursion: Recursion,
}

/// Rewrites a tree; new nodes live in `arena`. Where `places` are known, statements away from them are not looked at.
///
/// # Errors
/// RecursionError for a tree nested too deeply.
pub fn preprocess<'a>(
    arena: &'a Bump,
    module: &Mod<'a>,
    places: Option<&RewriteLines>,
    options: PreprocessOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Mod<'a>> {
    let depth = Depth::new(options.recursion);
    let places = places.filter(|_| options.optimize < 2);
    let mut folder = Folder { arena, places, options, warnings, depth, contexts: Vec::new(), rewrites: 0 };
    Ok(match *module {
        Mod::Module { body, type_ignores } => Mod::Module { body: folder.body(body)?, type_ignores },
        Mod::Interactive { body } => Mod::Interactive { body: folder.stmts(body)? },
        Mod::Expression { body } => Mod::Expression { body: folder.expr(body)? },
        Mod::FunctionType { .. } => *module,
    })
}

/// The text of a body's docstring, if it has one.
pub fn docstring<'a>(body: &[Stmt<'a>]) -> Option<PyStr<'a>> {
    match body.first()?.kind {
        StmtKind::Expr { value: Expr { kind: ExprKind::Constant { value: Constant::Str(text), .. }, .. } } => {
            Some(*text)
        }
        _ => None,
    }
}

/// What a `return`, `break` or `continue` would leave (PEP 765).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Finally,
    Function,
    Loop,
}

struct Folder<'a, 'w> {
    arena: &'a Bump,
    places: Option<&'w RewriteLines>,
    options: PreprocessOptions,
    warnings: &'w mut Vec<Warning>,
    depth: Depth,
    contexts: Vec<Context>,
    /// How many nodes were rewritten so far: a subtree is unchanged if this is unchanged.
    rewrites: usize,
}

/// Is the expression one that is not rewritten, as most are: a name, a constant, an attribute of a name?
#[inline]
fn stays(e: &Expr<'_>) -> bool {
    match e.kind {
        ExprKind::Constant { .. } => true,
        ExprKind::Name { id, .. } => id != "__debug__",
        ExprKind::Attribute { value, .. } => matches!(value.kind, ExprKind::Name { id, .. } if id != "__debug__"),
        _ => false,
    }
}

/// Where a statement begins, its decorators included.
fn first_line(s: &Stmt<'_>) -> u32 {
    let decorators = match s.kind {
        StmtKind::FunctionDef { decorator_list, .. }
        | StmtKind::AsyncFunctionDef { decorator_list, .. }
        | StmtKind::ClassDef { decorator_list, .. } => decorator_list,
        _ => &[],
    };
    decorators.first().map_or(s.range.lineno, |first| first.range.lineno)
}

impl<'a> Folder<'a, '_> {
    /// Rewrites each element; the slice itself is kept while nothing changes.
    fn each<T: Copy>(
        &mut self,
        items: &'a [T],
        mut fold: impl FnMut(&mut Self, &'a T) -> Result<Option<T>>,
    ) -> Result<&'a [T]> {
        let mut changed: Option<Vec<T>> = None;
        for (i, item) in items.iter().enumerate() {
            match (fold(self, item)?, &mut changed) {
                (Some(new), Some(list)) => list.push(new),
                (Some(new), None) => {
                    let mut list = items[..i].to_vec();
                    list.push(new);
                    changed = Some(list);
                }
                (None, Some(list)) => list.push(*item),
                (None, None) => {}
            }
        }
        Ok(match changed {
            Some(list) => self.arena.alloc_slice_copy(&list),
            None => items,
        })
    }

    fn body(&mut self, body: &'a [Stmt<'a>]) -> Result<&'a [Stmt<'a>]> {
        let mut has_docstring = docstring(body).is_some();
        let mut body = body;
        if has_docstring && self.options.optimize >= 2 {
            body = self.without_docstring(body);
            self.rewrites += 1;
            has_docstring = false;
        }
        let folded = self.stmts(body)?;
        // A string that has only now become the first statement must not be taken for a docstring.
        if !has_docstring
            && docstring(folded).is_some()
            && let Some((first, rest)) = folded.split_first()
            && let StmtKind::Expr { value } = first.kind
        {
            self.rewrites += 1;
            let values = self.arena.alloc_slice_copy(&[*value]);
            let value = self.arena.alloc(Expr { range: first.range, kind: ExprKind::JoinedStr { values } });
            let mut list = vec![Stmt { range: first.range, kind: StmtKind::Expr { value } }];
            list.extend_from_slice(rest);
            return Ok(self.arena.alloc_slice_copy(&list));
        }
        Ok(folded)
    }

    /// A body that was only a docstring becomes `pass`, where the docstring began.
    fn without_docstring(&self, body: &'a [Stmt<'a>]) -> &'a [Stmt<'a>] {
        match body {
            [only] => {
                let Range { lineno, col_offset, .. } = only.range;
                let range = Range::new(lineno, col_offset, lineno, col_offset.wrapping_add(4));
                self.arena.alloc_slice_copy(&[Stmt { range, kind: StmtKind::Pass {} }])
            }
            _ => &body[1..],
        }
    }

    fn stmts(&mut self, body: &'a [Stmt<'a>]) -> Result<&'a [Stmt<'a>]> {
        match self.places {
            Some(places) => {
                self.each(
                    body,
                    |this, s| {
                        if places.within(first_line(s), s.range.end_lineno) { this.stmt(s) } else { Ok(None) }
                    },
                )
            }
            None => self.each(body, Self::stmt),
        }
    }

    fn in_context(&mut self, context: Context, body: &'a [Stmt<'a>], whole_body: bool) -> Result<&'a [Stmt<'a>]> {
        self.contexts.push(context);
        let folded = if whole_body { self.body(body) } else { self.stmts(body) };
        self.contexts.pop();
        folded
    }

    fn warn_in_finally(&mut self, keyword: &str, range: Range) {
        self.warnings.push(Warning { message: format!("'{keyword}' in a 'finally' block"), loc: location(range) });
    }

    fn stmt(&mut self, s: &'a Stmt<'a>) -> Result<Option<Stmt<'a>>> {
        self.depth.enter()?;
        let before = self.rewrites;
        let kind = self.stmt_kind(s)?;
        self.depth.leave();
        Ok((self.rewrites != before).then_some(Stmt { range: s.range, kind }))
    }

    fn stmt_kind(&mut self, s: &'a Stmt<'a>) -> Result<StmtKind<'a>> {
        use StmtKind as K;
        Ok(match s.kind {
            K::FunctionDef { name, args, body, decorator_list, returns, type_comment, type_params } => {
                let type_params = self.type_params(type_params)?;
                let args = self.arguments(args)?;
                let body = self.in_context(Context::Function, body, true)?;
                let decorator_list = self.exprs(decorator_list)?;
                let returns = self.annotation(returns)?;
                K::FunctionDef { name, args, body, decorator_list, returns, type_comment, type_params }
            }
            K::AsyncFunctionDef { name, args, body, decorator_list, returns, type_comment, type_params } => {
                let type_params = self.type_params(type_params)?;
                let args = self.arguments(args)?;
                let body = self.in_context(Context::Function, body, true)?;
                let decorator_list = self.exprs(decorator_list)?;
                let returns = self.annotation(returns)?;
                K::AsyncFunctionDef { name, args, body, decorator_list, returns, type_comment, type_params }
            }
            K::ClassDef { name, bases, keywords, body, decorator_list, type_params } => {
                let type_params = self.type_params(type_params)?;
                let bases = self.exprs(bases)?;
                let keywords = self.keywords(keywords)?;
                let body = self.body(body)?;
                let decorator_list = self.exprs(decorator_list)?;
                K::ClassDef { name, bases, keywords, body, decorator_list, type_params }
            }
            K::Return { value } => {
                if self.contexts.last() == Some(&Context::Finally) {
                    self.warn_in_finally("return", s.range);
                }
                K::Return { value: self.opt(value)? }
            }
            K::Delete { targets } => K::Delete { targets: self.exprs(targets)? },
            K::Assign { targets, value, type_comment } => {
                K::Assign { targets: self.exprs(targets)?, value: self.expr(value)?, type_comment }
            }
            K::AugAssign { target, op, value } => {
                K::AugAssign { target: self.expr(target)?, op, value: self.expr(value)? }
            }
            K::AnnAssign { target, annotation, value, simple } => {
                let target = self.expr(target)?;
                let annotation = self.annotation(Some(annotation))?.unwrap_or(annotation);
                K::AnnAssign { target, annotation, value: self.opt(value)?, simple }
            }
            K::TypeAlias { name, type_params, value } => {
                let name = self.expr(name)?;
                let type_params = self.type_params(type_params)?;
                K::TypeAlias { name, type_params, value: self.expr(value)? }
            }
            K::For { target, iter, body, orelse, type_comment } => {
                let target = self.expr(target)?;
                let iter = self.expr(iter)?;
                let body = self.in_context(Context::Loop, body, false)?;
                K::For { target, iter, body, orelse: self.stmts(orelse)?, type_comment }
            }
            K::AsyncFor { target, iter, body, orelse, type_comment } => {
                let target = self.expr(target)?;
                let iter = self.expr(iter)?;
                let body = self.in_context(Context::Loop, body, false)?;
                K::AsyncFor { target, iter, body, orelse: self.stmts(orelse)?, type_comment }
            }
            K::While { test, body, orelse } => {
                let test = self.expr(test)?;
                let body = self.in_context(Context::Loop, body, false)?;
                K::While { test, body, orelse: self.stmts(orelse)? }
            }
            K::If { test, body, orelse } => {
                K::If { test: self.expr(test)?, body: self.stmts(body)?, orelse: self.stmts(orelse)? }
            }
            K::With { items, body, type_comment } => {
                K::With { items: self.with_items(items)?, body: self.stmts(body)?, type_comment }
            }
            K::AsyncWith { items, body, type_comment } => {
                K::AsyncWith { items: self.with_items(items)?, body: self.stmts(body)?, type_comment }
            }
            K::Match { subject, cases } => {
                let subject = self.expr(subject)?;
                K::Match { subject, cases: self.each(cases, |this, case| this.match_case(case))? }
            }
            K::Raise { exc, cause } => K::Raise { exc: self.opt(exc)?, cause: self.opt(cause)? },
            K::Try { body, handlers, orelse, finalbody } => {
                let body = self.stmts(body)?;
                let handlers = self.handlers(handlers)?;
                let orelse = self.stmts(orelse)?;
                K::Try { body, handlers, orelse, finalbody: self.in_context(Context::Finally, finalbody, false)? }
            }
            K::TryStar { body, handlers, orelse, finalbody } => {
                let body = self.stmts(body)?;
                let handlers = self.handlers(handlers)?;
                let orelse = self.stmts(orelse)?;
                K::TryStar { body, handlers, orelse, finalbody: self.in_context(Context::Finally, finalbody, false)? }
            }
            K::Assert { test, msg } => K::Assert { test: self.expr(test)?, msg: self.opt(msg)? },
            K::Expr { value } => K::Expr { value: self.expr(value)? },
            K::Break {} | K::Continue {} => {
                if self.contexts.last() == Some(&Context::Finally) {
                    let keyword = if matches!(s.kind, K::Break {}) { "break" } else { "continue" };
                    self.warn_in_finally(keyword, s.range);
                }
                s.kind
            }
            K::Import { .. } | K::ImportFrom { .. } | K::Global { .. } | K::Nonlocal { .. } | K::Pass {} => s.kind,
        })
    }

    fn exprs(&mut self, items: &'a [Expr<'a>]) -> Result<&'a [Expr<'a>]> {
        if items.iter().all(stays) {
            return Ok(items);
        }
        self.each(items, |this, e| {
            let new = this.expr(e)?;
            Ok((!std::ptr::eq(new, e)).then_some(*new))
        })
    }

    fn holes(&mut self, items: &'a [Option<Expr<'a>>]) -> Result<&'a [Option<Expr<'a>>]> {
        self.each(items, |this, item| {
            let Some(e) = item else { return Ok(None) };
            let new = this.expr(e)?;
            Ok((!std::ptr::eq(new, e)).then_some(Some(*new)))
        })
    }

    fn opt(&mut self, e: Option<&'a Expr<'a>>) -> Result<Option<&'a Expr<'a>>> {
        e.map(|e| self.expr(e)).transpose()
    }

    fn annotation(&mut self, e: Option<&'a Expr<'a>>) -> Result<Option<&'a Expr<'a>>> {
        if self.options.future_flags & CO_FUTURE_ANNOTATIONS != 0 { Ok(e) } else { self.opt(e) }
    }

    /// The rewritten expression, which is `e` itself when nothing in it changes.
    fn expr(&mut self, e: &'a Expr<'a>) -> Result<&'a Expr<'a>> {
        if stays(e) {
            return Ok(e);
        }
        self.depth.enter()?;
        let before = self.rewrites;
        let kind = self.expr_kind(e)?;
        self.depth.leave();
        Ok(if self.rewrites == before { e } else { self.arena.alloc(Expr { range: e.range, kind }) })
    }

    fn expr_kind(&mut self, e: &'a Expr<'a>) -> Result<ExprKind<'a>> {
        use ExprKind as K;
        Ok(match e.kind {
            K::Constant { .. } => e.kind,
            K::Name { id, ctx } => {
                if id == "__debug__" && ctx == ExprContext::Load && !self.options.syntax_check_only {
                    self.rewrites += 1;
                    K::Constant { value: Constant::bool(self.options.optimize == 0), kind: None }
                } else {
                    e.kind
                }
            }
            K::BoolOp { op, values } => K::BoolOp { op, values: self.exprs(values)? },
            K::NamedExpr { target, value } => K::NamedExpr { target, value: self.expr(value)? },
            K::BinOp { left, op, right } => {
                let left = self.expr(left)?;
                let right = self.expr(right)?;
                if op == Operator::Mod
                    && !self.options.syntax_check_only
                    && let K::Constant { value: Constant::Str(text), .. } = left.kind
                    && let K::Tuple { elts, .. } = right.kind
                    && let Some(values) = format::percent_format(self.arena, text, elts)
                {
                    self.rewrites += 1;
                    K::JoinedStr { values }
                } else {
                    K::BinOp { left, op, right }
                }
            }
            K::UnaryOp { op, operand } => K::UnaryOp { op, operand: self.expr(operand)? },
            K::Lambda { args, body } => {
                let args = self.arguments(args)?;
                K::Lambda { args, body: self.expr(body)? }
            }
            K::IfExp { test, body, orelse } => {
                K::IfExp { test: self.expr(test)?, body: self.expr(body)?, orelse: self.expr(orelse)? }
            }
            K::Dict { keys, values } => K::Dict { keys: self.holes(keys)?, values: self.exprs(values)? },
            K::Set { elts } => K::Set { elts: self.exprs(elts)? },
            K::ListComp { elt, generators } => {
                K::ListComp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            K::SetComp { elt, generators } => {
                K::SetComp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            K::DictComp { key, value, generators } => {
                let key = self.expr(key)?;
                let value = self.expr(value)?;
                K::DictComp { key, value, generators: self.comprehensions(generators)? }
            }
            K::GeneratorExp { elt, generators } => {
                K::GeneratorExp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            K::Await { value } => K::Await { value: self.expr(value)? },
            K::Yield { value } => K::Yield { value: self.opt(value)? },
            K::YieldFrom { value } => K::YieldFrom { value: self.expr(value)? },
            K::Compare { left, ops, comparators } => {
                let left = self.expr(left)?;
                K::Compare { left, ops, comparators: self.exprs(comparators)? }
            }
            K::Call { func, args, keywords } => {
                let func = self.expr(func)?;
                let args = self.exprs(args)?;
                K::Call { func, args, keywords: self.keywords(keywords)? }
            }
            K::FormattedValue { value, conversion, format_spec } => {
                let value = self.expr(value)?;
                K::FormattedValue { value, conversion, format_spec: self.opt(format_spec)? }
            }
            K::Interpolation { value, str, conversion, format_spec } => {
                let value = self.expr(value)?;
                K::Interpolation { value, str, conversion, format_spec: self.opt(format_spec)? }
            }
            K::JoinedStr { values } => K::JoinedStr { values: self.exprs(values)? },
            K::TemplateStr { values } => K::TemplateStr { values: self.exprs(values)? },
            K::Attribute { value, attr, ctx } => K::Attribute { value: self.expr(value)?, attr, ctx },
            K::Subscript { value, slice, ctx } => {
                K::Subscript { value: self.expr(value)?, slice: self.expr(slice)?, ctx }
            }
            K::Starred { value, ctx } => K::Starred { value: self.expr(value)?, ctx },
            K::List { elts, ctx } => K::List { elts: self.exprs(elts)?, ctx },
            K::Tuple { elts, ctx } => K::Tuple { elts: self.exprs(elts)?, ctx },
            K::Slice { lower, upper, step } => {
                K::Slice { lower: self.opt(lower)?, upper: self.opt(upper)?, step: self.opt(step)? }
            }
        })
    }

    fn keywords(&mut self, items: &'a [Keyword<'a>]) -> Result<&'a [Keyword<'a>]> {
        self.each(items, |this, k| {
            let value = this.expr(k.value)?;
            Ok((!std::ptr::eq(value, k.value)).then_some(Keyword { value, ..*k }))
        })
    }

    fn comprehensions(&mut self, items: &'a [Comprehension<'a>]) -> Result<&'a [Comprehension<'a>]> {
        self.each(items, |this, c| {
            let before = this.rewrites;
            let new = Comprehension {
                target: this.expr(c.target)?,
                iter: this.expr(c.iter)?,
                ifs: this.exprs(c.ifs)?,
                is_async: c.is_async,
            };
            Ok((this.rewrites != before).then_some(new))
        })
    }

    fn arguments(&mut self, a: &'a Arguments<'a>) -> Result<&'a Arguments<'a>> {
        let before = self.rewrites;
        let new = Arguments {
            posonlyargs: self.args(a.posonlyargs)?,
            args: self.args(a.args)?,
            vararg: self.opt_arg(a.vararg)?,
            kwonlyargs: self.args(a.kwonlyargs)?,
            kw_defaults: self.holes(a.kw_defaults)?,
            kwarg: self.opt_arg(a.kwarg)?,
            defaults: self.exprs(a.defaults)?,
        };
        Ok(if self.rewrites == before { a } else { self.arena.alloc(new) })
    }

    fn args(&mut self, items: &'a [Arg<'a>]) -> Result<&'a [Arg<'a>]> {
        self.each(items, |this, a| this.arg(a))
    }

    fn opt_arg(&mut self, a: Option<&'a Arg<'a>>) -> Result<Option<&'a Arg<'a>>> {
        let Some(a) = a else { return Ok(None) };
        Ok(Some(match self.arg(a)? {
            Some(new) => self.arena.alloc(new),
            None => a,
        }))
    }

    fn arg(&mut self, a: &'a Arg<'a>) -> Result<Option<Arg<'a>>> {
        let before = self.rewrites;
        let new = Arg { annotation: self.annotation(a.annotation)?, ..*a };
        Ok((self.rewrites != before).then_some(new))
    }

    fn with_items(&mut self, items: &'a [WithItem<'a>]) -> Result<&'a [WithItem<'a>]> {
        self.each(items, |this, w| {
            let before = this.rewrites;
            let new = WithItem { context_expr: this.expr(w.context_expr)?, optional_vars: this.opt(w.optional_vars)? };
            Ok((this.rewrites != before).then_some(new))
        })
    }

    fn handlers(&mut self, items: &'a [ExceptHandler<'a>]) -> Result<&'a [ExceptHandler<'a>]> {
        self.each(items, |this, h| {
            let before = this.rewrites;
            let new = ExceptHandler { type_: this.opt(h.type_)?, body: this.stmts(h.body)?, ..*h };
            Ok((this.rewrites != before).then_some(new))
        })
    }

    fn match_case(&mut self, case: &'a MatchCase<'a>) -> Result<Option<MatchCase<'a>>> {
        let before = self.rewrites;
        let pattern = self.pattern(case.pattern)?;
        let guard = self.opt(case.guard)?;
        let new = MatchCase { pattern, guard, body: self.stmts(case.body)? };
        Ok((self.rewrites != before).then_some(new))
    }

    fn type_params(&mut self, items: &'a [TypeParam<'a>]) -> Result<&'a [TypeParam<'a>]> {
        self.each(items, |this, p| {
            let before = this.rewrites;
            let kind = match p.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => {
                    TypeParamKind::TypeVar { name, bound: this.opt(bound)?, default_value: this.opt(default_value)? }
                }
                TypeParamKind::ParamSpec { name, default_value } => {
                    TypeParamKind::ParamSpec { name, default_value: this.opt(default_value)? }
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    TypeParamKind::TypeVarTuple { name, default_value: this.opt(default_value)? }
                }
            };
            Ok((this.rewrites != before).then_some(TypeParam { range: p.range, kind }))
        })
    }
}
