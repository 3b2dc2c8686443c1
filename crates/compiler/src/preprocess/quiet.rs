//! Is there anything to rewrite or to warn about in a statement? Mostly not, and to see that takes a fraction of rewriting it.
//!
//! The answer "yes" may be wrong: what is rare, or nested deeply, is left to the rewriting.

use ophi_syntax::ast::*;

/// Statements and expressions nested deeper are not looked into.
const MOST_LEVELS: u32 = 200;

/// Is the statement surely left as it is, without a warning?
pub(super) fn statement(s: &Stmt<'_>) -> bool {
    Look { levels: MOST_LEVELS, in_finally: false }.stmt(s)
}

#[derive(Clone, Copy)]
struct Look {
    levels: u32,
    in_finally: bool,
}

impl Look {
    fn deeper(self) -> Look {
        Look { levels: self.levels - 1, ..self }
    }

    fn stmts(self, body: &[Stmt<'_>]) -> bool {
        body.iter().all(|s| self.stmt(s))
    }

    fn stmt(self, s: &Stmt<'_>) -> bool {
        use StmtKind as K;
        if self.levels == 0 {
            return false;
        }
        let it = self.deeper();
        match s.kind {
            K::FunctionDef { args, body, decorator_list, returns, type_params, .. }
            | K::AsyncFunctionDef { args, body, decorator_list, returns, type_params, .. } => {
                type_params.is_empty()
                    && it.arguments(args)
                    && it.exprs(decorator_list)
                    && it.opt(returns)
                    && it.stmts(body)
            }
            K::ClassDef { bases, keywords, body, decorator_list, type_params, .. } => {
                type_params.is_empty()
                    && it.exprs(bases)
                    && it.keywords(keywords)
                    && it.exprs(decorator_list)
                    && it.stmts(body)
            }
            K::Return { value } => !it.in_finally && it.opt(value),
            K::Delete { targets } => it.exprs(targets),
            K::Assign { targets, value, .. } => it.exprs(targets) && it.expr(value),
            K::AugAssign { target, value, .. } => it.expr(target) && it.expr(value),
            K::AnnAssign { target, annotation, value, .. } => it.expr(target) && it.expr(annotation) && it.opt(value),
            K::For { target, iter, body, orelse, .. } | K::AsyncFor { target, iter, body, orelse, .. } => {
                it.expr(target) && it.expr(iter) && it.stmts(body) && it.stmts(orelse)
            }
            K::While { test, body, orelse } | K::If { test, body, orelse } => {
                it.expr(test) && it.stmts(body) && it.stmts(orelse)
            }
            K::With { items, body, .. } | K::AsyncWith { items, body, .. } => {
                items.iter().all(|item| it.expr(item.context_expr) && it.opt(item.optional_vars)) && it.stmts(body)
            }
            K::Raise { exc, cause } => it.opt(exc) && it.opt(cause),
            K::Try { body, handlers, orelse, finalbody } | K::TryStar { body, handlers, orelse, finalbody } => {
                it.stmts(body)
                    && handlers.iter().all(|h| it.opt(h.type_) && it.stmts(h.body))
                    && it.stmts(orelse)
                    && Look { in_finally: true, ..it }.stmts(finalbody)
            }
            K::Assert { test, msg } => it.expr(test) && it.opt(msg),
            K::Expr { value } => it.expr(value),
            K::Break {} | K::Continue {} => !it.in_finally,
            K::Import { .. } | K::ImportFrom { .. } | K::Global { .. } | K::Nonlocal { .. } | K::Pass {} => true,
            K::TypeAlias { .. } | K::Match { .. } => false,
        }
    }

    fn exprs(self, items: &[Expr<'_>]) -> bool {
        items.iter().all(|e| self.expr(e))
    }

    fn holes(self, items: &[Option<Expr<'_>>]) -> bool {
        items.iter().flatten().all(|e| self.expr(e))
    }

    fn opt(self, e: Option<&Expr<'_>>) -> bool {
        e.is_none_or(|e| self.expr(e))
    }

    fn keywords(self, items: &[Keyword<'_>]) -> bool {
        items.iter().all(|k| self.expr(k.value))
    }

    fn arguments(self, a: &Arguments<'_>) -> bool {
        let plain = |args: &[Arg<'_>]| args.iter().all(|a| self.opt(a.annotation));
        let single = |arg: Option<&Arg<'_>>| arg.is_none_or(|a| self.opt(a.annotation));
        plain(a.posonlyargs)
            && plain(a.args)
            && single(a.vararg)
            && plain(a.kwonlyargs)
            && single(a.kwarg)
            && self.exprs(a.defaults)
            && self.holes(a.kw_defaults)
    }

    fn comprehensions(self, items: &[Comprehension<'_>]) -> bool {
        items.iter().all(|c| self.expr(c.target) && self.expr(c.iter) && self.exprs(c.ifs))
    }

    #[inline]
    fn expr(self, e: &Expr<'_>) -> bool {
        match e.kind {
            ExprKind::Constant { .. } => true,
            ExprKind::Name { id, .. } => id != "__debug__",
            _ if self.levels == 0 => false,
            _ => self.deeper().within(e),
        }
    }

    fn within(self, e: &Expr<'_>) -> bool {
        use ExprKind as K;
        match e.kind {
            K::Constant { .. } | K::Name { .. } => true,
            K::BinOp { left, op, right } => {
                let formats = op == Operator::Mod && matches!(left.kind, K::Constant { value: Constant::Str(_), .. });
                !formats && self.expr(left) && self.expr(right)
            }
            K::BoolOp { values, .. } | K::JoinedStr { values } | K::TemplateStr { values } => self.exprs(values),
            K::NamedExpr { target, value } => self.expr(target) && self.expr(value),
            K::UnaryOp { operand, .. } => self.expr(operand),
            K::Lambda { args, body } => self.arguments(args) && self.expr(body),
            K::IfExp { test, body, orelse } => self.expr(test) && self.expr(body) && self.expr(orelse),
            K::Dict { keys, values } => self.holes(keys) && self.exprs(values),
            K::Set { elts } | K::List { elts, .. } | K::Tuple { elts, .. } => self.exprs(elts),
            K::ListComp { elt, generators } | K::SetComp { elt, generators } | K::GeneratorExp { elt, generators } => {
                self.expr(elt) && self.comprehensions(generators)
            }
            K::DictComp { key, value, generators } => {
                self.expr(key) && self.expr(value) && self.comprehensions(generators)
            }
            K::Yield { value } => self.opt(value),
            K::Await { value } | K::YieldFrom { value } | K::Attribute { value, .. } | K::Starred { value, .. } => {
                self.expr(value)
            }
            K::Compare { left, comparators, .. } => self.expr(left) && self.exprs(comparators),
            K::Call { func, args, keywords } => self.expr(func) && self.exprs(args) && self.keywords(keywords),
            K::FormattedValue { value, format_spec, .. } | K::Interpolation { value, format_spec, .. } => {
                self.expr(value) && self.opt(format_spec)
            }
            K::Subscript { value, slice, .. } => self.expr(value) && self.expr(slice),
            K::Slice { lower, upper, step } => self.opt(lower) && self.opt(upper) && self.opt(step),
        }
    }
}
