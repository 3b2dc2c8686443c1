//! The first pass: raw facts about the names of each block, statement by statement.
//!
//! Expressions, comprehensions and patterns are in `build_expr`. A block stack mirrors the nesting of the walk; the
//! entry of an annotation scope can be entered several times, because a module's or class's annotations share one.
//! Source: CPython Python/symtable.c (`symtable_visit_stmt` and its helpers).

use std::cell::RefCell;
use std::rc::Rc;

use ophi_syntax::ast::*;

use super::entry::flags::*;
use super::{BlockKey, BlockKind, Directive, Entry, ScopeId, SymbolTable, address, analyze};
use crate::error::{CompileError, Depth, Recursion};
use crate::future::{CO_FUTURE_ANNOTATIONS, FutureFeatures};
use crate::instruction_sequence::Location;
use crate::preprocess::docstring;
use crate::{ALLOW_TOP_LEVEL_AWAIT, location};

pub(super) type Result<T> = std::result::Result<T, CompileError>;

/// Builds the symbol tables of a module that `preprocess` has seen.
///
/// `future.flags` holds the compiler flags too ([`ALLOW_TOP_LEVEL_AWAIT`]).
///
/// # Errors
/// SyntaxError for names used against their declarations; RecursionError for a tree nested too deeply.
pub fn build(module: &Mod<'_>, future: FutureFeatures, recursion: Recursion) -> Result<SymbolTable> {
    let mut builder =
        Builder { table: SymbolTable::new(), stack: Vec::new(), private: None, future, depth: Depth::new(recursion) };
    if let Mod::Module { body: [.., last], .. } = module {
        // A program of some length has about a different name every two lines.
        builder.table.names.expect(last.range.end_lineno.cast_signed().max(0) as usize / 2);
    }
    builder.enter_block("top", BlockKind::Module, BlockKey::Module, Location::new(0, 0, 0, 0))?;
    match *module {
        Mod::Module { body, .. } => {
            builder.cur().has_docstring = docstring(body).is_some();
            builder.stmts(body)?;
        }
        Mod::Interactive { body } => builder.stmts(body)?,
        Mod::Expression { body } => builder.expr(body)?,
        Mod::FunctionType { .. } => return Err(CompileError::system("this compiler does not handle FunctionTypes")),
    }
    builder.stack.pop();
    let mut table = builder.table;
    analyze::analyze(&mut table)?;
    Ok(table)
}

pub(super) struct Builder {
    pub(super) table: SymbolTable,
    pub(super) stack: Vec<ScopeId>,
    /// The class whose private names are meant, by its name's number.
    pub(super) private: Option<u32>,
    pub(super) future: FutureFeatures,
    pub(super) depth: Depth,
}

impl Builder {
    pub(super) fn cur_id(&self) -> ScopeId {
        self.stack.last().copied().unwrap_or(SymbolTable::TOP)
    }

    pub(super) fn cur(&mut self) -> &mut Entry {
        let id = self.cur_id();
        &mut self.table[id]
    }

    pub(super) fn future_annotations(&self) -> bool {
        self.future.flags & CO_FUTURE_ANNOTATIONS != 0
    }

    pub(super) fn allows_top_level_await(&mut self) -> bool {
        self.future.flags & ALLOW_TOP_LEVEL_AWAIT != 0 && self.cur().kind == BlockKind::Module
    }

    pub(super) fn is_async_def(&mut self) -> bool {
        self.cur().kind == BlockKind::Function && self.cur().coroutine
    }

    /// Makes an entry without entering it.
    fn new_entry(&mut self, name: &str, kind: BlockKind, key: BlockKey, loc: Location) -> ScopeId {
        let name = self.table.names.intern(name);
        let id = self.table.add(name, kind, loc);
        if let Some(&parent) = self.stack.last() {
            let parent = &self.table[parent];
            let nested = parent.nested || parent.is_function_like();
            let method = parent.kind == BlockKind::Class && kind == BlockKind::Function;
            let entry = &mut self.table[id];
            (entry.nested, entry.method) = (nested, method);
        }
        self.table.blocks.insert(key, id);
        id
    }

