//! The state of one code unit, entering and leaving scopes, and the stack of frame blocks.
//!
//! Source: CPython Python/compile.c (`_PyCompile_EnterScope`, `compiler_set_qualname`, `_PyCompile_PushFBlock`,
//! `compute_code_flags`).

use crate::names::NumberSet;
use ophi_bytecode::code::flags;
use ophi_bytecode::{CodeObject, IrOpcode as Op};
use ophi_syntax::ast::{Expr, Stmt};

use super::{Compiler, Result};
use crate::const_table::ConstTable;
use crate::error::CompileError;
use crate::future::INHERITED_MASK;
use crate::instruction_sequence::{
    CodeUnitInfo, InstructionSequence, Interner, Label, Location, NO_LOCATION, Name, NameTable,
};
use crate::symtable::{BlockKey, Entry, ScopeId, SymbolTable, flags as def, mangle, scope};

/// How deeply blocks may be nested in one frame.
const MAX_BLOCKS: usize = 21;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    Annotations,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BlockType {
    WhileLoop,
    ForLoop,
    TryExcept,
    FinallyTry,
    FinallyEnd,
    With,
    AsyncWith,
    HandlerCleanup,
    PopValue,
    ExceptionHandler,
    ExceptionGroupHandler,
    AsyncComprehensionGenerator,
    InlinedComprehension,
    StopIteration,
}

/// What unwinding a frame block needs beside its labels.
#[derive(Clone, Copy, Debug)]
pub(super) enum BlockData<'a> {
    None,
    /// The statements of a `finally`.
    Finally(&'a [Stmt<'a>]),
    /// The name an exception is bound to.
    Name(&'a str),
}

/// A construct that leaving the code inside it must unwind.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBlock<'a> {
    pub(super) kind: BlockType,
    pub(super) block: Label,
    pub(super) loc: Location,
    pub(super) exit: Label,
    pub(super) data: BlockData<'a>,
}

pub(super) struct Unit<'a> {
    pub(super) ste: ScopeId,
    /// Tells the variables of this unit from those of others ([`Hint`](crate::names::Hint)); another one each time they change.
    pub(super) number: u32,
    pub(super) scope: ScopeKind,
    /// The class whose private names are meant, by its name's number.
    pub(super) private: Option<u32>,
    /// Attributes set on `self` in the methods of a class.
    pub(super) static_attributes: NumberSet,
    /// Annotated assignments whose annotations `__annotate__` evaluates, with the number of a conditional one.
    pub(super) deferred: Vec<(&'a Stmt<'a>, Option<u32>)>,
    next_conditional: u32,
    pub(super) seq: InstructionSequence,
    /// The unit's sequence while its annotations are emitted apart.
    pub(super) stashed: Option<InstructionSequence>,
    pub(super) blocks: Vec<FrameBlock<'a>>,
    pub(super) in_inlined_comp: u32,
    pub(super) in_conditional_block: u32,
    pub(super) info: CodeUnitInfo,
    pub(super) consts: ConstTable,
}

/// Parameter counts of a new unit.
#[derive(Clone, Copy, Default)]
pub(super) struct UnitStart {
    pub(super) argcount: usize,
    pub(super) posonlyargcount: usize,
    pub(super) kwonlyargcount: usize,
}

