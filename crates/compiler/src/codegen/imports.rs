//! `import` and `from ... import`.
//!
//! Source: CPython Python/codegen.c (`codegen_import`, `codegen_from_import`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::operands::INTRINSIC_IMPORT_STAR;
use super::{Compiler, Result};
use crate::instruction_sequence::{Location, NO_LOCATION};

impl<'a> Compiler<'a, '_> {
    pub(super) fn import(&mut self, loc: Location, names: &'a [Alias<'a>]) -> Result<()> {
        for alias in names {
            self.load_int(loc, 0);
            self.load_none(loc);
            self.emit_name(loc, Op::IMPORT_NAME, alias.name);
            let mut parts = alias.name.split('.');
            let first = parts.next().unwrap_or(alias.name);
            let Some(asname) = alias.asname else {
                // `import a.b` binds `a`.
                self.name_op(loc, first, ExprContext::Store)?;
                continue;
            };
            // `import a.b.c as d`: from the top-level package down to the module itself.
            let mut dotted = false;
            for part in parts {
                if dotted {
                    self.emit_arg(loc, Op::SWAP, 2);
                    self.emit(loc, Op::POP_TOP);
                }
                dotted = true;
                self.emit_plain_name(loc, Op::IMPORT_FROM, part);
            }
            self.name_op(loc, asname, ExprContext::Store)?;
            if dotted {
                self.emit(loc, Op::POP_TOP);
            }
        }
        Ok(())
    }

    pub(super) fn import_from(
        &mut self,
        loc: Location,
        module: Option<&'a str>,
        names: &'a [Alias<'a>],
        level: i32,
    ) -> Result<()> {
        self.load_const(loc, Constant::Int(i64::from(level)));
        self.load_names(loc, names.iter().map(|a| a.name));
        self.emit_name(loc, Op::IMPORT_NAME, module.unwrap_or(""));
        for (i, alias) in names.iter().enumerate() {
            if i == 0 && alias.name.starts_with('*') {
                self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_IMPORT_STAR);
                self.emit(NO_LOCATION, Op::POP_TOP);
                return Ok(());
            }
            self.emit_name(loc, Op::IMPORT_FROM, alias.name);
            self.name_op(loc, alias.asname.unwrap_or(alias.name), ExprContext::Store)?;
        }
        self.emit(loc, Op::POP_TOP);
        Ok(())
    }
}
