//! Loading, storing and deleting names, attribute names, and the `super().attr` shortcut.
//!
//! Source: CPython Python/codegen.c (`codegen_nameop`, `codegen_addop_name`, `can_optimize_super_call`),
//! Python/compile.c (`_PyCompile_ResolveNameop`).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::*;

use super::{Compiler, Result};
use crate::error::CompileError;
use crate::instruction_sequence::{CodeUnitInfo, Location, Name};
use crate::location;
use crate::symtable::{BlockKind, SymbolTable, mangle, scope};

/// Where a name lives, with its number there.
enum Place {
    Fast(usize),
    Global(usize),
    Deref(usize),
    Name(usize),
}

/// What a unit's variable is, in the low bits of [`Hint::variable`](crate::names::Hint); its number is above them.
#[derive(Clone, Copy)]
enum Variable {
    Fast = 0,
    Global = 1,
    Name = 2,
}

impl Variable {
    const BITS: u32 = 2;
    const MASK: u32 = (1 << Self::BITS) - 1;

    /// For each kind, what loads, stores and deletes it, and how far the oparg is shifted.
    const ACCESSES: [[(Op, u8); 3]; 4] = [
        [(Op::LOAD_FAST, 0), (Op::STORE_FAST, 0), (Op::DELETE_FAST, 0)],
        [(Op::LOAD_GLOBAL, 1), (Op::STORE_GLOBAL, 0), (Op::DELETE_GLOBAL, 0)],
        [(Op::LOAD_NAME, 0), (Op::STORE_NAME, 0), (Op::DELETE_NAME, 0)],
        [(Op::NOP, 0); 3],
    ];

    fn pack(self, number: usize) -> u32 {
        (number as u32) << Self::BITS | self as u32
    }

    /// The instruction for a packed variable. Which kind it is and what is done with it is hard to foretell: a table, no branches.
    #[inline(always)]
    fn access(packed: u32, ctx: ExprContext) -> (Op, u32) {
        let context = match ctx {
            ExprContext::Load => 0,
            ExprContext::Store => 1,
            ExprContext::Del => 2,
        };
        let (op, shift) = Self::ACCESSES[(packed & Self::MASK) as usize][context];
        (op, packed >> Self::BITS << shift)
    }
}

/// What a LOAD_ATTR or LOAD_SUPER_ATTR is followed by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AttrUse {
    Value,
    /// A call: the method is pushed with its self.
    Method,
}

