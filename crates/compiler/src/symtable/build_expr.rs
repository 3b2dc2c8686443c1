//! The first pass over expressions, comprehensions, patterns and type parameters.
//!
//! Source: CPython Python/symtable.c (`symtable_visit_expr` and its helpers).

use ophi_syntax::ast::Comprehension as Generator;
use ophi_syntax::ast::*;

use super::build::{Builder, Result};
use super::entry::flags::*;
use super::{BlockKey, BlockKind, Comprehension, SymbolTable, address};
use crate::error::CompileError;
use crate::location;

impl Builder {
    pub(super) fn exprs(&mut self, items: &[Expr<'_>]) -> Result<()> {
        items.iter().try_for_each(|e| self.expr(e))
    }

    pub(super) fn holes(&mut self, items: &[Option<Expr<'_>>]) -> Result<()> {
        items.iter().flatten().try_for_each(|e| self.expr(e))
    }

    pub(super) fn opt_expr(&mut self, e: Option<&Expr<'_>>) -> Result<()> {
        e.map_or(Ok(()), |e| self.expr(e))
    }

    pub(super) fn keywords(&mut self, keywords: &[Keyword<'_>]) -> Result<()> {
        for keyword in keywords {
            if let Some(name) = keyword.arg {
                self.check_name(name, location(keyword.range), ExprContext::Store)?;
            }
        }
        keywords.iter().try_for_each(|k| self.expr(k.value))
    }

    pub(super) fn expr(&mut self, e: &Expr<'_>) -> Result<()> {
        if matches!(e.kind, ExprKind::Constant { .. }) {
            return Ok(());
        }
        self.depth.enter()?;
        self.expr_kind(e)?;
        self.depth.leave();
        Ok(())
    }

    fn expr_kind(&mut self, e: &Expr<'_>) -> Result<()> {
        use ExprKind as K;
        match e.kind {
            K::NamedExpr { target, value } => self.named_expr(e, target, value),
            K::BoolOp { values, .. } => self.exprs(values),
            K::BinOp { left, right, .. } => {
                self.expr(left)?;
                self.expr(right)
            }
            K::UnaryOp { operand, .. } => self.expr(operand),
            K::Lambda { args, body } => {
                self.exprs(args.defaults)?;
                self.holes(args.kw_defaults)?;
                self.enter_block("lambda", BlockKind::Function, BlockKey::node(e), location(e.range))?;
                self.parameters(args)?;
                self.expr(body)?;
                self.exit_block();
                Ok(())
            }
            K::IfExp { test, body, orelse } => {
                self.expr(test)?;
                self.expr(body)?;
                self.expr(orelse)
            }
            K::Dict { keys, values } => {
                self.holes(keys)?;
                self.exprs(values)
            }
            K::Set { elts } | K::List { elts, .. } | K::Tuple { elts, .. } => self.exprs(elts),
            K::GeneratorExp { elt, generators } => {
                self.comprehension(e, "genexpr", Comprehension::Generator, generators, elt, None)
            }
            K::ListComp { elt, generators } => {
                self.comprehension(e, "listcomp", Comprehension::List, generators, elt, None)
            }
            K::SetComp { elt, generators } => {
                self.comprehension(e, "setcomp", Comprehension::Set, generators, elt, None)
            }
            K::DictComp { key, value, generators } => {
                self.comprehension(e, "dictcomp", Comprehension::Dict, generators, key, Some(value))
            }
            K::Yield { value } => {
                self.forbid_in_annotation("yield expression", e)?;
                self.opt_expr(value)?;
                self.yields(e)
            }
            K::YieldFrom { value } => {
                self.forbid_in_annotation("yield expression", e)?;
                self.expr(value)?;
                self.yields(e)
            }
            K::Await { value } => {
                self.forbid_in_annotation("await expression", e)?;
                if !self.allows_top_level_await() {
                    if !self.cur().is_function_like() {
                        return Err(CompileError::syntax("'await' outside function", location(e.range)));
                    }
                    if !self.is_async_def() && self.cur().comprehension == Comprehension::None {
                        return Err(CompileError::syntax("'await' outside async function", location(e.range)));
                    }
                }
                self.expr(value)?;
                self.cur().coroutine = true;
                Ok(())
            }
            K::Compare { left, comparators, .. } => {
                self.expr(left)?;
                self.exprs(comparators)
            }
            K::Call { func, args, keywords } => {
                self.expr(func)?;
                self.exprs(args)?;
                self.keywords(keywords)
            }
            K::FormattedValue { value, format_spec, .. } | K::Interpolation { value, format_spec, .. } => {
                self.expr(value)?;
                self.opt_expr(format_spec)
            }
            K::JoinedStr { values } | K::TemplateStr { values } => self.exprs(values),
            K::Constant { .. } => Ok(()),
            K::Attribute { value, attr, ctx } => {
                self.check_name(attr, location(e.range), ctx)?;
                self.expr(value)
            }
            K::Subscript { value, slice, .. } => {
                self.expr(value)?;
                self.expr(slice)
            }
            K::Starred { value, .. } => self.expr(value),
            K::Slice { lower, upper, step } => {
                self.opt_expr(lower)?;
                self.opt_expr(upper)?;
                self.opt_expr(step)
            }
            K::Name { id, ctx } => {
                if self.cur().in_unevaluated_annotation {
                    return Ok(());
                }
                let loc = location(e.range);
                if ctx == ExprContext::Load {
                    self.add_use(id, loc)?;
                } else {
                    self.add_def_ctx(id, DEF_LOCAL, loc, ctx)?;
                }
                // `super` uses `__class__`.
                if id == "super" && ctx == ExprContext::Load && self.cur().is_function_like() {
                    self.add_def("__class__", USE, loc)?;
                }
                Ok(())
            }
        }
    }

    fn yields(&mut self, e: &Expr<'_>) -> Result<()> {
        self.cur().generator = true;
        let place = match self.cur().comprehension {
            Comprehension::None => return Ok(()),
            Comprehension::List => "list comprehension",
            Comprehension::Set => "set comprehension",
            Comprehension::Dict => "dict comprehension",
            Comprehension::Generator => "generator expression",
        };
        Err(CompileError::syntax(format!("'yield' inside {place}"), location(e.range)))
    }

    fn forbid_in_annotation(&mut self, what: &str, e: &Expr<'_>) -> Result<()> {
        let place = match self.cur().kind {
            BlockKind::Annotation => "an annotation",
            BlockKind::TypeVariable => self.cur().scope_info.unwrap_or("a TypeVar bound"),
            BlockKind::TypeAlias => "a type alias",
            BlockKind::TypeParameters => "the definition of a generic",
            BlockKind::Function | BlockKind::Class | BlockKind::Module => return Ok(()),
        };
        Err(CompileError::syntax(format!("{what} cannot be used within {place}"), location(e.range)))
    }

    fn named_expr(&mut self, e: &Expr<'_>, target: &Expr<'_>, value: &Expr<'_>) -> Result<()> {
        self.forbid_in_annotation("named expression", e)?;
        if self.cur().comp_iter_expr > 0 {
            let message = "assignment expression cannot be used in a comprehension iterable expression";
            return Err(CompileError::syntax(message, location(e.range)));
        }
        if self.cur().comprehension != Comprehension::None {
            self.bind_outside_comprehension(target)?;
        }
        self.expr(value)?;
        self.expr(target)
    }

    /// The target of an assignment expression in a comprehension belongs to the nearest block that is none (PEP 572).
    fn bind_outside_comprehension(&mut self, target: &Expr<'_>) -> Result<()> {
        let ExprKind::Name { id: name, .. } = target.kind else {
            return Err(CompileError::Type("NamedExpr target must be a Name".into()));
        };
        let loc = location(target.range);
        for i in (0..self.stack.len()).rev() {
            let id = self.stack[i];
            if self.table[id].comprehension != Comprehension::None {
                let known = self.lookup_in(id, name);
                if known & DEF_COMP_ITER != 0 && known & DEF_LOCAL != 0 {
                    let message =
                        format!("assignment expression cannot rebind comprehension iteration variable '{name}'");
                    return Err(CompileError::syntax(message, loc));
                }
                continue;
            }
            let refused = match self.table[id].kind {
                BlockKind::Function => {
                    let global = self.lookup_in(id, name) & DEF_GLOBAL != 0;
                    self.add_def(name, if global { DEF_GLOBAL } else { DEF_NONLOCAL }, loc)?;
                    self.record_directive(name, loc);
                    return self.add_def_to(id, name, DEF_LOCAL, loc);
                }
                BlockKind::Module => {
                    self.add_def(name, DEF_GLOBAL, loc)?;
                    self.record_directive(name, loc);
                    return self.add_def_to(SymbolTable::TOP, name, DEF_GLOBAL, loc);
                }
                BlockKind::Class => "cannot be used in a class body",
                BlockKind::TypeParameters => "cannot be used within the definition of a generic",
                BlockKind::TypeAlias => "cannot be used in a type alias",
                BlockKind::TypeVariable => "cannot be used in a TypeVar bound",
                BlockKind::Annotation => continue,
            };
            let message = format!("assignment expression within a comprehension {refused}");
            return Err(CompileError::syntax(message, loc));
        }
        Err(CompileError::system("no block for an assignment expression"))
    }

    fn comprehension(
        &mut self,
        e: &Expr<'_>,
        name: &str,
        kind: Comprehension,
        generators: &[Generator<'_>],
        elt: &Expr<'_>,
        value: Option<&Expr<'_>>,
    ) -> Result<()> {
        let Some((outermost, rest)) = generators.split_first() else {
            return Err(CompileError::Value("comprehension with no generators".into()));
        };
        // The outermost iterable is evaluated in the block around.
        self.cur().comp_iter_expr += 1;
        self.expr(outermost.iter)?;
        self.cur().comp_iter_expr -= 1;
        let loc = location(e.range);
        self.enter_block(name, BlockKind::Function, BlockKey::node(e), loc)?;
        self.cur().comprehension = kind;
        if outermost.is_async != 0 {
            self.cur().coroutine = true;
        }
        self.add_def(".0", DEF_PARAM, loc)?;
        self.cur().comp_iter_target = true;
        self.expr(outermost.target)?;
        self.cur().comp_iter_target = false;
        self.exprs(outermost.ifs)?;
        for generator in rest {
            self.cur().comp_iter_target = true;
            self.expr(generator.target)?;
            self.cur().comp_iter_target = false;
            self.cur().comp_iter_expr += 1;
            self.expr(generator.iter)?;
            self.cur().comp_iter_expr -= 1;
            self.exprs(generator.ifs)?;
            if generator.is_async != 0 {
                self.cur().coroutine = true;
            }
        }
        self.opt_expr(value)?;
        self.expr(elt)?;
        let is_generator = kind == Comprehension::Generator;
        self.cur().generator = is_generator;
        let is_async = self.cur().coroutine && !is_generator;
        self.exit_block();
        if is_async
            && !self.is_async_def()
            && self.cur().comprehension == Comprehension::None
            && !self.allows_top_level_await()
        {
            let message = "asynchronous comprehension outside of an asynchronous function";
            return Err(CompileError::syntax(message, loc));
        }
        if is_async {
            self.cur().coroutine = true;
        }
        Ok(())
    }

    pub(super) fn pattern(&mut self, p: &Pattern<'_>) -> Result<()> {
        self.depth.enter()?;
        self.pattern_kind(p)?;
        self.depth.leave();
        Ok(())
    }

    fn pattern_kind(&mut self, p: &Pattern<'_>) -> Result<()> {
        use PatternKind as K;
        let loc = location(p.range);
        match p.kind {
            K::MatchValue { value } => self.expr(value),
            K::MatchSingleton { .. } => Ok(()),
            K::MatchSequence { patterns } | K::MatchOr { patterns } => {
                patterns.iter().try_for_each(|p| self.pattern(p))
            }
            K::MatchStar { name } => name.map_or(Ok(()), |name| self.add_def(name, DEF_LOCAL, loc)),
            K::MatchMapping { keys, patterns, rest } => {
                self.exprs(keys)?;
                patterns.iter().try_for_each(|p| self.pattern(p))?;
                rest.map_or(Ok(()), |name| self.add_def(name, DEF_LOCAL, loc))
            }
            K::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.expr(cls)?;
                patterns.iter().try_for_each(|p| self.pattern(p))?;
                for (name, pattern) in kwd_attrs.iter().zip(kwd_patterns) {
                    self.check_name(name, location(pattern.range), ExprContext::Store)?;
                }
                kwd_patterns.iter().try_for_each(|p| self.pattern(p))
            }
            K::MatchAs { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern)?;
                }
                name.map_or(Ok(()), |name| self.add_def(name, DEF_LOCAL, loc))
            }
        }
    }

    pub(super) fn type_param(&mut self, p: &TypeParam<'_>) -> Result<()> {
        self.depth.enter()?;
        let bound_key = BlockKey::TypeParamBound(address(p));
        match p.kind {
            TypeParamKind::TypeVar { name, bound, default_value } => {
                self.add_def(name, DEF_TYPE_PARAM | DEF_LOCAL, location(p.range))?;
                let what = match bound {
                    Some(Expr { kind: ExprKind::Tuple { .. }, .. }) => "a TypeVar constraint",
                    _ => "a TypeVar bound",
                };
                self.type_param_part(p, name, bound, bound_key, what)?;
                let key = BlockKey::TypeParamDefault(address(p));
                self.type_param_part(p, name, default_value, key, "a TypeVar default")?;
            }
            TypeParamKind::TypeVarTuple { name, default_value } => {
                self.add_def(name, DEF_TYPE_PARAM | DEF_LOCAL, location(p.range))?;
                self.type_param_part(p, name, default_value, bound_key, "a TypeVarTuple default")?;
            }
            TypeParamKind::ParamSpec { name, default_value } => {
                self.add_def(name, DEF_TYPE_PARAM | DEF_LOCAL, location(p.range))?;
                self.type_param_part(p, name, default_value, bound_key, "a ParamSpec default")?;
            }
        }
        self.depth.leave();
        Ok(())
    }

    fn type_param_part(
        &mut self,
        p: &TypeParam<'_>,
        name: &str,
        part: Option<&Expr<'_>>,
        key: BlockKey,
        what: &'static str,
    ) -> Result<()> {
        if name == "__classdict__" {
            let message = format!("reserved name '{name}' cannot be used for type parameter");
            return Err(CompileError::syntax(message, location(p.range)));
        }
        let Some(part) = part else { return Ok(()) };
        let sees_class = self.cur().can_see_class_scope;
        let loc = location(part.range);
        self.enter_block(name, BlockKind::TypeVariable, key, loc)?;
        self.cur().can_see_class_scope = sees_class;
        if sees_class {
            self.add_def("__classdict__", USE, loc)?;
        }
        self.cur().scope_info = Some(what);
        self.expr(part)?;
        self.exit_block();
        Ok(())
    }
}
