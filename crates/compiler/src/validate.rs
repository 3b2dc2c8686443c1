//! Is a tree made by Python code one that a source could have? Run before compiling such trees; the parser's need it not.
//!
//! What cannot even be written down as our tree (wrong types, `None` in a list of statements) the reader of the Python
//! objects refuses. Source: CPython Python/ast.c.

use ophi_syntax::ast::*;

use crate::deep::on_deep_stack;
use crate::error::{CompileError, Depth, Recursion};

type Result_ = Result<(), CompileError>;

/// Checks a tree.
///
/// # Errors
/// ValueError or TypeError naming the first broken rule; RecursionError for a tree nested too deeply.
pub fn validate(module: &Mod<'_>, recursion: Recursion) -> Result_ {
    match validate_on_stack(module, recursion) {
        Err(CompileError::Recursion) => {
            let again = on_deep_stack(recursion, |recursion| validate_on_stack(module, recursion));
            again.unwrap_or(Err(CompileError::Recursion))
        }
        checked => checked,
    }
}

fn validate_on_stack(module: &Mod<'_>, recursion: Recursion) -> Result_ {
    let mut validator = Validator { depth: Depth::new(recursion) };
    match *module {
        Mod::Module { body, .. } | Mod::Interactive { body } => validator.stmts(body),
        Mod::Expression { body } => validator.expr(body, ExprContext::Load),
        Mod::FunctionType { argtypes, returns } => {
            validator.exprs(argtypes, ExprContext::Load)?;
            validator.expr(returns, ExprContext::Load)
        }
    }
}

struct Validator {
    depth: Depth,
}

fn wrong<T>(message: impl Into<String>) -> Result<T, CompileError> {
    Err(CompileError::Value(message.into()))
}

fn wrong_type<T>(message: &str) -> Result<T, CompileError> {
    Err(CompileError::Type(message.to_owned()))
}

fn context_name(ctx: ExprContext) -> &'static str {
    match ctx {
        ExprContext::Load => "Load",
        ExprContext::Store => "Store",
        ExprContext::Del => "Del",
    }
}

fn positions(range: Range) -> Result_ {
    let [line, col, end_line, end_col] =
        [range.lineno, range.col_offset, range.end_lineno, range.end_col_offset].map(|n| n as i32);
    if line > end_line {
        return wrong(format!("AST node line range ({line}, {end_line}) is not valid"));
    }
    if (line < 0 && end_line != line) || (col < 0 && col != end_col) {
        return wrong(format!(
            "AST node column range ({col}, {end_col}) for line range ({line}, {end_line}) is not valid"
        ));
    }
    if line == end_line && col > end_col {
        return wrong(format!("line {line}, column {col}-{end_col} is not a valid range"));
    }
    Ok(())
}

fn name(name: &str) -> Result_ {
    match name {
        "None" | "True" | "False" => wrong(format!("identifier field can't represent '{name}' constant")),
        _ => Ok(()),
    }
}

fn capture(captured: &str) -> Result_ {
    if captured == "_" {
        return wrong("can't capture name '_' in patterns");
    }
    name(captured)
}

fn not_empty<T>(items: &[T], what: &str, owner: &str) -> Result_ {
    if items.is_empty() { wrong(format!("empty {what} on {owner}")) } else { Ok(()) }
}

fn is_number(e: &Expr<'_>, real: bool, imaginary: bool) -> bool {
    match e.kind {
        ExprKind::Constant { value: Constant::Int(_) | Constant::BigInt(_) | Constant::Float(_), .. } => real,
        ExprKind::Constant { value: Constant::Complex { .. }, .. } => imaginary,
        _ => false,
    }
}

fn is_negative_number(e: &Expr<'_>, imaginary: bool) -> bool {
    matches!(e.kind, ExprKind::UnaryOp { op: UnaryOp::USub, operand } if is_number(operand, true, imaginary))
}

fn is_complex_sum(e: &Expr<'_>) -> bool {
    match e.kind {
        ExprKind::BinOp { left, op: Operator::Add | Operator::Sub, right } => {
            (is_number(left, true, false) || is_negative_number(left, false)) && is_number(right, false, true)
        }
        _ => false,
    }
}