    /// Enters a block; the first time it becomes a child of the one around.
    pub(super) fn enter_existing(&mut self, id: ScopeId, first_time: bool) {
        let parent = self.stack.last().copied();
        if let Some(parent) = parent {
            self.table[id].comp_iter_expr = self.table[parent].comp_iter_expr;
            // In classes all names are mangled.
            if self.table[parent].mangled_names.is_some() && self.table[id].kind != BlockKind::Class {
                self.table[id].mangled_names = self.table[parent].mangled_names.clone();
            }
        }
        self.stack.push(id);
        // Annotations that will be strings have no effect on the tables.
        if self.future_annotations() && self.table[id].kind == BlockKind::Annotation {
            return;
        }
        if let Some(parent) = parent
            && first_time
        {
            self.table[parent].children.push(id);
        }
    }

    pub(super) fn enter_block(&mut self, name: &str, kind: BlockKind, key: BlockKey, loc: Location) -> Result<ScopeId> {
        let id = self.new_entry(name, kind, key, loc);
        self.enter_existing(id, true);
        if matches!(kind, BlockKind::Annotation | BlockKind::TypeVariable | BlockKind::TypeAlias) {
            self.add_def(".format", DEF_PARAM, loc)?;
            self.add_def(".format", USE, loc)?;
        }
        Ok(id)
    }

    pub(super) fn exit_block(&mut self) {
        self.stack.pop();
    }

    pub(super) fn mangled(&mut self, name: &str) -> u32 {
        let id = self.cur_id();
        self.table.mangled_in(id, self.private, name)
    }

    /// What block `id` says of `name` so far.
    pub(super) fn lookup_in(&mut self, id: ScopeId, name: &str) -> u32 {
        let mangled = self.table.mangled_in(id, self.private, name);
        self.table[id].symbol(mangled)
    }

    pub(super) fn lookup(&mut self, name: &str) -> u32 {
        self.lookup_in(self.cur_id(), name)
    }

    pub(super) fn add_def_to(&mut self, id: ScopeId, name: &str, flag: u32, loc: Location) -> Result<()> {
        let block = self.cur_id();
        let mangled = self.table.mangled_in(block, self.private, name);
        let SymbolTable { entries, names, .. } = &mut self.table;
        let hint = names.hint(mangled);
        let entry = &mut entries[id.0 as usize];
        let comp_iter_target = entry.comp_iter_target;
        let symbol = entry.symbols.entry_hinted(mangled, &mut hint.symbol);
        let mut value = *symbol;
        if flag & DEF_PARAM != 0 && value & DEF_PARAM != 0 {
            let message = format!("duplicate argument '{name}' in function definition");
            return Err(CompileError::syntax(message, loc));
        }
        if flag & DEF_TYPE_PARAM != 0 && value & DEF_TYPE_PARAM != 0 {
            return Err(CompileError::syntax(format!("duplicate type parameter '{name}'"), loc));
        }
        value |= flag;
        if comp_iter_target {
            // An iteration variable of a comprehension: it must not be the target of an assignment expression too.
            if value & (DEF_GLOBAL | DEF_NONLOCAL) != 0 {
                let message = format!("comprehension inner loop cannot rebind assignment expression target '{name}'");
                return Err(CompileError::syntax(message, loc));
            }
            value |= DEF_COMP_ITER;
        }
        *symbol = value;
        if flag & DEF_PARAM != 0 {
            entry.varnames.push(mangled);
        } else if flag & DEF_GLOBAL != 0 {
            let top = &mut entries[SymbolTable::TOP.0 as usize];
            *top.symbols.entry(mangled) |= flag;
        }
        Ok(())
    }

    /// A name that is read, which nothing speaks against but in the target of a comprehension.
    pub(super) fn add_use(&mut self, name: &str, loc: Location) -> Result<()> {
        let id = self.cur_id();
        let mangled = self.table.mangled_in(id, self.private, name);
        let SymbolTable { entries, names, .. } = &mut self.table;
        let entry = &mut entries[id.0 as usize];
        if entry.comp_iter_target {
            return self.add_def_to(id, name, USE, loc);
        }
        *entry.symbols.entry_hinted(mangled, &mut names.hint(mangled).symbol) |= USE;
        Ok(())
    }

