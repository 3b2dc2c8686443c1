//! `_foreign.Memory`: a stretch of raw memory as an exporter of buffers.
//!
//! It owns what it allocated, or stands for memory at a given address, or for a part of another one, which it then keeps. How the
//! bytes are shown (format, shape) is chosen when it is made.

use ophi_runtime::objects::buffer::{Exported, flags};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm};
use ophi_runtime::{layout, methods};
use std::sync::Arc;

use crate::support::errors::OrOsError;
use crate::support::{host, values};

pub struct Memory {
    address: usize,
    size: usize,
    read_only: bool,
    item_size: usize,
    format: String,
    shape: Vec<isize>,
    /// Who frees the memory; `None` when somebody else does.
    owner: Option<Arc<dyn ophi_host::Host>>,
    /// What keeps the memory alive.
    keeper: ValueCell,
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(host) = &self.owner {
            let _ = host.free(self.address);
            ophi_heap::pool::current().discharge(self.size);
        }
    }
}

impl Trace for Memory {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.keeper.trace(visitor)
    }
    fn clear(&self) {
        self.keeper.clear()
    }
}

impl Payload for Memory {
    fn def() -> &'static TypeDef {
        &MEMORY
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Memory");
}

pub static MEMORY: TypeDef = TypeDef {
    module: "_foreign",
    doc: "Memory(size)\n\nZeroed memory that is freed with the object.",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), buffer: Some(buffer), ..Slots::NONE },
    tables: &[Memory::METHODS],
    ..TypeDef::of::<Memory>("Memory", &OBJECT)
};

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let [size] = args.check_positional(vm, "Memory", 1, 1)? else {
        return Err(vm.type_error("Memory() takes one argument"));
    };
    let Some(size) = vm.index_as_i128(size)?.and_then(|size| usize::try_from(size).ok()) else {
        return Err(vm.value_error("the size of memory is a number from 0 on"));
    };
    if !vm.heap().charge(size) {
        return Err(vm.no_memory());
    }
    let host = host(vm);
    let address = match host.allocate(size) {
        Ok(address) => address,
        Err(error) => {
            vm.heap().discharge(size);
            return if error.errno() == libc::ENOMEM { Err(vm.no_memory()) } else { Err(error).or_os_error(vm) };
        }
    };
    let memory: Ref<Memory> = vm.new_instance(
        class,
        Memory {
            address,
            size,
            read_only: false,
            item_size: 1,
            format: "B".into(),
            shape: Vec::new(),
            owner: Some(host),
            keeper: ValueCell::new(None),
        },
    )?;
    Ok(memory.into_value())
}

fn buffer(vm: &Vm, this: &Value, request: u32) -> Res<Exported> {
    let Some(memory) = this.downcast::<Memory>() else { return Err(vm.type_error("memory is expected")) };
    if memory.read_only && request & flags::WRITABLE != 0 {
        return Err(vm.buffer_error("Object is not writable."));
    }
    let start = std::ptr::with_exposed_provenance_mut::<u8>(memory.address);
    let mut exported = Exported::bytes(this.clone(), start, memory.size, memory.read_only, None);
    exported.item_size = memory.item_size;
    exported.format = memory.format.clone().into();
    let mut stride = memory.item_size as isize;
    let mut strides: Vec<isize> = Vec::with_capacity(memory.shape.len());
    for extent in memory.shape.iter().rev() {
        strides.insert(0, stride);
        stride *= extent;
    }
    exported.shape = memory.shape.clone();
    exported.strides = strides;
    Ok(exported)
}

#[methods]
impl Memory {
    /// Where the memory begins.
    #[getter]
    fn address(_vm: &Vm, this: &Ref<Memory>) -> usize {
        this.address
    }

    /// Bytes.
    #[getter]
    fn size(_vm: &Vm, this: &Ref<Memory>) -> usize {
        this.size
    }

    /// A part of the memory, shown in another way; it keeps the whole alive.
    #[method(sig = "(offset, size, format='B', shape=(), item_size=1, /)")]
    fn part(
        vm: &Vm,
        this: &Ref<Memory>,
        offset: usize,
        size: usize,
        format: Option<&Ref<Str>>,
        shape: Option<&Value>,
        item_size: usize,
    ) -> Res {
        if offset.checked_add(size).is_none_or(|end| end > this.size) {
            return Err(vm.value_error("the part reaches beyond the memory"));
        }
        let shape = match shape {
            Some(shape) => {
                let extents = values::collect(vm, shape)?;
                extents.iter().map(|extent| values::to_i64(vm, extent).map(|n| n as isize)).collect::<Res<Vec<_>>>()?
            }
            None => Vec::new(),
        };
        if shape.iter().try_fold(item_size as isize, |all, &n| all.checked_mul(n).filter(|_| n >= 0))
            != Some(size as isize)
            && !shape.is_empty()
        {
            return Err(vm.value_error("the shape does not cover the part"));
        }
        let part = Memory {
            address: this.address + offset,
            size,
            read_only: this.read_only,
            item_size: item_size.max(1),
            format: format.map_or_else(|| "B".to_owned(), |format| format.to_utf8_lossy().into_owned()),
            shape,
            owner: None,
            keeper: ValueCell::new(Some(this.to_value())),
        };
        Ok(vm.new_object(part)?.into_value())
    }

    /// Memory that stands at an address; nothing vouches for it but the caller. `keeper` is kept alive with it.
    #[function(sig = "(address, size, read_only=False, keeper=None, /)")]
    fn at(vm: &Vm, address: usize, size: usize, read_only: bool, keeper: Option<&Value>) -> Res {
        if address == 0 && size > 0 {
            return Err(vm.value_error("NULL pointer access"));
        }
        let memory = Memory {
            address,
            size,
            read_only,
            item_size: 1,
            format: "B".into(),
            shape: Vec::new(),
            owner: None,
            keeper: ValueCell::new(keeper.cloned()),
        };
        Ok(vm.new_object(memory)?.into_value())
    }

    /// The memory that a writable object exports, by its address; the object is kept and stays exported.
    #[function(sig = "(exporter, /)")]
    fn of(vm: &Vm, exporter: &Value) -> Res {
        // A memoryview holds the export open as long as the memory lives.
        let view = vm.call(&crate::support::builtin(vm, "memoryview")?, std::slice::from_ref(exporter))?;
        let (address, size, read_only) = {
            let exported = crate::support::buffer::readable(vm, &view)?;
            (exported.start.expose_provenance(), exported.len, exported.read_only)
        };
        let memory = Memory {
            address,
            size,
            read_only,
            item_size: 1,
            format: "B".into(),
            shape: Vec::new(),
            owner: None,
            keeper: ValueCell::new(Some(view)),
        };
        Ok(vm.new_object(memory)?.into_value())
    }
}
