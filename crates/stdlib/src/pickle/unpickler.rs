//! `Unpickler`: settings, the memo, and finding globals.

use super::input::Input;
use super::memo::{Slots as Memo, UnpicklerMemoProxy};
use super::pickler::is_default;
use super::reduce::{get_dotted, import_full, split_dotted};
use super::{UNPICKLER_SIGNATURE, bind, dict_in, instead, state, unpickling_error};
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::int;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::attributes::{generic_get_attr, generic_set_attr};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, GilCell, Payload, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, Value, ValueCell, Visitor, Vm,
    layout, methods,
};
use std::cell::Cell;

pub struct Unpickler {
    read: ValueCell,
    read_line: ValueCell,
    peek: ValueCell,
    pub memo: GilCell<Memo>,
    /// Set on the instance; the class's method otherwise.
    persistent_load: ValueCell,
    /// An iterator over the buffers that travelled beside the pickle.
    pub buffers: ValueCell,
    pub encoding: GilCell<String>,
    pub errors: GilCell<String>,
    pub fix_imports: Cell<bool>,
    pub protocol: Cell<u8>,
    running: Cell<bool>,
}

impl Trace for Unpickler {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.read.trace(visitor);
        self.read_line.trace(visitor);
        self.peek.trace(visitor);
        self.memo.trace(visitor);
        self.persistent_load.trace(visitor);
        self.buffers.trace(visitor);
    }
    fn clear(&self) {
        drop(self.read.take());
        drop(self.read_line.take());
        drop(self.peek.take());
        drop(self.memo.take());
        drop(self.persistent_load.take());
        drop(self.buffers.take());
    }
}

impl Payload for Unpickler {
    fn def() -> &'static TypeDef {
        &UNPICKLER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Unpickler");
}

pub static UNPICKLER: TypeDef = TypeDef {
    module: "_pickle",
    doc: "Unpickler(file, *, fix_imports=True, encoding='ASCII', errors='strict',\n          buffers=())\n--\n\nReads pickles from file, which needs read(), readinto() and readline(). encoding and errors say how strings\npickled by Python 2 become str ('bytes' leaves them bytes). buffers gives what buffer_callback kept out.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        new: Some(|vm, cls, _| Ok(vm.new_instance(cls, Unpickler::empty())?.into_value())),
        init: Some(init),
        getattro: Some(get_attribute),
        setattro: Some(set_attribute),
        ..Slots::NONE
    },
    tables: &[Unpickler::METHODS],
    ..TypeDef::of::<Unpickler>("Unpickler", &OBJECT)
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let unpickler = ophi_runtime::native::receiver::<Unpickler>(vm, this, "__init__")?;
    let [file, fix_imports, encoding, errors, buffers] = bind(vm, &UNPICKLER_SIGNATURE, "Unpickler", args)?;
    let Some(file) = file else { return Err(vm.type_error("Unpickler() missing required argument 'file' (pos 1)")) };
    let fix_imports = match fix_imports {
        Some(value) => vm.is_true(value)?,
        None => true,
    };
    unpickler.check_idle(vm)?;
    unpickler.read_from(vm, file)?;
    unpickler.configure(vm, "Unpickler", fix_imports, encoding, errors, buffers)
}

fn get_attribute(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    if let Some(unpickler) = this.downcast::<Unpickler>()
        && unpickler.persistent_load.is_set()
        && name.eq_str("persistent_load")
        && let Some(own) = unpickler.persistent_load.get()
    {
        return Ok(own);
    }
    generic_get_attr(vm, this, name)
}

fn set_attribute(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    if let Some(unpickler) = this.downcast::<Unpickler>()
        && name.eq_str("persistent_load")
    {
        unpickler.persistent_load.set(value.cloned());
        return Ok(());
    }
    generic_set_attr(vm, this, name, value)
}

fn text_argument(vm: &Vm, function: &str, name: &str, value: Option<&Value>, default: &str) -> Res<String> {
    let Some(value) = value else { return Ok(default.into()) };
    match value.downcast::<Str>() {
        Some(text) => Ok(text.to_utf8_lossy().into_owned()),
        None => {
            let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
            Err(vm.type_error(format!("{function}() argument '{name}' must be str, not {got}")))
        }
    }
}

impl Unpickler {
    pub fn empty() -> Unpickler {
        Unpickler {
            read: ValueCell::new(None),
            read_line: ValueCell::new(None),
            peek: ValueCell::new(None),
            memo: GilCell::new(Memo::default()),
            persistent_load: ValueCell::new(None),
            buffers: ValueCell::new(None),
            encoding: GilCell::new("ASCII".into()),
            errors: GilCell::new("strict".into()),
            fix_imports: Cell::new(true),
            protocol: Cell::new(0),
            running: Cell::new(false),
        }
    }

    fn check_idle(&self, vm: &Vm) -> Res<()> {
        if self.running.get() { Err(vm.runtime_error("Unpickler object is already used")) } else { Ok(()) }
    }

    pub fn configure(
        &self,
        vm: &Vm,
        function: &str,
        fix_imports: bool,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        buffers: Option<&Value>,
    ) -> Res<()> {
        self.encoding.set(text_argument(vm, function, "encoding", encoding, "ASCII")?);
        self.errors.set(text_argument(vm, function, "errors", errors, "strict")?);
        self.fix_imports.set(fix_imports);
        let buffers = match buffers.filter(|buffers| !buffers.is_none()) {
            Some(buffers) => Some(vm.iter(buffers)?),
            None => None,
        };
        self.buffers.set(buffers);
        drop(self.memo.take());
        Ok(())
    }