    #[inline]
    pub(super) fn check_name(&self, name: &str, loc: Location, ctx: ExprContext) -> Result<()> {
        if name == "__debug__" {
            match ctx {
                ExprContext::Store => return Err(CompileError::syntax("cannot assign to __debug__", loc)),
                ExprContext::Del => return Err(CompileError::syntax("cannot delete __debug__", loc)),
                ExprContext::Load => {}
            }
        }
        Ok(())
    }

    pub(super) fn add_def_ctx(&mut self, name: &str, flag: u32, loc: Location, ctx: ExprContext) -> Result<()> {
        if flag & (DEF_PARAM | DEF_LOCAL | DEF_IMPORT) != 0 {
            self.check_name(name, loc, ctx)?;
        }
        if flag & DEF_TYPE_PARAM != 0
            && let Some(names) = &self.cur().mangled_names
        {
            names.borrow_mut().insert(name.into());
        }
        let id = self.cur_id();
        self.add_def_to(id, name, flag, loc)
    }

    pub(super) fn add_def(&mut self, name: &str, flag: u32, loc: Location) -> Result<()> {
        let ctx = if flag == USE { ExprContext::Load } else { ExprContext::Store };
        self.add_def_ctx(name, flag, loc, ctx)
    }

    pub(super) fn record_directive(&mut self, name: &str, loc: Location) {
        let name = self.mangled(name);
        let name = self.table.names.name(name).clone();
        self.cur().directives.push(Directive { name, loc });
    }