impl Validator {
    fn opt(&mut self, e: Option<&Expr<'_>>, ctx: ExprContext) -> Result_ {
        e.map_or(Ok(()), |e| self.expr(e, ctx))
    }

    fn exprs(&mut self, items: &[Expr<'_>], ctx: ExprContext) -> Result_ {
        items.iter().try_for_each(|e| self.expr(e, ctx))
    }

    fn load(&mut self, e: &Expr<'_>) -> Result_ {
        self.expr(e, ExprContext::Load)
    }

    fn loads(&mut self, items: &[Expr<'_>]) -> Result_ {
        self.exprs(items, ExprContext::Load)
    }

    fn comprehension(&mut self, generators: &[Comprehension<'_>]) -> Result_ {
        if generators.is_empty() {
            return wrong("comprehension with no generators");
        }
        for generator in generators {
            self.expr(generator.target, ExprContext::Store)?;
            self.load(generator.iter)?;
            self.loads(generator.ifs)?;
        }
        Ok(())
    }

    fn keywords(&mut self, keywords: &[Keyword<'_>]) -> Result_ {
        keywords.iter().try_for_each(|k| self.load(k.value))
    }

    fn args(&mut self, args: &[Arg<'_>]) -> Result_ {
        for arg in args {
            positions(arg.range)?;
            self.opt(arg.annotation, ExprContext::Load)?;
        }
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments<'_>) -> Result_ {
        self.args(args.posonlyargs)?;
        self.args(args.args)?;
        self.opt(args.vararg.and_then(|a| a.annotation), ExprContext::Load)?;
        self.args(args.kwonlyargs)?;
        self.opt(args.kwarg.and_then(|a| a.annotation), ExprContext::Load)?;
        if args.defaults.len() > args.posonlyargs.len() + args.args.len() {
            return wrong("more positional defaults than args on arguments");
        }
        if args.kw_defaults.len() != args.kwonlyargs.len() {
            return wrong("length of kwonlyargs is not the same as kw_defaults on arguments");
        }
        self.loads(args.defaults)?;
        args.kw_defaults.iter().flatten().try_for_each(|e| self.load(e))
    }

    fn expr(&mut self, e: &Expr<'_>, ctx: ExprContext) -> Result_ {
        positions(e.range)?;
        self.depth.enter()?;
        use ExprKind as K;
        let actual = match e.kind {
            K::Name { id, ctx } => {
                name(id)?;
                Some(ctx)
            }
            K::Attribute { ctx, .. }
            | K::Subscript { ctx, .. }
            | K::Starred { ctx, .. }
            | K::List { ctx, .. }
            | K::Tuple { ctx, .. } => Some(ctx),
            _ => None,
        };
        match actual {
            Some(actual) if actual != ctx => {
                let (want, has) = (context_name(ctx), context_name(actual));
                return wrong(format!("expression must have {want} context but has {has} instead"));
            }
            None if ctx != ExprContext::Load => {
                return wrong(format!("expression which can't be assigned to in {} context", context_name(ctx)));
            }
            _ => {}
        }
        self.expr_kind(e, ctx)?;
        self.depth.leave();
        Ok(())
    }

    fn expr_kind(&mut self, e: &Expr<'_>, ctx: ExprContext) -> Result_ {
        use ExprKind as K;
        match e.kind {
            K::BoolOp { values, .. } => {
                if values.len() < 2 {
                    return wrong("BoolOp with less than 2 values");
                }
                self.loads(values)
            }
            K::BinOp { left, right, .. } => {
                self.load(left)?;
                self.load(right)
            }
            K::UnaryOp { operand, .. } => self.load(operand),
            K::Lambda { args, body } => {
                self.arguments(args)?;
                self.load(body)
            }
            K::IfExp { test, body, orelse } => {
                self.load(test)?;
                self.load(body)?;
                self.load(orelse)
            }
            K::Dict { keys, values } => {
                if keys.len() != values.len() {
                    return wrong("Dict doesn't have the same number of keys as values");
                }
                keys.iter().flatten().try_for_each(|e| self.load(e))?;
                self.loads(values)
            }
            K::Set { elts } => self.loads(elts),
            K::ListComp { elt, generators } | K::SetComp { elt, generators } | K::GeneratorExp { elt, generators } => {
                self.comprehension(generators)?;
                self.load(elt)
            }
            K::DictComp { key, value, generators } => {
                self.comprehension(generators)?;
                self.load(key)?;
                self.load(value)
            }
            K::Yield { value } => self.opt(value, ExprContext::Load),
            K::YieldFrom { value } | K::Await { value } | K::Attribute { value, .. } => self.load(value),
            K::Compare { left, ops, comparators } => {
                if comparators.is_empty() {
                    return wrong("Compare with no comparators");
                }
                if comparators.len() != ops.len() {
                    return wrong("Compare has a different number of comparators and operands");
                }
                self.loads(comparators)?;
                self.load(left)
            }
            K::Call { func, args, keywords } => {
                self.load(func)?;
                self.loads(args)?;
                self.keywords(keywords)
            }
            K::Constant { .. } | K::Name { .. } => Ok(()),
            K::JoinedStr { values } | K::TemplateStr { values } => self.loads(values),
            K::FormattedValue { value, format_spec, .. } | K::Interpolation { value, format_spec, .. } => {
                self.load(value)?;
                self.opt(format_spec, ExprContext::Load)
            }
            K::Subscript { value, slice, .. } => {
                self.load(slice)?;
                self.load(value)
            }
            K::Starred { value, .. } => self.expr(value, ctx),
            K::Slice { lower, upper, step } => {
                [lower, upper, step].into_iter().try_for_each(|part| self.opt(part, ExprContext::Load))
            }
            K::List { elts, .. } | K::Tuple { elts, .. } => self.exprs(elts, ctx),
            K::NamedExpr { target, value } => {
                if !matches!(target.kind, K::Name { .. }) {
                    return wrong_type("NamedExpr target must be a Name");
                }
                self.load(value)
            }
        }
    }

    fn match_value(&mut self, e: &Expr<'_>) -> Result_ {
        self.load(e)?;
        match e.kind {
            ExprKind::Constant { value, .. } => match value {
                Constant::Int(_)
                | Constant::BigInt(_)
                | Constant::Float(_)
                | Constant::Complex { .. }
                | Constant::Bytes(_)
                | Constant::Str(_) => Ok(()),
                _ => wrong("unexpected constant inside of a literal pattern"),
            },
            ExprKind::Attribute { .. } | ExprKind::JoinedStr { .. } | ExprKind::TemplateStr { .. } => Ok(()),
            _ if is_negative_number(e, true) || is_complex_sum(e) => Ok(()),
            _ => wrong("patterns may only match literals and attribute lookups"),
        }
    }

    fn patterns(&mut self, patterns: &[Pattern<'_>], star_ok: bool) -> Result_ {
        patterns.iter().try_for_each(|p| self.pattern(p, star_ok))
    }

    fn pattern(&mut self, p: &Pattern<'_>, star_ok: bool) -> Result_ {
        positions(p.range)?;
        self.depth.enter()?;
        self.pattern_kind(p, star_ok)?;
        self.depth.leave();
        Ok(())
    }

    fn pattern_kind(&mut self, p: &Pattern<'_>, star_ok: bool) -> Result_ {
        use PatternKind as K;
        match p.kind {
            K::MatchValue { value } => self.match_value(value),
            K::MatchSingleton { value } => match value {
                Constant::None | Constant::True | Constant::False => Ok(()),
                _ => wrong("MatchSingleton can only contain True, False and None"),
            },
            K::MatchSequence { patterns } => self.patterns(patterns, true),
            K::MatchMapping { keys, patterns, rest } => {
                if keys.len() != patterns.len() {
                    return wrong("MatchMapping doesn't have the same number of keys as patterns");
                }
                rest.map_or(Ok(()), capture)?;
                for key in keys {
                    let singleton = matches!(
                        key.kind,
                        ExprKind::Constant { value: Constant::None | Constant::True | Constant::False, .. }
                    );
                    if !singleton {
                        self.match_value(key)?;
                    }
                }
                self.patterns(patterns, false)
            }
            K::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                if kwd_attrs.len() != kwd_patterns.len() {
                    return wrong("MatchClass doesn't have the same number of keyword attributes as patterns");
                }
                self.load(cls)?;
                let mut root = cls;
                while let ExprKind::Attribute { value, .. } = root.kind {
                    root = value;
                }
                if !matches!(root.kind, ExprKind::Name { .. }) {
                    return wrong("MatchClass cls field can only contain Name or Attribute nodes.");
                }
                kwd_attrs.iter().try_for_each(|attr| name(attr))?;
                self.patterns(patterns, false)?;
                self.patterns(kwd_patterns, false)
            }
            K::MatchStar { .. } if !star_ok => wrong("can't use MatchStar here"),
            K::MatchStar { name } => name.map_or(Ok(()), capture),
            K::MatchAs { pattern, name } => {
                name.map_or(Ok(()), capture)?;
                match pattern {
                    None => Ok(()),
                    Some(_) if name.is_none() => wrong("MatchAs must specify a target name if a pattern is given"),
                    Some(pattern) => self.pattern(pattern, false),
                }
            }
            K::MatchOr { patterns } => {
                if patterns.len() < 2 {
                    return wrong("MatchOr requires at least 2 patterns");
                }
                self.patterns(patterns, false)
            }
        }
    }

    fn type_params(&mut self, params: &[TypeParam<'_>]) -> Result_ {
        for p in params {
            positions(p.range)?;
            let (own, bound, default) = match p.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => (name, bound, default_value),
                TypeParamKind::ParamSpec { name, default_value }
                | TypeParamKind::TypeVarTuple { name, default_value } => (name, None, default_value),
            };
            name(own)?;
            self.opt(bound, ExprContext::Load)?;
            self.opt(default, ExprContext::Load)?;
        }
        Ok(())
    }

    /// No constant is imported, none is bound by an import.
    fn aliases(&self, aliases: &[Alias<'_>], owner: &str) -> Result_ {
        not_empty(aliases, "names", owner)?;
        for alias in aliases {
            name(alias.name)?;
            alias.asname.map_or(Ok(()), name)?;
        }
        Ok(())
    }

    fn body(&mut self, body: &[Stmt<'_>], owner: &str) -> Result_ {
        not_empty(body, "body", owner)?;
        self.stmts(body)
    }

    fn stmts(&mut self, body: &[Stmt<'_>]) -> Result_ {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    fn stmt(&mut self, s: &Stmt<'_>) -> Result_ {
        positions(s.range)?;
        self.depth.enter()?;
        self.stmt_kind(s)?;
        self.depth.leave();
        Ok(())
    }

    fn loop_(
        &mut self,
        target: &Expr<'_>,
        iter: &Expr<'_>,
        body: &[Stmt<'_>],
        orelse: &[Stmt<'_>],
        owner: &str,
    ) -> Result_ {
        self.expr(target, ExprContext::Store)?;
        self.load(iter)?;
        self.body(body, owner)?;
        self.stmts(orelse)
    }

    fn with(&mut self, items: &[WithItem<'_>], body: &[Stmt<'_>], owner: &str) -> Result_ {
        not_empty(items, "items", owner)?;
        for item in items {
            self.load(item.context_expr)?;
            self.opt(item.optional_vars, ExprContext::Store)?;
        }
        self.body(body, owner)
    }

    fn try_(
        &mut self,
        body: &[Stmt<'_>],
        handlers: &[ExceptHandler<'_>],
        orelse: &[Stmt<'_>],
        finalbody: &[Stmt<'_>],
        owner: &str,
    ) -> Result_ {
        self.body(body, owner)?;
        if handlers.is_empty() && finalbody.is_empty() {
            return wrong(format!("{owner} has neither except handlers nor finalbody"));
        }
        if handlers.is_empty() && !orelse.is_empty() {
            return wrong(format!("{owner} has orelse but no except handlers"));
        }
        for handler in handlers {
            if owner == "Try" {
                positions(handler.range)?;
            }
            self.opt(handler.type_, ExprContext::Load)?;
            handler.name.map_or(Ok(()), name)?;
            self.body(handler.body, "ExceptHandler")?;
        }
        self.stmts(finalbody)?;
        self.stmts(orelse)
    }

    fn stmt_kind(&mut self, s: &Stmt<'_>) -> Result_ {
        use StmtKind as K;
        match s.kind {
            K::FunctionDef { name: own, args, body, decorator_list, returns, type_params, .. }
            | K::AsyncFunctionDef { name: own, args, body, decorator_list, returns, type_params, .. } => {
                let is_async = matches!(s.kind, K::AsyncFunctionDef { .. });
                self.body(body, if is_async { "AsyncFunctionDef" } else { "FunctionDef" })?;
                name(own)?;
                self.type_params(type_params)?;
                self.arguments(args)?;
                self.loads(decorator_list)?;
                self.opt(returns, ExprContext::Load)
            }
            K::ClassDef { name: own, bases, keywords, body, decorator_list, type_params, .. } => {
                self.body(body, "ClassDef")?;
                name(own)?;
                self.type_params(type_params)?;
                self.loads(bases)?;
                self.keywords(keywords)?;
                self.loads(decorator_list)
            }
            K::Return { value } => self.opt(value, ExprContext::Load),
            K::Delete { targets } => {
                not_empty(targets, "targets", "Delete")?;
                self.exprs(targets, ExprContext::Del)
            }
            K::Assign { targets, value, .. } => {
                not_empty(targets, "targets", "Assign")?;
                self.exprs(targets, ExprContext::Store)?;
                self.load(value)
            }
            K::AugAssign { target, value, .. } => {
                self.expr(target, ExprContext::Store)?;
                self.load(value)
            }
            K::AnnAssign { target, annotation, value, simple } => {
                if simple != 0 && !matches!(target.kind, ExprKind::Name { .. }) {
                    return wrong_type("AnnAssign with simple non-Name target");
                }
                self.expr(target, ExprContext::Store)?;
                self.opt(value, ExprContext::Load)?;
                self.load(annotation)
            }
            K::TypeAlias { name, type_params, value } => {
                if !matches!(name.kind, ExprKind::Name { .. }) {
                    return wrong_type("TypeAlias with non-Name name");
                }
                self.expr(name, ExprContext::Store)?;
                self.type_params(type_params)?;
                self.load(value)
            }
            K::For { target, iter, body, orelse, .. } => self.loop_(target, iter, body, orelse, "For"),
            K::AsyncFor { target, iter, body, orelse, .. } => self.loop_(target, iter, body, orelse, "AsyncFor"),
            K::While { test, body, orelse } => {
                self.load(test)?;
                self.body(body, "While")?;
                self.stmts(orelse)
            }
            K::If { test, body, orelse } => {
                self.load(test)?;
                self.body(body, "If")?;
                self.stmts(orelse)
            }
            K::With { items, body, .. } => self.with(items, body, "With"),
            K::AsyncWith { items, body, .. } => self.with(items, body, "AsyncWith"),
            K::Match { subject, cases } => {
                self.load(subject)?;
                not_empty(cases, "cases", "Match")?;
                for case in cases {
                    self.pattern(case.pattern, false)?;
                    self.opt(case.guard, ExprContext::Load)?;
                    self.body(case.body, "match_case")?;
                }
                Ok(())
            }
            K::Raise { exc: None, cause: Some(_) } => wrong("Raise with cause but no exception"),
            K::Raise { exc, cause } => {
                self.opt(exc, ExprContext::Load)?;
                self.opt(cause, ExprContext::Load)
            }
            K::Try { body, handlers, orelse, finalbody } => self.try_(body, handlers, orelse, finalbody, "Try"),
            K::TryStar { body, handlers, orelse, finalbody } => self.try_(body, handlers, orelse, finalbody, "TryStar"),
            K::Assert { test, msg } => {
                self.load(test)?;
                self.opt(msg, ExprContext::Load)
            }
            K::Import { names } => self.aliases(names, "Import"),
            K::ImportFrom { names, level, .. } => {
                if level < 0 {
                    return wrong("Negative ImportFrom level");
                }
                self.aliases(names, "ImportFrom")
            }
            K::Global { names } => not_empty(names, "names", "Global"),
            K::Nonlocal { names } => not_empty(names, "names", "Nonlocal"),
            K::Expr { value } => self.load(value),
            K::Pass {} | K::Break {} | K::Continue {} => Ok(()),
        }
    }
}