/// The names of `entry` with the given scope or flag, sorted, into the empty `table`.
fn names_with(interner: &Interner, entry: &Entry, wanted: u32, flag: u32, table: &mut NameTable) {
    let chosen = entry.symbols.iter().filter(|(_, s)| scope::of(*s) == wanted || s & flag != 0);
    let mut names: Vec<&Name> = chosen.map(|(name, _)| interner.name(name)).collect();
    names.sort_unstable();
    for name in names {
        table.add_name(name);
    }
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn unit(&mut self) -> &mut Unit<'a> {
        // `module` pushes the first unit before anything else happens, and `finish_unit` pops the last at the end.
        self.units.last_mut().expect("a unit is open while code is generated")
    }

    pub(super) fn unit_ref(&self) -> &Unit<'a> {
        self.units.last().expect("a unit is open while code is generated")
    }

    pub(super) fn ste(&self) -> &Entry {
        &self.table[self.unit_ref().ste]
    }

    pub(super) fn scope_kind(&self) -> ScopeKind {
        self.unit_ref().scope
    }

    pub(super) fn lookup_block(&self, key: BlockKey) -> Result<ScopeId> {
        self.table.lookup(key).ok_or_else(|| CompileError::system("unknown symbol table entry"))
    }

    pub(super) fn enter_scope(
        &mut self,
        name: &str,
        scope: ScopeKind,
        key: BlockKey,
        lineno: i32,
        private: Option<&str>,
        start: UnitStart,
    ) -> Result<()> {
        let ste = self.lookup_block(key)?;
        let SymbolTable { entries, names: interner, .. } = &mut self.table;
        let entry = &entries[ste.0 as usize];
        let [names, mut varnames, mut cellvars, mut freevars] = self.memory.names.pop().unwrap_or_default();
        for &name in &entry.varnames {
            varnames.add_name(interner.name(name));
        }
        names_with(interner, entry, scope::CELL, def::DEF_COMP_CELL, &mut cellvars);
        // Cells that no name of the source stands for.
        for (needed, name) in [
            (entry.needs_class_closure, "__class__"),
            (entry.needs_classdict, "__classdict__"),
            (entry.has_conditional_annotations, "__conditional_annotations__"),
        ] {
            if needed {
                cellvars.add_name(&interner.intern(name));
            }
        }
        names_with(interner, entry, scope::FREE, def::DEF_FREE_CLASS, &mut freevars);
        let private = match private {
            Some(private) => Some(self.table.names.intern_id(private)),
            None => self.units.last().and_then(|u| u.private),
        };
        let name = self.table.names.intern(name);
        let info = CodeUnitInfo {
            qualname: self.qualname(scope, &name),
            name,
            names,
            varnames,
            cellvars,
            freevars,
            fast_hidden: Vec::new(),
            argcount: start.argcount as u32,
            posonlyargcount: start.posonlyargcount as u32,
            kwonlyargcount: start.kwonlyargcount as u32,
            firstlineno: lineno,
            flags: self.code_flags(ste),
            filename: self.filename.clone(),
        };
        let number = self.new_unit_number();
        self.units.push(Unit {
            ste,
            number,
            scope,
            private,
            static_attributes: NumberSet::default(),
            deferred: Vec::new(),
            next_conditional: 0,
            seq: self.memory.sequences.pop().unwrap_or_default(),
            stashed: None,
            blocks: self.spare_blocks.pop().unwrap_or_default(),
            in_inlined_comp: 0,
            in_conditional_block: 0,
            info,
            consts: self.memory.consts.pop().unwrap_or_default(),
        });
        let mut loc = Location::new(lineno, lineno, 0, 0);
        if scope == ScopeKind::Module {
            loc.line = 0;
        }
        self.emit_arg(loc, Op::RESUME, 0);
        if scope == ScopeKind::Module {
            self.unit().seq.add_marked(Op::ANNOTATIONS_PLACEHOLDER, 0, loc);
        }
        Ok(())
    }

    pub(super) fn new_unit_number(&mut self) -> u32 {
        self.unit_numbers += 1;
        self.unit_numbers
    }

    fn qualname(&mut self, scope: ScopeKind, name: &Name) -> Name {
        let Some(mut parent) = self.units.last() else { return name.clone() };
        let mut outer = self.units.len();
        if outer == 1 {
            return name.clone();
        }
        // An annotation scope lends its own place to what is defined in it.
        if parent.scope == ScopeKind::Annotations {
            outer -= 1;
            if outer == 1 {
                return name.clone();
            }
            parent = &self.units[outer - 1];
        }
        if matches!(scope, ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Class) {
            let mangled = mangle(&mut self.table.names, parent.private, name);
            if self.table[parent.ste].scope_of(mangled) == scope::GLOBAL_EXPLICIT {
                return name.clone();
            }
        }
        let locals = match parent.scope {
            ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Lambda => "<locals>.",
            _ => "",
        };
        self.memory.text.clear();
        for part in [&*parent.info.qualname, ".", locals, name] {
            self.memory.text.push_str(part);
        }
        self.table.names.intern(&self.memory.text)
    }

    fn code_flags(&self, ste: ScopeId) -> u32 {
        let entry = &self.table[ste];
        let mut result = 0;
        if entry.is_function_like() {
            result |= flags::NEWLOCALS | flags::OPTIMIZED;
            for (set, flag) in [
                (entry.nested, flags::NESTED),
                (entry.generator && !entry.coroutine, flags::GENERATOR),
                (entry.generator && entry.coroutine, flags::ASYNC_GENERATOR),
                (entry.varargs, flags::VARARGS),
                (entry.varkeywords, flags::VARKEYWORDS),
                (entry.has_docstring, flags::HAS_DOCSTRING),
                (entry.method, flags::METHOD),
            ] {
                if set {
                    result |= flag;
                }
            }
        }
        if entry.coroutine && !entry.generator {
            result |= flags::COROUTINE;
        }
        result | (self.flags & INHERITED_MASK)
    }

    /// A return for what falls off the end.
    pub(super) fn return_at_end(&mut self, add_none: bool) {
        if add_none {
            self.load_none(NO_LOCATION);
        }
        self.emit(NO_LOCATION, Op::RETURN_VALUE);
    }

    /// Leaves the scope: optimises and assembles the unit.
    pub(super) fn finish_unit(&mut self, add_none: bool) -> Result<CodeObject> {
        self.return_at_end(add_none);
        let mut unit = self.units.pop().ok_or_else(|| CompileError::system("no code unit"))?;
        if self.keep_nested
            && let Some(parent) = self.units.last_mut()
        {
            parent.seq.nested.push(unit.seq.clone());
        }
        let mut sequence = unit.seq;
        let mut consts = unit.consts;
        let (code, mut names) =
            crate::assemble::assemble_unit(unit.info, &mut sequence, consts.items_mut(), &mut self.memory.scratch)?;
        sequence.clear();
        consts.clear();
        self.memory.sequences.push(sequence);
        self.memory.consts.push(consts);
        unit.blocks.clear();
        self.spare_blocks.push(unit.blocks);
        names.iter_mut().for_each(NameTable::clear);
        self.memory.names.push(names);
        Ok(code)
    }

    pub(super) fn push_block(
        &mut self,
        loc: Location,
        kind: BlockType,
        block: Label,
        exit: Label,
        data: BlockData<'a>,
    ) -> Result<()> {
        if self.unit_ref().blocks.len() >= MAX_BLOCKS {
            return self.error(loc, "too many statically nested blocks");
        }
        if kind == BlockType::FinallyEnd {
            self.warnings_disabled += 1;
        }
        self.unit().blocks.push(FrameBlock { kind, block, loc, exit, data });
        Ok(())
    }

    pub(super) fn pop_block(&mut self) -> Option<FrameBlock<'a>> {
        let block = self.unit().blocks.pop();
        if block.is_some_and(|b| b.kind == BlockType::FinallyEnd) {
            self.warnings_disabled -= 1;
        }
        block
    }

    pub(super) fn is_interactive_top_level(&self) -> bool {
        self.interactive && self.units.len() == 1
    }

    /// Runs `emit` for statements that may not run: annotations in them are conditional.
    pub(super) fn conditional(&mut self, emit: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.unit().in_conditional_block += 1;
        emit(self)?;
        self.unit().in_conditional_block -= 1;
        Ok(())
    }

    /// Defers an annotation to `__annotate__`; the number of a conditional one.
    pub(super) fn defer_annotation(&mut self, s: &'a Stmt<'a>) -> Option<u32> {
        let unit = self.unit();
        let conditional = unit.scope == ScopeKind::Module || unit.in_conditional_block > 0;
        let index = conditional.then(|| {
            unit.next_conditional += 1;
            unit.next_conditional - 1
        });
        unit.deferred.push((s, index));
        index
    }

    /// Notes `self.name = ...` in the class around (`__static_attributes__`).
    pub(super) fn note_static_attribute(&mut self, value: &Expr<'_>, attr: &str) {
        use ophi_syntax::ast::ExprKind;
        if !matches!(value.kind, ExprKind::Name { id: "self", .. }) {
            return;
        }
        let enclosing = self.units.len() - 1;
        if let Some(class) = self.units[..enclosing].iter_mut().rev().find(|u| u.scope == ScopeKind::Class) {
            class.static_attributes.insert(self.table.names.intern_id(attr));
        }
    }
}