    pub(super) fn stmts(&mut self, body: &[Stmt<'_>]) -> Result<()> {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    /// Statements that may not run, or not once: annotations among them are conditional.
    fn conditional(&mut self, visit: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = std::mem::replace(&mut self.cur().in_conditional_block, true);
        visit(self)?;
        self.cur().in_conditional_block = before;
        Ok(())
    }

    pub(super) fn stmt(&mut self, s: &Stmt<'_>) -> Result<()> {
        self.depth.enter()?;
        self.stmt_kind(s)?;
        self.depth.leave();
        Ok(())
    }

    fn stmt_kind(&mut self, s: &Stmt<'_>) -> Result<()> {
        use StmtKind as K;
        let loc = location(s.range);
        match s.kind {
            K::FunctionDef { name, args, body, decorator_list, returns, type_params, .. } => {
                self.function(s, name, args, body, decorator_list, returns, type_params, false)
            }
            K::AsyncFunctionDef { name, args, body, decorator_list, returns, type_params, .. } => {
                self.function(s, name, args, body, decorator_list, returns, type_params, true)
            }
            K::ClassDef { .. } => self.class(s),
            K::TypeAlias { name, type_params, value } => self.type_alias(s, name, type_params, value),
            K::Return { value } => {
                if let Some(value) = value {
                    self.expr(value)?;
                    self.cur().returns_value = true;
                }
                Ok(())
            }
            K::Delete { targets } => self.exprs(targets),
            K::Assign { targets, value, .. } => {
                self.exprs(targets)?;
                self.expr(value)
            }
            K::AnnAssign { target, annotation, value, simple } => {
                self.annotated_assignment(loc, target, annotation, value, simple != 0)
            }
            K::AugAssign { target, value, .. } => {
                self.expr(target)?;
                self.expr(value)
            }
            K::For { target, iter, body, orelse, .. } => {
                self.expr(target)?;
                self.expr(iter)?;
                self.conditional(|this| {
                    this.stmts(body)?;
                    this.stmts(orelse)
                })
            }
            K::AsyncFor { target, iter, body, orelse, .. } => {
                self.require_coroutine("'async for' outside async function", loc)?;
                self.expr(target)?;
                self.expr(iter)?;
                self.conditional(|this| {
                    this.stmts(body)?;
                    this.stmts(orelse)
                })
            }
            K::While { test, body, orelse } | K::If { test, body, orelse } => {
                self.expr(test)?;
                self.conditional(|this| {
                    this.stmts(body)?;
                    this.stmts(orelse)
                })
            }
            K::Match { subject, cases } => {
                self.expr(subject)?;
                self.conditional(|this| {
                    for case in cases {
                        this.pattern(case.pattern)?;
                        this.opt_expr(case.guard)?;
                        this.stmts(case.body)?;
                    }
                    Ok(())
                })
            }
            K::Raise { exc, cause } => {
                if let Some(exc) = exc {
                    self.expr(exc)?;
                    self.opt_expr(cause)?;
                }
                Ok(())
            }
            K::Try { body, handlers, orelse, finalbody } | K::TryStar { body, handlers, orelse, finalbody } => self
                .conditional(|this| {
                    this.stmts(body)?;
                    for handler in handlers {
                        this.opt_expr(handler.type_)?;
                        if let Some(name) = handler.name {
                            this.add_def(name, DEF_LOCAL, location(handler.range))?;
                        }
                        this.stmts(handler.body)?;
                    }
                    this.stmts(orelse)?;
                    this.stmts(finalbody)
                }),
            K::Assert { test, msg } => {
                self.expr(test)?;
                self.opt_expr(msg)
            }
            K::Import { names } => names.iter().try_for_each(|a| self.alias(a)),
            K::ImportFrom { module, names, level } => {
                names.iter().try_for_each(|a| self.alias(a))?;
                let last = self.future.last;
                let late = loc.line > last.line || (loc.line == last.end_line && loc.col > last.end_col);
                if module == Some("__future__") && level == 0 && late {
                    let message = "from __future__ imports must occur at the beginning of the file";
                    return Err(CompileError::syntax(message, loc));
                }
                Ok(())
            }
            K::Global { names } => self.declare(names, true, loc),
            K::Nonlocal { names } => self.declare(names, false, loc),
            K::Expr { value } => self.expr(value),
            K::Pass {} | K::Break {} | K::Continue {} => Ok(()),
            K::With { items, body, .. } => self.conditional(|this| this.with(items, body)),
            K::AsyncWith { items, body, .. } => {
                self.require_coroutine("'async with' outside async function", loc)?;
                self.conditional(|this| this.with(items, body))
            }
        }
    }

    fn with(&mut self, items: &[WithItem<'_>], body: &[Stmt<'_>]) -> Result<()> {
        for item in items {
            self.expr(item.context_expr)?;
            self.opt_expr(item.optional_vars)?;
        }
        self.stmts(body)
    }

    fn require_coroutine(&mut self, message: &str, loc: Location) -> Result<()> {
        if self.allows_top_level_await() {
            self.cur().coroutine = true;
        }
        if self.cur().coroutine { Ok(()) } else { Err(CompileError::syntax(message, loc)) }
    }

    fn enter_type_params(
        &mut self,
        s: &Stmt<'_>,
        name: &str,
        has_defaults: bool,
        has_kwdefaults: bool,
        is_class: bool,
    ) -> Result<()> {
        let loc = location(s.range);
        let in_class = self.cur().kind == BlockKind::Class;
        self.enter_block(name, BlockKind::TypeParameters, BlockKey::TypeParams(address(s)), loc)?;
        if in_class {
            self.cur().can_see_class_scope = true;
            self.add_def("__classdict__", USE, loc)?;
        }
        if is_class {
            // Set when the tuple of type parameters is made, used when the bases are built.
            self.add_def(".type_params", DEF_LOCAL, loc)?;
            self.add_def(".type_params", USE, loc)?;
            self.add_def(".generic_base", DEF_LOCAL, loc)?;
            self.add_def(".generic_base", USE, loc)?;
        }
        if has_defaults {
            self.add_def(".defaults", DEF_PARAM, loc)?;
        }
        if has_kwdefaults {
            self.add_def(".kwdefaults", DEF_PARAM, loc)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of two node classes that differ only in name")]
    fn function(
        &mut self,
        s: &Stmt<'_>,
        name: &str,
        args: &Arguments<'_>,
        body: &[Stmt<'_>],
        decorators: &[Expr<'_>],
        returns: Option<&Expr<'_>>,
        type_params: &[TypeParam<'_>],
        is_async: bool,
    ) -> Result<()> {
        let loc = location(s.range);
        self.add_def(name, DEF_LOCAL, loc)?;
        self.exprs(args.defaults)?;
        self.holes(args.kw_defaults)?;
        self.exprs(decorators)?;
        let generic = !type_params.is_empty();
        if generic {
            let has_kwdefaults = args.kw_defaults.iter().any(Option::is_some);
            // CPython asks whether the list of defaults exists, which it always does, not whether it has items.
            self.enter_type_params(s, name, true, has_kwdefaults, false)?;
            type_params.iter().try_for_each(|p| self.type_param(p))?;
        }
        // The function's own block is made before that of its annotations, but entered after it.
        let id = self.new_entry(name, BlockKind::Function, BlockKey::node(s), loc);
        self.table[id].has_docstring = docstring(body).is_some();
        self.function_annotations(loc, args, returns)?;
        self.enter_existing(id, true);
        self.cur().coroutine = is_async;
        self.parameters(args)?;
        self.stmts(body)?;
        self.exit_block();
        if generic {
            self.exit_block();
        }
        Ok(())
    }

    pub(super) fn parameters(&mut self, args: &Arguments<'_>) -> Result<()> {
        for arg in args.posonlyargs.iter().chain(args.args).chain(args.kwonlyargs) {
            self.add_def(arg.arg, DEF_PARAM, location(arg.range))?;
        }
        if let Some(arg) = args.vararg {
            self.add_def(arg.arg, DEF_PARAM, location(arg.range))?;
            self.cur().varargs = true;
        }
        if let Some(arg) = args.kwarg {
            self.add_def(arg.arg, DEF_PARAM, location(arg.range))?;
            self.cur().varkeywords = true;
        }
        Ok(())
    }

    fn function_annotations(&mut self, loc: Location, args: &Arguments<'_>, returns: Option<&Expr<'_>>) -> Result<()> {
        let sees_class = self.cur().can_see_class_scope || self.cur().kind == BlockKind::Class;
        let key = BlockKey::FunctionAnnotations(address(args));
        self.enter_block("__annotate__", BlockKind::Annotation, key, loc)?;
        if sees_class {
            self.cur().can_see_class_scope = true;
            self.add_def("__classdict__", USE, loc)?;
        }
        let parameters = args.posonlyargs.iter().chain(args.args).chain(args.vararg).chain(args.kwarg);
        let annotations = parameters.chain(args.kwonlyargs).filter_map(|a| a.annotation).chain(returns);
        for annotation in annotations {
            self.cur().annotations_used = true;
            self.expr(annotation)?;
        }
        self.exit_block();
        Ok(())
    }

    fn class(&mut self, s: &Stmt<'_>) -> Result<()> {
        let StmtKind::ClassDef { name, bases, keywords, body, decorator_list, type_params } = s.kind else {
            return Ok(());
        };
        let loc = location(s.range);
        self.add_def(name, DEF_LOCAL, loc)?;
        self.exprs(decorator_list)?;
        let outer_private = self.private;
        let generic = !type_params.is_empty();
        if generic {
            self.enter_type_params(s, name, false, false, true)?;
            self.private = Some(self.table.names.intern_id(name));
            self.cur().mangled_names = Some(Rc::new(RefCell::default()));
            type_params.iter().try_for_each(|p| self.type_param(p))?;
        }
        self.exprs(bases)?;
        self.keywords(keywords)?;
        self.enter_block(name, BlockKind::Class, BlockKey::node(s), loc)?;
        self.private = Some(self.table.names.intern_id(name));
        if generic {
            self.add_def("__type_params__", DEF_LOCAL, loc)?;
            self.add_def(".type_params", USE, loc)?;
        }
        self.cur().has_docstring = docstring(body).is_some();
        self.stmts(body)?;
        self.exit_block();
        if generic {
            self.exit_block();
        }
        self.private = outer_private;
        Ok(())
    }

    fn type_alias(&mut self, s: &Stmt<'_>, name: &Expr<'_>, params: &[TypeParam<'_>], value: &Expr<'_>) -> Result<()> {
        let loc = location(s.range);
        self.expr(name)?;
        let ExprKind::Name { id, .. } = name.kind else {
            return Err(CompileError::Type("TypeAlias with non-Name name".into()));
        };
        let in_class = self.cur().kind == BlockKind::Class;
        let generic = !params.is_empty();
        if generic {
            self.enter_type_params(s, id, false, false, false)?;
            params.iter().try_for_each(|p| self.type_param(p))?;
        }
        self.enter_block(id, BlockKind::TypeAlias, BlockKey::node(s), loc)?;
        self.cur().can_see_class_scope = in_class;
        if in_class {
            self.add_def("__classdict__", USE, location(value.range))?;
        }
        self.expr(value)?;
        self.exit_block();
        if generic {
            self.exit_block();
        }
        Ok(())
    }

    fn annotated_assignment(
        &mut self,
        loc: Location,
        target: &Expr<'_>,
        annotation: &Expr<'_>,
        value: Option<&Expr<'_>>,
        simple: bool,
    ) -> Result<()> {
        self.cur().annotations_used = true;
        if let ExprKind::Name { id, .. } = target.kind {
            let known = self.lookup(id);
            if known & (DEF_GLOBAL | DEF_NONLOCAL) != 0 && self.cur_id() != SymbolTable::TOP && simple {
                let what = if known & DEF_GLOBAL != 0 { "global" } else { "nonlocal" };
                return Err(CompileError::syntax(format!("annotated name '{id}' can't be {what}"), loc));
            }
            if simple {
                self.add_def(id, DEF_ANNOT | DEF_LOCAL, location(target.range))?;
            } else if value.is_some() {
                self.add_def(id, DEF_LOCAL, location(target.range))?;
            }
        } else {
            self.expr(target)?;
        }
        self.scope_annotation(annotation)?;
        self.opt_expr(value)
    }

    /// One annotation of a module, class or function body; those of a function body are never evaluated.
    fn scope_annotation(&mut self, annotation: &Expr<'_>) -> Result<()> {
        let parent = self.cur_id();
        let kind = self.cur().kind;
        let loc = location(annotation.range);
        // A module's annotations all count as conditional, since the module may be looked at half executed.
        let conditional = kind == BlockKind::Module || (kind == BlockKind::Class && self.cur().in_conditional_block);
        if conditional && !self.cur().has_conditional_annotations {
            self.cur().has_conditional_annotations = true;
            self.add_def("__conditional_annotations__", USE, loc)?;
        }
        match self.cur().annotation_block {
            None => {
                let key = BlockKey::ScopeAnnotations(parent);
                let id = self.enter_block("__annotate__", BlockKind::Annotation, key, loc)?;
                self.table[parent].annotation_block = Some(id);
                if kind == BlockKind::Class && !self.future_annotations() {
                    self.cur().can_see_class_scope = true;
                    self.add_def("__classdict__", USE, loc)?;
                }
            }
            Some(id) => self.enter_existing(id, false),
        }
        let unevaluated = kind == BlockKind::Function;
        self.cur().in_unevaluated_annotation = unevaluated;
        self.expr(annotation)?;
        self.cur().in_unevaluated_annotation = false;
        self.exit_block();
        Ok(())
    }

    fn declare(&mut self, names: &[&str], global: bool, loc: Location) -> Result<()> {
        let what = if global { "global" } else { "nonlocal" };
        for name in names {
            let known = self.lookup(name);
            if known & (DEF_PARAM | DEF_LOCAL | USE | DEF_ANNOT) != 0 {
                let message = if known & DEF_PARAM != 0 {
                    format!("name '{name}' is parameter and {what}")
                } else if known & USE != 0 {
                    format!("name '{name}' is used prior to {what} declaration")
                } else if known & DEF_ANNOT != 0 {
                    format!("annotated name '{name}' can't be {what}")
                } else {
                    format!("name '{name}' is assigned to before {what} declaration")
                };
                return Err(CompileError::syntax(message, loc));
            }
            self.add_def(name, if global { DEF_GLOBAL } else { DEF_NONLOCAL }, loc)?;
            self.record_directive(name, loc);
        }
        Ok(())
    }

    fn alias(&mut self, alias: &Alias<'_>) -> Result<()> {
        let name = alias.asname.unwrap_or(alias.name);
        let loc = location(alias.range);
        if name == "*" {
            if self.cur().kind != BlockKind::Module {
                return Err(CompileError::syntax("import * only allowed at module level", loc));
            }
            return Ok(());
        }
        // `import a.b` binds `a`.
        let bound = name.split('.').next().unwrap_or(name);
        self.add_def(bound, DEF_IMPORT, loc)
    }
}
