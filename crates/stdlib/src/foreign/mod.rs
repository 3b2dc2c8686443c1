//! `_foreign`: raw memory, shared libraries and calls of C functions, under the `_ctypes` of the library overlay.
//!
//! `_ctypes` is written in Python on these few primitives; all access goes through the host's `Foreign` door, which a host that
//! walls programs in leaves shut. Values travel as the bytes that C lays out. A type is one character of the `struct` module's
//! native codes (`v` for void), or a tuple of types for a structure.

mod memory;

use std::cell::Cell;
use std::rc::Rc;

use ophi_host::{ForeignClosure, ForeignSignature, ForeignType};
use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::module::{ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::vm::bootstrap::with_current;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm,
};
use ophi_runtime::{layout, methods};

use crate::support::buffer::readable;
use crate::support::errors::OrOsError;
use crate::support::values::c_string;
use crate::support::{host, values};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_foreign",
    doc: "Raw memory and calls of C functions: what ctypes stands on.",
    tables: &[Functions::METHODS],
    init: |vm, module| {
        module.add_type(vm, &memory::MEMORY)?;
        module.add_type(vm, &CLOSURE)
    },
};

thread_local! {
    /// The thread's copy of errno, which calls swap with the C library's when they are asked to.
    static ERRNO: Cell<i32> = const { Cell::new(0) };
    /// Whether the thread is inside a call that gave up the GIL.
    static WITHOUT_GIL: Cell<bool> = const { Cell::new(false) };
}

fn kind(vm: &Vm, code: &Value) -> Res<ForeignType> {
    if let Some(fields) = code.downcast::<Tuple>() {
        let fields = fields.as_slice().iter().map(|field| kind(vm, field)).collect::<Res<Vec<_>>>()?;
        return Ok(ForeignType::Struct(fields));
    }
    let text = vm.expect_str(code, "type")?.to_utf8_lossy().into_owned();
    Ok(match text.as_str() {
        "v" => ForeignType::Void,
        "b" => ForeignType::Int8,
        "B" | "c" | "?" => ForeignType::UInt8,
        "h" => ForeignType::Int16,
        "H" => ForeignType::UInt16,
        "i" => ForeignType::Int32,
        "I" | "u" => ForeignType::UInt32,
        "l" | "q" => ForeignType::Int64,
        "L" | "Q" => ForeignType::UInt64,
        "f" => ForeignType::Float,
        "d" => ForeignType::Double,
        "g" => ForeignType::LongDouble,
        "P" => ForeignType::Pointer,
        _ => return Err(vm.value_error(format!("no foreign type {text:?}"))),
    })
}

fn signature(vm: &Vm, result: &Value, arguments: &Value, fixed: isize) -> Res<ForeignSignature> {
    let arguments = values::collect(vm, arguments)?.iter().map(|code| kind(vm, code)).collect::<Res<Vec<_>>>()?;
    let fixed = usize::try_from(fixed).ok().filter(|&fixed| fixed < arguments.len());
    Ok(ForeignSignature { result: kind(vm, result)?, arguments, fixed })
}

fn library_error(vm: &Vm, text: &str) -> ophi_runtime::Raised {
    vm.raise_message(&OS_ERROR, text)
}

/// C code that calls a Python function; the function gets the arguments' bytes and answers with the result's.
pub struct Closure {
    inner: ForeignClosure,
    /// Shared with the C side, so that it counts as one reference, which is told of here.
    function: Rc<ValueCell>,
}

impl Trace for Closure {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.function.trace(visitor)
    }
    fn clear(&self) {
        // The C side may still call: the function stays until the closure goes.
    }
}

impl Payload for Closure {
    fn def() -> &'static TypeDef {
        &CLOSURE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Closure");
}

pub static CLOSURE: TypeDef = TypeDef {
    module: "_foreign",
    doc: "Closure(function, result, arguments)\n\nC code that calls a Python function.",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new_closure), ..Slots::NONE },
    tables: &[Closure::METHODS],
    ..TypeDef::of::<Closure>("Closure", &OBJECT)
};

fn new_closure(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let [function, result, arguments] = args.check_positional(vm, "Closure", 3, 3)? else {
        return Err(vm.type_error("Closure() takes three arguments"));
    };
    let signature = signature(vm, result, arguments, -1)?;
    let function = Rc::new(ValueCell::new(Some(function.clone())));
    let called = function.clone();
    let run = move |arguments: &[&[u8]]| -> Vec<u8> {
        with_current(|vm| with_gil(vm, || answer(vm, &called.get_or_none(), arguments))).unwrap_or_default()
    };
    let inner = host(vm).make_closure(signature, Box::new(run)).or_os_error(vm)?;
    let closure: Ref<Closure> = vm.new_instance(class, Closure { inner, function })?;
    Ok(closure.into_value())
}