impl<'a> Compiler<'a, '_> {
    /// The number of a name as the unit sees it.
    pub(super) fn mangled(&mut self, name: &str) -> u32 {
        let unit = self.units.last().expect("a unit is open while code is generated");
        self.table.mangled_in(unit.ste, unit.private, name)
    }

    /// Mangled whatever the scope (annotation keys).
    pub(super) fn mangled_always(&mut self, name: &str) -> u32 {
        let unit = self.units.last().expect("a unit is open while code is generated");
        mangle(&mut self.table.names, unit.private, name)
    }

    /// The oparg of a free variable: they are numbered after the cells.
    pub(super) fn free_index(&mut self, name: u32) -> usize {
        let (name, info) = self.name_and_info(name);
        info.cellvars.len() + info.freevars.add_name(name) as usize
    }

    pub(super) fn cell_index(&mut self, name: u32) -> usize {
        let (name, info) = self.name_and_info(name);
        info.cellvars.add_name(name) as usize
    }

    fn name_and_info(&mut self, name: u32) -> (&Name, &mut CodeUnitInfo) {
        let unit = self.units.last_mut().expect("a unit is open while code is generated");
        (self.table.names.name(name), &mut unit.info)
    }

    /// The cell of a name that the compiler itself makes up.
    pub(super) fn implicit_cell(&mut self, name: &str) -> usize {
        let name = self.table.names.intern_id(name);
        self.cell_index(name)
    }

    pub(super) fn implicit_free(&mut self, name: &str) -> usize {
        let name = self.table.names.intern_id(name);
        self.free_index(name)
    }

    /// Its place in `co_names`.
    pub(super) fn name_index(&mut self, name: u32) -> usize {
        let (name, info) = self.name_and_info(name);
        info.names.add_name(name) as usize
    }

    /// The place in `co_names` of a name that may be private to the class.
    fn mangled_index(&mut self, name: &str) -> usize {
        let unit = self.units.last_mut().expect("a unit is open while code is generated");
        let mangled = self.table.mangled_in(unit.ste, unit.private, name);
        let (name, hint) = self.table.names.name_and_hint(mangled);
        unit.info.names.add_hinted(name, &mut hint.name) as usize
    }

    /// An instruction whose oparg is a name of `co_names`, as it stands.
    pub(super) fn emit_plain_name(&mut self, loc: Location, op: Op, name: &str) {
        let name = self.table.names.intern_id(name);
        let arg = self.name_index(name);
        self.emit_arg(loc, op, arg);
    }

    /// The same with a name that may be private to the class.
    pub(super) fn emit_name(&mut self, loc: Location, op: Op, name: &str) {
        let arg = self.mangled_index(name);
        self.emit_arg(loc, op, arg);
    }

    pub(super) fn load_attr(&mut self, loc: Location, name: &str, used: AttrUse) {
        let arg = self.mangled_index(name);
        self.emit_arg(loc, Op::LOAD_ATTR, arg << 1 | usize::from(used == AttrUse::Method));
    }

    pub(super) fn load_super_attr(&mut self, loc: Location, name: &str, used: AttrUse, two_args: bool) {
        let arg = self.mangled_index(name);
        let bits = usize::from(two_args) << 1 | usize::from(used == AttrUse::Method);
        self.emit_arg(loc, Op::LOAD_SUPER_ATTR, arg << 2 | bits);
    }

    pub(super) fn emit_varname(&mut self, loc: Location, op: Op, name: u32) {
        let (name, info) = self.name_and_info(name);
        let arg = info.varnames.add_name(name) as usize;
        self.emit_arg(loc, op, arg);
    }

    fn place_of(info: &mut CodeUnitInfo, function_like: bool, mangled: &Name, hint: &mut u32, found: u32) -> Place {
        match found {
            // Free variables are numbered after the cells.
            scope::FREE => Place::Deref(info.cellvars.len() + info.freevars.add_name(mangled) as usize),
            scope::CELL => Place::Deref(info.cellvars.add_name(mangled) as usize),
            scope::LOCAL if function_like => Place::Fast(info.varnames.add_name(mangled) as usize),
            // In a module or class a name is a fast local only while the comprehension that binds it is emitted.
            scope::LOCAL if info.fast_hidden.iter().any(|(n, fast)| *fast && n == mangled) => {
                Place::Fast(info.varnames.add_name(mangled) as usize)
            }
            scope::GLOBAL_IMPLICIT if function_like => Place::Global(info.names.add_hinted(mangled, hint) as usize),
            scope::GLOBAL_EXPLICIT => Place::Global(info.names.add_hinted(mangled, hint) as usize),
            _ => Place::Name(info.names.add_hinted(mangled, hint) as usize),
        }
    }

    fn load_classdict(&mut self, loc: Location) {
        let arg = self.implicit_free("__classdict__");
        self.emit_arg(loc, Op::LOAD_DEREF, arg);
    }

    /// Loads, stores or deletes a variable.
    pub(super) fn name_op(&mut self, loc: Location, name: &str, ctx: ExprContext) -> Result<()> {
        use ExprContext::{Del, Load, Store};
        let unit = self.units.last_mut().expect("a unit is open while code is generated");
        let mangled = self.table.mangled_in(unit.ste, unit.private, name);
        let SymbolTable { names, entries, .. } = &mut self.table;
        let id = mangled;
        let (mangled, hint) = names.name_and_hint(id);
        if hint.unit == unit.number {
            let (op, arg) = Variable::access(hint.variable, ctx);
            unit.seq.add_plain(op, arg, loc);
            return Ok(());
        }
        let entry = &entries[unit.ste.0 as usize];
        let found = scope::of(entry.symbols.get_hinted(id, &mut hint.symbol).unwrap_or(0));
        let in_comp = unit.in_inlined_comp > 0;
        let in_class = entry.kind == BlockKind::Class;
        let sees_class = entry.can_see_class_scope;
        let place = Self::place_of(&mut unit.info, entry.is_function_like(), mangled, &mut hint.name, found);
        // The same again, until an inlined comprehension begins or ends.
        let again = match place {
            Place::Fast(arg) => Some((Variable::Fast, arg)),
            Place::Global(arg) if !sees_class => Some((Variable::Global, arg)),
            Place::Name(arg) if !(in_class && in_comp) => Some((Variable::Name, arg)),
            _ => None,
        };
        if let Some((kind, arg)) = again {
            hint.unit = unit.number;
            hint.variable = kind.pack(arg);
        }
        let (op, arg) = match (place, ctx) {
            (Place::Deref(arg), Load) => {
                if in_class && !in_comp {
                    self.emit(loc, Op::LOAD_LOCALS);
                    (Op::LOAD_FROM_DICT_OR_DEREF, arg)
                } else if sees_class {
                    self.load_classdict(loc);
                    (Op::LOAD_FROM_DICT_OR_DEREF, arg)
                } else {
                    (Op::LOAD_DEREF, arg)
                }
            }
            (Place::Deref(arg), Store) => (Op::STORE_DEREF, arg),
            (Place::Deref(arg), Del) => (Op::DELETE_DEREF, arg),
            (Place::Fast(arg), Load) => (Op::LOAD_FAST, arg),
            (Place::Fast(arg), Store) => (Op::STORE_FAST, arg),
            (Place::Fast(arg), Del) => (Op::DELETE_FAST, arg),
            (Place::Global(arg), Load) => {
                if sees_class && found == scope::GLOBAL_IMPLICIT {
                    self.load_classdict(loc);
                    (Op::LOAD_FROM_DICT_OR_GLOBALS, arg)
                } else {
                    (Op::LOAD_GLOBAL, arg << 1)
                }
            }
            (Place::Global(arg), Store) => (Op::STORE_GLOBAL, arg),
            (Place::Global(arg), Del) => (Op::DELETE_GLOBAL, arg),
            // A comprehension in a class body does not see the class's names.
            (Place::Name(arg), Load) if in_class && in_comp => (Op::LOAD_GLOBAL, arg << 1),
            (Place::Name(arg), Load) => (Op::LOAD_NAME, arg),
            (Place::Name(arg), Store) => (Op::STORE_NAME, arg),
            (Place::Name(arg), Del) => (Op::DELETE_NAME, arg),
        };
        self.emit_arg(loc, op, arg);
        Ok(())
    }

    /// A name's scope as seen from the unit, where a class has its implicit cells.
    pub(super) fn ref_type(&mut self, name: &str) -> Result<u32> {
        if self.scope_kind() == super::unit::ScopeKind::Class
            && matches!(name, "__class__" | "__classdict__" | "__conditional_annotations__")
        {
            return Ok(scope::CELL);
        }
        let id = self.table.names.intern_id(name);
        match self.ste().scope_of(id) {
            scope::UNKNOWN => Err(CompileError::system(format!("unknown scope of '{name}'"))),
            found => Ok(found),
        }
    }

    /// Is `e`, an `...attr` node's value, a call of `super` whose attribute LOAD_SUPER_ATTR can load directly?
    pub(super) fn can_optimize_super(&mut self, value: &Expr<'_>, attr: &str) -> Result<bool> {
        let ExprKind::Call { func, args, keywords } = value.kind else { return Ok(false) };
        let ExprKind::Name { id: "super", .. } = func.kind else { return Ok(false) };
        if attr == "__class__" || !keywords.is_empty() {
            return Ok(false);
        }
        // `super` may be shadowed.
        let name = self.table.names.intern_id("super");
        if self.ste().scope_of(name) != scope::GLOBAL_IMPLICIT
            || self.table[SymbolTable::TOP].scope_of(name) != scope::UNKNOWN
        {
            return Ok(false);
        }
        match args.len() {
            2 => Ok(!args.iter().any(|a| matches!(a.kind, ExprKind::Starred { .. }))),
            0 => {
                let info = &self.unit_ref().info;
                if info.argcount == 0 && info.posonlyargcount == 0 {
                    return Ok(false);
                }
                Ok(self.ref_type("__class__")? == scope::FREE)
            }
            _ => Ok(false),
        }
    }

    /// Pushes `super`, the class and the object for LOAD_SUPER_ATTR; says whether the call has two arguments.
    pub(super) fn load_super_args(&mut self, call: &'a Expr<'a>) -> Result<bool> {
        let ExprKind::Call { func, args, .. } = call.kind else { return Ok(false) };
        let loc = location(call.range);
        self.name_op(location(func.range), "super", ExprContext::Load)?;
        if let [class, object] = args {
            self.expr(class)?;
            self.expr(object)?;
            return Ok(true);
        }
        self.name_op(loc, "__class__", ExprContext::Load)?;
        let first = self.unit_ref().info.varnames.as_slice().first().cloned();
        let first = first.ok_or_else(|| CompileError::system("super() without a first argument"))?;
        self.name_op(loc, &first, ExprContext::Load)?;
        Ok(false)
    }
}

/// Where the attribute's own name stands, for an attribute access that spans lines.
pub(super) fn attribute_location(loc: Location, attribute: &Expr<'_>, attr: &str) -> Location {
    let end_line = attribute.range.end_lineno as i32;
    let end_col = attribute.range.end_col_offset as i32;
    if loc.line == end_line {
        return loc;
    }
    let mut loc = Location { line: end_line, ..loc };
    let len = attr.chars().count() as i32;
    if len <= end_col {
        loc.col = end_col - len;
    } else {
        // Only trees made by Python code can be so; drop the columns.
        loc.col = -1;
        loc.end_col = -1;
    }
    loc.end_line = loc.end_line.max(loc.line);
    if loc.line == loc.end_line {
        loc.end_col = loc.end_col.max(loc.col);
    }
    loc
}
