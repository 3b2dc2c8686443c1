//! The module `_symtable`: the compiler's symbol tables as objects. After CPython Modules/symtablemodule.c.

use crate::interpreter::builtins::source_text;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, layout, methods};
use bumpalo::Bump;
use ophi_compiler::symtable::{ScopeId, SymbolTable, flags, scope};
use ophi_compiler::{CompileOptions, Recursion, diagnostic, symbol_table};
use ophi_heap::{Layout, TypeFlags, trace_fields};
use ophi_syntax::Mode;
use ophi_syntax::parser::{ParseFlags, parse};

pub static SYMTABLE: ModuleDef = ModuleDef { name: "_symtable", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let numbers: [(&str, u32); 26] = [
        ("USE", flags::USE),
        ("DEF_GLOBAL", flags::DEF_GLOBAL),
        ("DEF_NONLOCAL", flags::DEF_NONLOCAL),
        ("DEF_LOCAL", flags::DEF_LOCAL),
        ("DEF_PARAM", flags::DEF_PARAM),
        ("DEF_TYPE_PARAM", flags::DEF_TYPE_PARAM),
        ("DEF_FREE_CLASS", flags::DEF_FREE_CLASS),
        ("DEF_IMPORT", flags::DEF_IMPORT),
        ("DEF_BOUND", flags::DEF_BOUND),
        ("DEF_ANNOT", flags::DEF_ANNOT),
        ("DEF_COMP_ITER", flags::DEF_COMP_ITER),
        ("DEF_COMP_CELL", flags::DEF_COMP_CELL),
        ("TYPE_FUNCTION", 0),
        ("TYPE_CLASS", 1),
        ("TYPE_MODULE", 2),
        ("TYPE_ANNOTATION", 3),
        ("TYPE_TYPE_ALIAS", 4),
        ("TYPE_TYPE_PARAMETERS", 5),
        ("TYPE_TYPE_VARIABLE", 6),
        ("LOCAL", scope::LOCAL),
        ("GLOBAL_EXPLICIT", scope::GLOBAL_EXPLICIT),
        ("GLOBAL_IMPLICIT", scope::GLOBAL_IMPLICIT),
        ("FREE", scope::FREE),
        ("CELL", scope::CELL),
        ("SCOPE_OFF", flags::SCOPE_OFFSET),
        ("SCOPE_MASK", flags::SCOPE_MASK),
    ];
    for (name, number) in numbers {
        module.add_int(vm, name, number as i64)?;
    }
    Ok(())
}

/// One block's table.
#[repr(C)]
pub struct Entry {
    id: i64,
    name: Value,
    symbols: Value,
    varnames: Value,
    children: Value,
    nested: bool,
    kind: u8,
    lineno: i32,
}

trace_fields!(Entry { name, symbols, varnames, children });

pub static ENTRY: TypeDef = TypeDef {
    flags: TypeFlags::GC,
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[Entry::METHODS],
    ..TypeDef::of::<Entry>("symtable entry", &crate::objects::object::OBJECT)
};

impl Payload for Entry {
    fn def() -> &'static TypeDef {
        &ENTRY
    }
    const LAYOUT: &'static Layout = layout!("symtable entry");
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let entry = crate::native::receiver::<Entry>(vm, this, "__repr__")?;
    let name = vm.str(&entry.name)?;
    let text = format!("<symtable entry {}({}), line {}>", name.to_utf8_lossy(), entry.id, entry.lineno);
    Ok(vm.new_str(&text)?.into_value())
}

#[methods]
impl Entry {
    #[getter]
    fn id(vm: &Vm, this: &Ref<Entry>) -> Res {
        vm.new_int(this.id)
    }
    #[getter]
    fn name(_: &Vm, this: &Ref<Entry>) -> Value {
        this.name.clone()
    }
    #[getter]
    fn symbols(_: &Vm, this: &Ref<Entry>) -> Value {
        this.symbols.clone()
    }
    #[getter]
    fn varnames(_: &Vm, this: &Ref<Entry>) -> Value {
        this.varnames.clone()
    }
    #[getter]
    fn children(_: &Vm, this: &Ref<Entry>) -> Value {
        this.children.clone()
    }
    #[getter]
    fn nested(_: &Vm, this: &Ref<Entry>) -> i32 {
        i32::from(this.nested)
    }
    #[getter(name = "type")]
    fn kind(_: &Vm, this: &Ref<Entry>) -> u8 {
        this.kind
    }
    #[getter]
    fn lineno(_: &Vm, this: &Ref<Entry>) -> i32 {
        this.lineno
    }
}

/// The object of a block, with those of its inner blocks.
fn entry_object(vm: &Vm, table: &SymbolTable, id: ScopeId, base: i64) -> Res {
    let entry = &table[id];
    let symbols = vm.new_dict()?;
    for (name, flags) in table.symbols(entry) {
        symbols.set_text(vm, name.as_ref(), vm.new_int(flags as i64)?)?;
    }
    let varnames: Res<Vec<Value>> = table.parameters(entry).map(|n| Ok(vm.intern(n.as_ref())?.into_value())).collect();
    let children: Res<Vec<Value>> = entry
        .children
        .iter()
        .map(|child| vm.recurse(" during symbol table construction", || entry_object(vm, table, *child, base)))
        .collect();
    let made = vm.new_object(Entry {
        id: base + 16 * id.0 as i64,
        name: vm.intern(entry.name.as_ref())?.into_value(),
        symbols: symbols.into_value(),
        varnames: vm.new_list(varnames?)?,
        children: vm.new_list(children?)?,
        nested: entry.nested,
        kind: entry.kind as u8,
        lineno: if id == SymbolTable::TOP { 0 } else { entry.loc.line },
    })?;
    Ok(made.into_value())
}

struct Functions;

#[methods]
impl Functions {
    #[function(
        sig = "(source, filename, startstr, /)",
        doc = "The compiler's symbol tables of a source text, for the module symtable."
    )]
    fn symtable(vm: &Vm, source: &Value, filename: &Value, startstr: &Ref<Str>) -> Res {
        let path = vm.path_text(filename)?;
        let file = vm.new_str(&path)?.into_value();
        let mode = match startstr.to_utf8_lossy().as_ref() {
            "exec" => Mode::File,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => return Err(vm.value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'")),
        };
        let source = match source_text(vm, source, "symtable", "string or bytes", mode)? {
            Ok(source) => source,
            Err(error) => return Err(vm.raise_syntax(&error, &file)),
        };
        let arena = Bump::new();
        let module =
            match parse(&source, mode, ParseFlags { stack_limit: vm.stack_limit(), ..ParseFlags::default() }, &arena) {
                Ok(module) => module,
                Err(error) => return Err(vm.raise_syntax(&error, &file)),
            };
        let mut options = CompileOptions::new(path);
        options.recursion = Recursion::on_stack(vm.stack_limit());
        match symbol_table(&module, &options) {
            Ok(table) => {
                // Ids tell the blocks of one table apart; an address makes those of two tables differ.
                let base = (&raw const table).addr() as i64;
                entry_object(vm, &table, SymbolTable::TOP, base)
            }
            Err(error) => Err(vm.raise_syntax(&diagnostic(&error), &file)),
        }
    }
}
