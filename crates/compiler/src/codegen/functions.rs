//! Function definitions and lambdas: defaults, annotations, body, decorators.
//!
//! A generic function (`def f[T]`) is made inside a scope of its own that is called at once; defaults are evaluated
//! outside and passed in. Source: CPython Python/codegen.c (`codegen_function`, `codegen_lambda`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::operands::*;
use super::unit::{BlockData, BlockType, ScopeKind, UnitStart};
use super::{Compiler, Result, clean_doc};
use crate::error::CompileError;
use crate::instruction_sequence::{Label, Location, NO_LOCATION};
use crate::preprocess::docstring;
use crate::symtable::{BlockKey, address};
use crate::{const_table, location};

/// The fields of `FunctionDef` and `AsyncFunctionDef`.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) args: &'a Arguments<'a>,
    pub(super) body: &'a [Stmt<'a>],
    pub(super) decorators: &'a [Expr<'a>],
    pub(super) returns: Option<&'a Expr<'a>>,
    pub(super) type_params: &'a [TypeParam<'a>],
    pub(super) is_async: bool,
}

fn counts(args: &Arguments<'_>) -> UnitStart {
    UnitStart {
        argcount: args.args.len(),
        posonlyargcount: args.posonlyargs.len(),
        kwonlyargcount: args.kwonlyargs.len(),
    }
}

