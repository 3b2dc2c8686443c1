//! Calls: plain, of methods, with starred arguments, and the shortcut for `all`, `any` and `tuple` over a generator.
//!
//! Source: CPython Python/codegen.c (`codegen_call`, `maybe_optimize_method_call`, `codegen_call_helper_impl`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::expressions::{TUPLE, is_starred};
use super::names::{AttrUse, attribute_location};
use super::operands::*;
use super::{Compiler, Result, STACK_USE_GUIDELINE};
use crate::instruction_sequence::{Label, Location, NO_LOCATION};
use crate::location;
use crate::symtable::BlockKey;
use crate::symtable::flags::DEF_IMPORT;

impl<'a> Compiler<'a, '_> {
    pub(super) fn call(
        &mut self,
        e: &'a Expr<'a>,
        func: &'a Expr<'a>,
        args: &'a [Expr<'a>],
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        self.check_keywords_differ(keywords)?;
        if self.method_call(e, func, args, keywords)? {
            return Ok(());
        }
        let skip = self.new_label();
        self.check_caller(func);
        self.expr(func)?;
        self.generator_shortcut(func, args, keywords, skip)?;
        self.emit(location(func.range), Op::PUSH_NULL);
        self.call_with(location(e.range), 0, args, None, keywords)?;
        self.place(skip);
        Ok(())
    }

    fn check_keywords_differ(&mut self, keywords: &[Keyword<'_>]) -> Result<()> {
        for (i, keyword) in keywords.iter().enumerate() {
            let Some(name) = keyword.arg else { continue };
            if let Some(other) = keywords[i + 1..].iter().find(|k| k.arg == Some(name)) {
                return self.error(location(other.range), format!("keyword argument repeated: {name}"));
            }
        }
        Ok(())
    }

    /// `object.method(...)` without making a bound method. Says whether it did.
    fn method_call(
        &mut self,
        e: &'a Expr<'a>,
        func: &'a Expr<'a>,
        args: &'a [Expr<'a>],
        keywords: &'a [Keyword<'a>],
    ) -> Result<bool> {
        let ExprKind::Attribute { value, attr, ctx: ExprContext::Load } = func.kind else { return Ok(false) };
        // What comes from an import is likely a module, whose attributes are no methods.
        if let ExprKind::Name { id, .. } = value.kind {
            let name = self.table.names.intern_id(id);
            if self.table.top().symbol(name) & DEF_IMPORT != 0 {
                return Ok(false);
            }
        }
        let total = args.len() + keywords.len() + usize::from(!keywords.is_empty());
        if total >= STACK_USE_GUIDELINE || args.iter().any(is_starred) || keywords.iter().any(|k| k.arg.is_none()) {
            return Ok(false);
        }
        let mut loc = location(func.range);
        if self.can_optimize_super(value, attr)? {
            let two_args = self.load_super_args(value)?;
            self.load_super_attr(loc, attr, AttrUse::Method, two_args);
            loc = attribute_location(loc, func, attr);
            self.emit(loc, Op::NOP);
        } else {
            self.expr(value)?;
            loc = attribute_location(loc, func, attr);
            self.load_attr(loc, attr, AttrUse::Method);
        }
        self.exprs(args)?;
        let call_loc = attribute_location(location(e.range), func, attr);
        if keywords.is_empty() {
            self.emit_arg(call_loc, Op::CALL, args.len());
        } else {
            self.keyword_values(loc, keywords)?;
            self.emit_arg(call_loc, Op::CALL_KW, args.len() + keywords.len());
        }
        Ok(true)
    }

    /// Pushes the values of keyword arguments and the tuple of their names.
    fn keyword_values(&mut self, loc: Location, keywords: &'a [Keyword<'a>]) -> Result<()> {
        for keyword in keywords {
            self.expr(keyword.value)?;
        }
        self.load_names(loc, keywords.iter().filter_map(|k| k.arg));
        Ok(())
    }

    /// `all(... for ...)`, `any(...)` and `tuple(...)`: if the name still is the builtin, loops over the generator right
    /// here; else falls through to the call.
    fn generator_shortcut(
        &mut self,
        func: &'a Expr<'a>,
        args: &'a [Expr<'a>],
        keywords: &[Keyword<'_>],
        end: Label,
    ) -> Result<()> {
        let ExprKind::Name { id, .. } = func.kind else { return Ok(()) };
        let [generator] = args else { return Ok(()) };
        if !keywords.is_empty() || !matches!(generator.kind, ExprKind::GeneratorExp { .. }) {
            return Ok(());
        }
        // An asynchronous generator cannot be looped over here.
        let ste = self.lookup_block(BlockKey::node(generator))?;
        if self.table[ste].coroutine {
            return Ok(());
        }
        // The label is made even where it is not needed: label numbers are not observable, but keep to CPython's.
        let skip = self.new_label();
        // For all and any: the result of an exhausted generator, and the jump that goes on with the loop.
        let (constant, search) = match id {
            "all" => (CONSTANT_BUILTIN_ALL, Some((true, Op::POP_JUMP_IF_TRUE))),
            "any" => (CONSTANT_BUILTIN_ANY, Some((false, Op::POP_JUMP_IF_FALSE))),
            "tuple" => (CONSTANT_BUILTIN_TUPLE, None),
            _ => {
                self.place(skip);
                return Ok(());
            }
        };
        let loc = location(func.range);
        self.emit_arg(loc, Op::COPY, 1);
        self.emit_arg(loc, Op::LOAD_COMMON_CONSTANT, constant);
        self.compare(loc, CmpOp::Is);
        self.emit_jump(loc, Op::POP_JUMP_IF_FALSE, skip);
        self.emit(loc, Op::POP_TOP);
        if search.is_none() {
            self.emit_arg(loc, Op::BUILD_LIST, 0);
        }
        self.expr(generator)?;
        let repeat = self.new_label();
        let cleanup = self.new_label();
        self.place(repeat);
        self.emit_jump(loc, Op::FOR_ITER, cleanup);
        match search {
            Some((exhausted, go_on)) => {
                self.emit(loc, Op::TO_BOOL);
                self.emit_jump(loc, go_on, repeat);
                self.emit(NO_LOCATION, Op::POP_ITER);
                self.load_const(loc, Constant::Bool(!exhausted));
            }
            None => {
                self.emit_arg(loc, Op::LIST_APPEND, 2);
                self.emit_jump(loc, Op::JUMP, repeat);
                self.emit(NO_LOCATION, Op::POP_ITER);
            }
        }
        self.emit_jump(loc, Op::JUMP, end);
        self.place(cleanup);
        self.emit(NO_LOCATION, Op::END_FOR);
        self.emit(NO_LOCATION, Op::POP_ITER);
        match search {
            Some((exhausted, _)) => self.load_const(loc, Constant::Bool(exhausted)),
            None => self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_LIST_TO_TUPLE),
        }
        self.emit_jump(loc, Op::JUMP, end);
        self.place(skip);
        Ok(())
    }

    /// The call itself: callable and NULL are below `pushed` arguments on the stack. `injected` is a variable passed
    /// after the positional arguments.
    pub(super) fn call_with(
        &mut self,
        loc: Location,
        pushed: usize,
        args: &'a [Expr<'a>],
        injected: Option<&str>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        self.check_keywords_differ(keywords)?;
        let unpacks = args.len() + keywords.len() * 2 > STACK_USE_GUIDELINE
            || args.iter().any(is_starred)
            || keywords.iter().any(|k| k.arg.is_none());
        if unpacks {
            return self.call_ex(loc, pushed, args, injected, keywords);
        }
        self.exprs(args)?;
        let mut count = pushed + args.len();
        if let Some(name) = injected {
            self.name_op(loc, name, ExprContext::Load)?;
            count += 1;
        }
        if keywords.is_empty() {
            self.emit_arg(loc, Op::CALL, count);
        } else {
            self.keyword_values(loc, keywords)?;
            self.emit_arg(loc, Op::CALL_KW, count + keywords.len());
        }
        Ok(())
    }

    fn call_ex(
        &mut self,
        loc: Location,
        pushed: usize,
        args: &'a [Expr<'a>],
        injected: Option<&str>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        match args {
            [Expr { kind: ExprKind::Starred { value, .. }, .. }] if pushed == 0 => self.expr(value)?,
            _ => self.display(loc, args, injected, pushed, TUPLE)?,
        }
        if keywords.is_empty() {
            self.emit(loc, Op::PUSH_NULL);
        }
        let mut have_dict = false;
        let mut pending = 0;
        for (i, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                pending += 1;
                continue;
            }
            if pending > 0 {
                self.sub_keywords(loc, &keywords[i - pending..i])?;
                if have_dict {
                    self.emit_arg(loc, Op::DICT_MERGE, 1);
                }
                have_dict = true;
                pending = 0;
            }
            if !have_dict {
                self.emit_arg(loc, Op::BUILD_MAP, 0);
                have_dict = true;
            }
            self.expr(keyword.value)?;
            self.emit_arg(loc, Op::DICT_MERGE, 1);
        }
        if pending > 0 {
            self.sub_keywords(loc, &keywords[keywords.len() - pending..])?;
            if have_dict {
                self.emit_arg(loc, Op::DICT_MERGE, 1);
            }
        }
        self.emit(loc, Op::CALL_FUNCTION_EX);
        Ok(())
    }

    fn sub_keywords(&mut self, loc: Location, keywords: &'a [Keyword<'a>]) -> Result<()> {
        let big = keywords.len() * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit_arg(NO_LOCATION, Op::BUILD_MAP, 0);
        }
        for keyword in keywords {
            self.load_str(loc, keyword.arg.unwrap_or_default());
            self.expr(keyword.value)?;
            if big {
                self.emit_arg(NO_LOCATION, Op::MAP_ADD, 1);
            }
        }
        if !big {
            self.emit_arg(loc, Op::BUILD_MAP, keywords.len());
        }
        Ok(())
    }
}
