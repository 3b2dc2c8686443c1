//! `_csv`: a reader (one state machine over code points), a writer, dialects. After CPython Modules/_csv.c and PEP 305.

pub mod dialect;
pub mod reader;
pub mod writer;

use core::cell::Cell;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Dict, Raised, Ref, Res, Str, Value, ValueCell, Vm, methods};
use std::rc::Rc;

pub static MODULE: ModuleDef =
    ModuleDef { name: "_csv", doc: "CSV parsing and writing.\n", tables: &[Functions::METHODS], init };

/// What the module keeps per interpreter.
pub struct State {
    /// `_csv.Error`
    pub error: ValueCell,
    dialects: ValueCell,
    pub field_limit: Cell<i64>,
}

impl Default for State {
    fn default() -> State {
        State { error: ValueCell::new(None), dialects: ValueCell::new(None), field_limit: Cell::new(128 * 1024) }
    }
}

pub fn state(vm: &Vm) -> Rc<State> {
    vm.interpreter().state::<State>()
}

pub fn error(vm: &Vm, message: &str) -> Raised {
    match state(vm).error.get() {
        Some(class) => vm.raise_class(&class, message),
        None => vm.value_error(message),
    }
}

fn dialects(vm: &Vm) -> Res<Ref<Dict>> {
    match state(vm).dialects.get().and_then(|d| ophi_runtime::payload::into_ref::<Dict>(d).ok()) {
        Some(dialects) => Ok(dialects),
        None => Err(vm.system_error("_csv is not initialised")),
    }
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let dialects = vm.new_dict()?.into_value();
    state(vm).dialects.set(Some(dialects.clone()));
    module.add(vm, "_dialects", dialects)?;
    for (name, value) in [
        ("QUOTE_MINIMAL", dialect::MINIMAL),
        ("QUOTE_ALL", dialect::ALL),
        ("QUOTE_NONNUMERIC", dialect::NON_NUMERIC),
        ("QUOTE_NONE", dialect::NONE),
        ("QUOTE_STRINGS", dialect::STRINGS),
        ("QUOTE_NOTNULL", dialect::NOT_NULL),
    ] {
        module.add_int(vm, name, value)?;
    }
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("_csv")?.into_value())?;
    let bases = vm.new_tuple(&[vm.ty(&ophi_runtime::objects::exceptions::EXCEPTION).to_value()])?;
    let name = vm.new_str("Error")?.into_value();
    let ty = vm.ty(&ophi_runtime::objects::r#type::TYPE).to_value();
    let class = vm.call(&ty, &[name, bases, namespace.into_value()])?;
    state(vm).error.set(Some(class.clone()));
    module.add(vm, "Error", class)?;
    module.add(vm, "Dialect", vm.ty(&dialect::DIALECT).to_value())?;
    module.add(vm, "Reader", vm.ty(&reader::READER).to_value())?;
    module.add(vm, "Writer", vm.ty(&writer::WRITER).to_value())
}

/// The dialect that the arguments after the first describe.
fn dialect_from(vm: &Vm, name: &str, args: Args<'_>) -> Res<Ref<dialect::Dialect>> {
    if args.pos().len() > 2 {
        return Err(vm.type_error(format!("{name} expected at most 2 arguments, got {}", args.pos().len())));
    }
    dialect::make(vm, args.pos().get(1), args)
}

/// A registered dialect.
pub fn registered(vm: &Vm, name: &Value) -> Res {
    dialects(vm)?.get(vm, name)?.ok_or_else(|| error(vm, "unknown dialect"))
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(
        doc = "An iterator over the rows of CSV text.\n\niterable gives the lines, as an open file or a list of strings does. dialect is a Dialect or the name\nof one; keyword arguments override single settings of it.",
        text = "($module, iterable, /, dialect='excel', **fmtparams)"
    )]
    fn reader(vm: &Vm, args: Args) -> Res {
        let Some(source) = args.pos().first() else {
            return Err(vm.type_error("reader expected at least 1 argument, got 0"));
        };
        let source = vm.iter(source)?;
        let dialect = dialect_from(vm, "reader", args)?;
        reader::new(vm, source, dialect)
    }

    #[function(
        doc = "A writer of CSV text onto fileobj, which needs a write() method.\n\ndialect is a Dialect or the name of one; keyword arguments override single settings of it.",
        text = "($module, fileobj, /, dialect='excel', **fmtparams)"
    )]
    fn writer(vm: &Vm, args: Args) -> Res {
        let Some(file) = args.pos().first() else {
            return Err(vm.type_error("writer expected at least 1 argument, got 0"));
        };
        let write = vm.get_attr_opt(file, &vm.names().write)?;
        let Some(write) = write.filter(|w| vm.class(w).slots().call.is_some()) else {
            return Err(vm.type_error("argument 1 must have a \"write\" method"));
        };
        let dialect = dialect_from(vm, "writer", args)?;
        writer::new(vm, write, dialect)
    }

    #[function(doc = "Return a list of all known dialect names.", sig = "()")]
    fn list_dialects(vm: &Vm) -> Res {
        vm.new_list(dialects(vm)?.keys())
    }

    #[function(
        doc = "Give a dialect a name; keyword arguments override single settings of it.",
        text = "($module, name, /, dialect='excel', **fmtparams)"
    )]
    fn register_dialect(vm: &Vm, args: Args) -> Res<()> {
        let Some(name) = args.pos().first() else {
            return Err(vm.type_error("register_dialect expected at least 1 argument, got 0"));
        };
        if !name.is_a::<Str>() {
            return Err(vm.type_error("dialect name must be a string"));
        }
        let made = dialect_from(vm, "register_dialect", args)?;
        dialects(vm)?.set(vm, name, made.into_value())
    }

    #[function(doc = "Forget the dialect of this name.", sig = "(name)")]
    fn unregister_dialect(vm: &Vm, name: &Value) -> Res<()> {
        match dialects(vm)?.remove(vm, name)? {
            Some(_) => Ok(()),
            None => Err(error(vm, "unknown dialect")),
        }
    }

    #[function(doc = "Return the dialect instance associated with name.", sig = "(name)")]
    fn get_dialect(vm: &Vm, name: &Value) -> Res {
        registered(vm, name)
    }

    #[function(
        doc = "The longest field a reader accepts; with an argument it is changed and the former one returned.",
        sig = "(new_limit=<unrepresentable>)"
    )]
    fn field_size_limit(vm: &Vm, new_limit: Option<&Value>) -> Res {
        let state = state(vm);
        let old = state.field_limit.get();
        if let Some(limit) = new_limit {
            if int::view(limit).is_none() {
                return Err(vm.type_error("limit must be an integer"));
            }
            state.field_limit.set(vm.to_size(limit)? as i64);
        }
        vm.new_int(old)
    }
}