impl<'a> Compiler<'a, '_> {
    /// Pushes decorators; `apply_decorators` calls them.
    pub(super) fn decorators(&mut self, decorators: &'a [Expr<'a>]) -> Result<()> {
        self.exprs(decorators)
    }

    pub(super) fn apply_decorators(&mut self, decorators: &'a [Expr<'a>]) {
        for decorator in decorators.iter().rev() {
            self.emit_arg(location(decorator.range), Op::CALL, 0);
        }
    }

    /// Pushes default values; says which attributes of the function they are.
    fn defaults(&mut self, loc: Location, args: &'a Arguments<'a>) -> Result<usize> {
        let mut attributes = 0;
        if !args.defaults.is_empty() {
            self.exprs(args.defaults)?;
            self.emit_arg(loc, Op::BUILD_TUPLE, args.defaults.len());
            attributes |= MAKE_FUNCTION_DEFAULTS;
        }
        let mut keyword_defaults = 0;
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            if let Some(default) = default {
                keyword_defaults += 1;
                let name = self.mangled(arg.arg);
                self.load_name_text(loc, name);
                self.expr(default)?;
            }
        }
        if keyword_defaults > 0 {
            self.emit_arg(loc, Op::BUILD_MAP, keyword_defaults);
            attributes |= MAKE_FUNCTION_KWDEFAULTS;
        }
        Ok(attributes)
    }

    /// Pushes the function's `__annotate__`, if it has annotations.
    fn annotations(&mut self, loc: Location, args: &'a Arguments<'a>, returns: Option<&'a Expr<'a>>) -> Result<usize> {
        let key = BlockKey::FunctionAnnotations(address(args));
        let ste = self.lookup_block(key)?;
        if !self.table[ste].annotations_used {
            return Ok(0);
        }
        let name = self.table[ste].name.clone();
        self.enter_annotations(loc, key, &name)?;
        let mut count = 0;
        let groups =
            args.args.iter().chain(args.posonlyargs).chain(args.vararg).chain(args.kwonlyargs).chain(args.kwarg);
        let parts = groups.filter_map(|a| Some((a.arg, a.annotation?))).chain(returns.map(|r| ("return", r)));
        for (name, annotation) in parts {
            self.annotation(loc, name, annotation)?;
            count += 1;
        }
        self.emit_arg(loc, Op::BUILD_MAP, count);
        self.leave_annotations(loc)?;
        Ok(MAKE_FUNCTION_ANNOTATE)
    }

    fn annotation(&mut self, loc: Location, name: &str, annotation: &'a Expr<'a>) -> Result<()> {
        let name = self.mangled(name);
        self.load_name_text(loc, name);
        if self.future_annotations() {
            return self.annotation_text(annotation);
        }
        if let ExprKind::Starred { value, .. } = annotation.kind {
            // `*args: *Ts` means the one item of `[*Ts]`.
            self.expr(value)?;
            self.emit_arg(loc, Op::UNPACK_SEQUENCE, 1);
            return Ok(());
        }
        self.expr(annotation)
    }

    /// The annotation as a string (`from __future__ import annotations`).
    pub(super) fn annotation_text(&mut self, annotation: &'a Expr<'a>) -> Result<()> {
        let text = ophi_syntax::unparse::expression(annotation).map_err(|e| CompileError::system(e.0))?;
        self.load_str(location(annotation.range), &text);
        Ok(())
    }

    pub(super) fn function(&mut self, s: &'a Stmt<'a>, f: &Function<'a>) -> Result<()> {
        self.decorators(f.decorators)?;
        let first = f.decorators.first().map_or(s.range, |d| d.range);
        let firstlineno = first.lineno as i32;
        let loc = location(s.range);
        let mut attributes = self.defaults(loc, f.args)?;
        let generic = !f.type_params.is_empty();
        let mut passed = 0;
        if generic {
            passed = usize::from(attributes & MAKE_FUNCTION_DEFAULTS != 0)
                + usize::from(attributes & MAKE_FUNCTION_KWDEFAULTS != 0);
            if passed == 2 {
                self.emit_arg(loc, Op::SWAP, 2);
            }
            let name = format!("<generic parameters of {}>", f.name);
            let start = UnitStart { argcount: passed, ..UnitStart::default() };
            let key = BlockKey::TypeParams(address(s));
            self.enter_scope(&name, ScopeKind::Annotations, key, firstlineno, None, start)?;
            self.type_params(f.type_params)?;
            for i in 0..passed {
                self.emit_arg(loc, Op::LOAD_FAST, i);
            }
        }
        attributes |= self.annotations(loc, f.args, f.returns)?;
        self.function_body(s, f, attributes, firstlineno)?;
        if generic {
            self.emit_arg(loc, Op::SWAP, 2);
            self.emit_arg(loc, Op::CALL_INTRINSIC_2, INTRINSIC_SET_FUNCTION_TYPE_PARAMS);
            let code = self.finish_unit(false)?;
            self.make_closure(loc, code, 0)?;
            if passed > 0 {
                self.emit_arg(loc, Op::SWAP, passed + 1);
                self.emit_arg(loc, Op::CALL, passed - 1);
            } else {
                self.emit(loc, Op::PUSH_NULL);
                self.emit_arg(loc, Op::CALL, 0);
            }
        }
        self.apply_decorators(f.decorators);
        self.name_op(loc, f.name, ExprContext::Store)
    }

    fn function_body(&mut self, s: &'a Stmt<'a>, f: &Function<'a>, attributes: usize, firstlineno: i32) -> Result<()> {
        let kind = if f.is_async { ScopeKind::AsyncFunction } else { ScopeKind::Function };
        self.enter_scope(f.name, kind, BlockKey::node(s), firstlineno, None, counts(f.args))?;
        let mut body = f.body;
        if self.ste().has_docstring
            && let Some(text) = docstring(body)
        {
            let text = clean_doc(&const_table::string(text));
            self.unit().consts.add(Constant::Str(text));
            body = &body[1..];
        }
        let start = self.new_label();
        self.place(start);
        let resumable = self.ste().coroutine || self.ste().generator;
        if resumable {
            // The handler that `wrap_in_stop_iteration_handler` adds counts as a block around the body.
            self.push_block(NO_LOCATION, BlockType::StopIteration, start, Label::NONE, BlockData::None)?;
        }
        self.stmts(body)?;
        if resumable {
            self.wrap_in_stop_iteration_handler();
            self.pop_block();
        }
        let code = self.finish_unit(true)?;
        self.make_closure(location(s.range), code, attributes)
    }

    /// Turns a StopIteration that escapes a generator into a RuntimeError (PEP 479).
    pub(super) fn wrap_in_stop_iteration_handler(&mut self) {
        let handler = self.new_label();
        self.unit().seq.insert(0, Op::SETUP_CLEANUP, handler.0 as u32, NO_LOCATION);
        self.load_none(NO_LOCATION);
        self.emit(NO_LOCATION, Op::RETURN_VALUE);
        self.place(handler);
        self.emit_arg(NO_LOCATION, Op::CALL_INTRINSIC_1, INTRINSIC_STOPITERATION_ERROR);
        self.emit_arg(NO_LOCATION, Op::RERAISE, 1);
    }

    pub(super) fn lambda(&mut self, e: &'a Expr<'a>, args: &'a Arguments<'a>, body: &'a Expr<'a>) -> Result<()> {
        let loc = location(e.range);
        let attributes = self.defaults(loc, args)?;
        self.enter_scope("<lambda>", ScopeKind::Lambda, BlockKey::node(e), loc.line, None, counts(args))?;
        self.expr(body)?;
        let add_none = !self.ste().generator;
        if add_none {
            self.emit(location(body.range), Op::RETURN_VALUE);
        }
        let code = self.finish_unit(add_none)?;
        self.make_closure(loc, code, attributes)
    }
}