    pub fn read_from(&self, vm: &Vm, file: &Value) -> Res<()> {
        let peek = vm.get_attr_str_opt(file, "peek")?;
        let read = vm.get_attr_str_opt(file, "read")?;
        let read_line = vm.get_attr_str_opt(file, "readline")?;
        let (Some(read), Some(read_line)) = (read, read_line) else {
            return Err(vm.type_error("file must have 'read' and 'readline' attributes"));
        };
        self.peek.set(peek);
        self.read.set(Some(read));
        self.read_line.set(Some(read_line));
        Ok(())
    }

    pub fn file_input(&self) -> Input {
        Input::file(self.read.get_or_none(), self.read_line.get_or_none(), self.peek.get())
    }

    /// Runs the machine. `this` is the Python object, if there is one.
    pub fn load(&self, vm: &Vm, this: Option<&Value>, input: Input) -> Res {
        let mut persistent_load = None;
        let mut find_class = None;
        if let Some(this) = this {
            let own = vm.get_attr_str_opt(this, "persistent_load")?;
            persistent_load = own.filter(|own| !is_default(own, "persistent_load", Unpickler::METHODS));
            if !vm.class(this).is(vm.ty(&UNPICKLER)) {
                find_class = Some(this.clone());
            }
        }
        self.protocol.set(0);
        super::load::run(vm, self, input, persistent_load, find_class)
    }

    /// What `find_class` of the base class does.
    pub fn find_global(&self, vm: &Vm, module: &Value, name: &Value) -> Res {
        let event = vm.intern("pickle.find_class")?.into_value();
        crate::sys::audit(vm, &event, &[module.clone(), name.clone()])?;
        let (mut module, mut name) = (module.clone(), name.clone());
        let protocol = self.protocol.get();
        if protocol < 3 && self.fix_imports.get() {
            let state = state(vm);
            let key = vm.new_tuple(&[module.clone(), name.clone()])?;
            if let Some(pair) = dict_in(vm, &state.name_mapping)?.get(vm, &key)? {
                let Some([to_module, to_name]) = pair.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
                    let got = vm.type_name(&pair);
                    return Err(
                        vm.runtime_error(format!("_compat_pickle.NAME_MAPPING values should be 2-tuples, not {got}"))
                    );
                };
                (module, name) = (to_module.clone(), to_name.clone());
            } else if let Some(to) = dict_in(vm, &state.import_mapping)?.get(vm, &module)? {
                module = to;
            }
        }
        let found = import_full(vm, &module)?;
        let Some(text) = name.downcast::<Str>() else {
            return Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(&name))));
        };
        if protocol < 4 || !text.code_points().any(|c| c == b'.' as u32) {
            return vm.get_attr(&found, text);
        }
        match get_dotted(vm, &found, &split_dotted(vm, text)?) {
            Ok(value) => Ok(value),
            Err(raised) if vm.raised_is(&exc::ATTRIBUTE_ERROR) => {
                let (path, place) = (vm.repr(&name)?, vm.repr(&module)?);
                let message =
                    format!("Can't resolve path {} on module {}", path.to_utf8_lossy(), place.to_utf8_lossy());
                Err(instead(vm, raised, &exc::ATTRIBUTE_ERROR, &message))
            }
            Err(raised) => Err(raised),
        }
    }
}

#[methods]
impl Unpickler {
    /// Read one pickle and build its object.
    #[method(sig = "()", name = "load")]
    fn load_method(vm: &Vm, this: &Value) -> Res {
        let unpickler = ophi_runtime::native::receiver::<Unpickler>(vm, this, "load")?;
        if !unpickler.read.is_set() {
            let name = vm.class(this).name();
            return Err(unpickling_error(vm, format!("Unpickler.__init__() was not called by {name}.__init__()")));
        }
        unpickler.check_idle(vm)?;
        unpickler.running.set(true);
        let result = unpickler.load(vm, Some(this), unpickler.file_input());
        unpickler.running.set(false);
        result
    }

    /// The object that a pickle names by module and name; imports the module. Override it to allow less.
    #[method(sig = "(module_name, global_name, /)")]
    fn find_class(vm: &Vm, this: &Ref<Unpickler>, module_name: &Value, global_name: &Value) -> Res {
        this.find_global(vm, module_name, global_name)
    }

    #[method(sig = "(pid, /)")]
    fn persistent_load(vm: &Vm, this: &Value, pid: &Value) -> Res {
        let _ = (this, pid);
        Err(super::load::no_persistent_load(vm))
    }

    #[getter]
    fn memo(vm: &Vm, this: &Ref<Unpickler>) -> Res {
        Ok(vm.new_object(UnpicklerMemoProxy { unpickler: this.clone() })?.into_value())
    }

    #[setter(name = "memo")]
    fn set_memo(vm: &Vm, this: &Ref<Unpickler>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("attribute deletion is not supported")) };
        let mut fresh = Memo::default();
        if let Some(proxy) = value.downcast::<UnpicklerMemoProxy>() {
            for (number, value) in proxy.unpickler.memo.with(|memo| memo.entries()) {
                fresh.put(number, value);
            }
        } else if let Some(dict) = value.downcast::<Dict>() {
            for (key, value) in dict.items() {
                let Some(number) = int::view(&key) else {
                    return Err(vm.type_error("memo key must be integers"));
                };
                match number.to_i64() {
                    Some(number) if number >= 0 => drop(fresh.put(number as usize, value)),
                    _ => return Err(vm.value_error("memo key must be positive integers.")),
                }
            }
        } else {
            let got = vm.type_name(value);
            return Err(
                vm.type_error(format!("'memo' attribute must be an UnpicklerMemoProxy object or dict, not {got}"))
            );
        }
        drop(this.memo.replace(fresh));
        Ok(())
    }
}
