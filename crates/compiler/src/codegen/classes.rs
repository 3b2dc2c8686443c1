//! Class definitions.
//!
//! `class C(B, k=v): body` is `C = __build_class__(<function of body>, 'C', B, k=v)`. The body's function stores into
//! the class's namespace, and leaves there the cells that methods need (`__classcell__`, `__classdictcell__`). A generic
//! class is made inside a scope of its own that holds its type parameters.
//! Source: CPython Python/codegen.c (`codegen_class`, `codegen_class_body`).

use ophi_bytecode::{Constant as Const, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::operands::*;
use super::unit::{ScopeKind, UnitStart};
use super::{Compiler, Result};
use crate::instruction_sequence::{Location, NO_LOCATION, Name};
use crate::location;
use crate::symtable::{BlockKey, address};

impl<'a> Compiler<'a, '_> {
    pub(super) fn class(&mut self, s: &'a Stmt<'a>) -> Result<()> {
        let StmtKind::ClassDef { name, bases, keywords, body, decorator_list, type_params } = s.kind else {
            return Ok(());
        };
        self.decorators(decorator_list)?;
        let first = decorator_list.first().map_or(s.range, |d| d.range);
        let firstlineno = first.lineno as i32;
        let loc = location(s.range);
        let generic = !type_params.is_empty();
        if generic {
            let scope_name = format!("<generic parameters of {name}>");
            let key = BlockKey::TypeParams(address(s));
            let start = UnitStart::default();
            self.enter_scope(&scope_name, ScopeKind::Annotations, key, firstlineno, Some(name), start)?;
            self.type_params(type_params)?;
            self.name_op(loc, ".type_params", ExprContext::Store)?;
        }
        self.class_body(s, name, body, generic, firstlineno)?;
        if generic {
            self.name_op(loc, ".type_params", ExprContext::Load)?;
            self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_SUBSCRIPT_GENERIC);
            self.name_op(loc, ".generic_base", ExprContext::Store)?;
            self.call_with(loc, 2, bases, Some(".generic_base"), keywords)?;
            let code = self.finish_unit(false)?;
            self.make_closure(loc, code, 0)?;
            self.emit(loc, Op::PUSH_NULL);
            self.emit_arg(loc, Op::CALL, 0);
        } else {
            self.call_with(loc, 2, bases, None, keywords)?;
        }
        self.apply_decorators(decorator_list);
        self.name_op(loc, name, ExprContext::Store)
    }

    /// Pushes `__build_class__`, the body's function and the class's name.
    fn class_body(
        &mut self,
        s: &'a Stmt<'a>,
        name: &'a str,
        body: &'a [Stmt<'a>],
        generic: bool,
        firstlineno: i32,
    ) -> Result<()> {
        let key = BlockKey::node(s);
        self.enter_scope(name, ScopeKind::Class, key, firstlineno, Some(name), UnitStart::default())?;
        let loc = Location::new(firstlineno, firstlineno, 0, 0);
        self.name_op(loc, "__name__", ExprContext::Load)?;
        self.name_op(loc, "__module__", ExprContext::Store)?;
        let qualname = self.unit().info.qualname.string();
        self.load_const(loc, Const::Str(qualname));
        self.name_op(loc, "__qualname__", ExprContext::Store)?;
        self.load_const(loc, Const::Int(i64::from(firstlineno)));
        self.name_op(loc, "__firstlineno__", ExprContext::Store)?;
        if generic {
            self.name_op(loc, ".type_params", ExprContext::Load)?;
            self.name_op(loc, "__type_params__", ExprContext::Store)?;
        }
        if self.ste().needs_classdict {
            self.emit(loc, Op::LOAD_LOCALS);
            let cell = self.implicit_cell("__classdict__");
            self.emit_arg(loc, Op::STORE_DEREF, cell);
        }
        if self.ste().has_conditional_annotations {
            self.emit_arg(loc, Op::BUILD_SET, 0);
            let cell = self.implicit_cell("__conditional_annotations__");
            self.emit_arg(loc, Op::STORE_DEREF, cell);
        }
        self.body(loc, body, false)?;
        let attributes = std::mem::take(&mut self.unit().static_attributes);
        let mut attributes: Vec<&Name> = attributes.as_slice().iter().map(|id| self.table.names.name(*id)).collect();
        attributes.sort_unstable();
        let attributes = attributes.into_iter().map(|name| Const::Str(name.string())).collect();
        self.load_const(NO_LOCATION, Const::Tuple(attributes));
        self.name_op(NO_LOCATION, "__static_attributes__", ExprContext::Store)?;
        if self.ste().needs_classdict {
            let cell = self.implicit_cell("__classdict__");
            self.emit_arg(NO_LOCATION, Op::LOAD_CLOSURE, cell);
            self.name_op(NO_LOCATION, "__classdictcell__", ExprContext::Store)?;
        }
        if self.ste().needs_class_closure {
            let cell = self.implicit_cell("__class__");
            self.emit_arg(NO_LOCATION, Op::LOAD_CLOSURE, cell);
            self.emit_arg(NO_LOCATION, Op::COPY, 1);
            self.name_op(NO_LOCATION, "__classcell__", ExprContext::Store)?;
        } else {
            self.load_none(NO_LOCATION);
        }
        self.emit(NO_LOCATION, Op::RETURN_VALUE);
        let code = self.finish_unit(true)?;
        // From here on the class line is to blame, not a decorator's.
        let loc = location(s.range);
        self.emit(loc, Op::LOAD_BUILD_CLASS);
        self.emit(loc, Op::PUSH_NULL);
        let name = code.name.clone();
        self.make_closure(loc, code, 0)?;
        self.load_const(loc, Const::Str(name));
        Ok(())
    }
}