/// Runs `f` with the GIL, also when the call that led here gave it up.
fn with_gil<T>(vm: &Vm, f: impl FnOnce() -> T) -> T {
    if !WITHOUT_GIL.replace(false) {
        return f();
    }
    vm.interpreter().gil.acquire(&vm.breaker);
    let result = f();
    vm.interpreter().gil.release();
    WITHOUT_GIL.set(true);
    result
}

/// Calls the Python side of a closure; what it raises has nowhere to go.
fn answer(vm: &Vm, function: &Value, arguments: &[&[u8]]) -> Vec<u8> {
    let result = (|| -> Res<Vec<u8>> {
        let arguments = values::list_of(vm, arguments.iter(), |vm, bytes| Ok(vm.new_bytes(bytes)?.into_value()))?;
        let bytes = vm.call(function, &[arguments])?;
        Ok(if bytes.is_none() { Vec::new() } else { readable(vm, &bytes)?.as_slice().to_vec() })
    })();
    result.unwrap_or_else(|raised| {
        vm.unraisable(raised, Some("Exception ignored on calling ctypes callback function"), Some(function));
        Vec::new()
    })
}

#[methods]
impl Closure {
    /// The address of the code.
    #[getter]
    fn address(_vm: &Vm, this: &Ref<Closure>) -> usize {
        this.inner.address()
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Open a shared library (None: the program itself); its handle.
    #[function(sig = "(path, flags, /)")]
    fn open_library(vm: &Vm, path: &Value, flags: i32) -> Res<usize> {
        let path = match path.is_none() {
            true => None,
            false => {
                let text = vm.expect_str(path, "path")?.clone();
                Some(c_string(vm, crate::support::paths::fs_encode(vm, &text)?)?)
            }
        };
        let opened = host(vm).open_library(path.as_deref(), flags).or_os_error(vm)?;
        opened.map_err(|text| library_error(vm, &text))
    }

    /// Close a shared library.
    #[function(sig = "(handle, /)")]
    fn close_library(vm: &Vm, handle: usize) -> Res<()> {
        let closed = host(vm).close_library(handle).or_os_error(vm)?;
        closed.map_err(|text| library_error(vm, &text))
    }

    /// The address of a name in a library.
    #[function(sig = "(handle, name, /)")]
    fn find_symbol(vm: &Vm, handle: usize, name: &Ref<Str>) -> Res<usize> {
        let name = c_string(vm, name.to_utf8_lossy().as_bytes().to_vec())?;
        let found = host(vm).find_symbol(handle, &name).or_os_error(vm)?;
        found.map_err(|text| library_error(vm, &text))
    }

    /// Call the function at an address; the bytes of its result.
    #[function(sig = "(address, result, types, arguments, fixed=-1, with_gil=False, with_errno=False, /)")]
    fn call(
        vm: &Vm,
        address: usize,
        result: &Value,
        types: &Value,
        arguments: &Value,
        fixed: isize,
        with_gil: bool,
        with_errno: bool,
    ) -> Res {
        let signature = signature(vm, result, types, fixed)?;
        let arguments = values::collect(vm, arguments)?;
        let mut copies = Vec::with_capacity(arguments.len());
        for argument in &arguments {
            copies.push(readable(vm, argument)?.as_slice().to_vec());
        }
        let views: Vec<&[u8]> = copies.iter().map(Vec::as_slice).collect();
        let host = host(vm);
        let before = if with_errno { ERRNO.get() } else { 0 };
        let outcome = if with_gil {
            host.call_foreign(address, &signature, &views, before)
        } else {
            vm.without_gil(|| {
                let outer = WITHOUT_GIL.replace(true);
                let outcome = host.call_foreign(address, &signature, &views, before);
                WITHOUT_GIL.set(outer);
                outcome
            })
        };
        let (bytes, errno) = outcome.or_os_error(vm)?;
        if with_errno {
            ERRNO.set(errno);
        }
        Ok(vm.new_bytes(&bytes)?.into_value())
    }

    /// The length of the zero-terminated string at an address, in units of 1 or 4 bytes.
    #[function(sig = "(address, width=1, /)")]
    fn string_length(vm: &Vm, address: usize, width: usize) -> Res<usize> {
        host(vm).string_length(address, width).or_os_error(vm)
    }

    /// Have an exception class raised in the thread of that ident (None takes back what waits); the number of threads found.
    #[function(sig = "(ident, exception, /)")]
    fn send_exception(vm: &Vm, ident: u64, exception: &Value) -> usize {
        vm.send_exception(ident, (!exception.is_none()).then_some(exception))
    }

    /// The thread's copy of errno.
    #[function(sig = "()")]
    fn get_errno(_vm: &Vm) -> i32 {
        ERRNO.get()
    }

    /// Set the thread's copy of errno; the former one.
    #[function(sig = "(value, /)")]
    fn set_errno(_vm: &Vm, value: i32) -> i32 {
        ERRNO.replace(value)
    }
}
