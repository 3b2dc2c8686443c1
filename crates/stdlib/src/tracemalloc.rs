//! `_tracemalloc`: which line of which program asked for each block that is still held.
//!
//! While tracing, the heap calls a hook for every block it gives out or takes back. A hook may neither raise nor make objects:
//! it notes the running frames' file names and lines in tables of Rust's own, which the trace does not see. Should it be
//! entered again by what it does, it does nothing. After CPython Python/tracemalloc.c.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use ophi_heap::pool::Hooks;
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::vm::bootstrap::with_current;
use ophi_runtime::{List, Ref, Res, Str, Tuple, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_tracemalloc",
    doc: "Debug module to trace memory blocks allocated by Python.",
    tables: &[Functions::METHODS],
    init,
};

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

/// A place in a program: number of a file name, line.
type Place = (u32, i32);

struct Trace {
    size: usize,
    /// The innermost frames, as many as asked for.
    places: Box<[Place]>,
    depth: usize,
}

#[derive(Default)]
struct Tables {
    is_tracing: bool,
    frames: usize,
    /// By domain and the block's address, in order: an object lies somewhere inside its block. The heap's blocks are domain 0.
    traces: BTreeMap<(u32, usize), Trace>,
    files: Vec<Ref<Str>>,
    /// Numbers of file names by their address; the names are held, so addresses stay theirs.
    numbers: HashMap<usize, u32>,
    current: usize,
    peak: usize,
}

#[derive(Default)]
struct Tracer(RefCell<Tables>);

impl Tables {
    fn place(&mut self, file: Ref<Str>, line: i32) -> Place {
        let address = file.as_ptr() as usize;
        let files = &mut self.files;
        let number = *self.numbers.entry(address).or_insert_with(|| {
            files.push(file);
            files.len() as u32 - 1
        });
        (number, line)
    }

    fn note(&mut self, vm: &Vm, domain: u32, address: usize, size: usize) {
        let mut places = Vec::with_capacity(self.frames.min(8));
        let mut depth = 0;
        while let Some(frame) = vm.frame_at(depth) {
            depth += 1;
            if places.len() < self.frames {
                let line = frame.code().line_of(frame.lasti().max(0) * 2).unwrap_or(0);
                let place = self.place(frame.code().file(), line);
                places.push(place);
            }
            if depth >= usize::from(u16::MAX) {
                break;
            }
        }
        self.forget(domain, address);
        self.current += size;
        self.peak = self.peak.max(self.current);
        self.traces.insert((domain, address), Trace { size, places: places.into_boxed_slice(), depth });
    }

    fn forget(&mut self, domain: u32, address: usize) {
        if let Some(trace) = self.traces.remove(&(domain, address)) {
            self.current -= trace.size;
        }
    }

    /// The trace of the block that holds `address`.
    fn holding(&self, address: usize) -> Option<&Trace> {
        let ((_, start), trace) = self.traces.range((0, 0)..=(0, address)).next_back()?;
        (address < start + trace.size).then_some(trace)
    }
}

fn with_tables<T>(vm: &Vm, f: impl FnOnce(&mut Tables) -> T) -> Option<T> {
    let tracer = vm.interpreter().state::<Tracer>();
    let mut tables = tracer.0.try_borrow_mut().ok()?;
    Some(f(&mut tables))
}

fn allocated(block: *const u8, size: usize) {
    with_current(|vm| with_tables(vm, |tables| tables.note(vm, 0, block as usize, size)));
}

fn released(block: *const u8) {
    with_current(|vm| with_tables(vm, |tables| tables.forget(0, block as usize)));
}

fn set_tracing(vm: &Vm, on: bool) {
    let heap = vm.heap();
    let hooks = if on { Hooks { allocated, released, ..heap.hooks() } } else { heap.hooks() };
    heap.set_hooks(hooks);
    heap.traced.set(on);
}

/// Notes a block that is not the heap's, in a domain of its owner's choice (`PyTraceMalloc_Track`); false when nothing is traced.
pub fn track(vm: &Vm, domain: u32, address: usize, size: usize) -> bool {
    with_tables(vm, |tables| {
        if tables.is_tracing {
            tables.note(vm, domain, address, size);
        }
        tables.is_tracing
    })
    .unwrap_or(false)
}

/// Forgets such a block (`PyTraceMalloc_Untrack`); false when nothing is traced.
pub fn untrack(vm: &Vm, domain: u32, address: usize) -> bool {
    with_tables(vm, |tables| {
        tables.forget(domain, address);
        tables.is_tracing
    })
    .unwrap_or(false)
}

/// The traceback of a block, or None.
pub fn traceback_of(vm: &Vm, domain: u32, address: usize) -> Res {
    let found = with_tables(vm, |tables| {
        let places = tables.traces.get(&(domain, address))?.places.clone();
        Some((places, tables.files.clone()))
    });
    match found.flatten() {
        Some((places, files)) => traceback(vm, &places, &files),
        None => Ok(Value::NONE),
    }
}

/// A traceback as a tuple of (file name, line), the innermost first.
fn traceback(vm: &Vm, places: &[Place], files: &[Ref<Str>]) -> Res {
    let mut frames = Vec::with_capacity(places.len());
    for (file, line) in places {
        let name = files.get(*file as usize).map_or(Value::NONE, Ref::to_value);
        frames.push(vm.new_tuple(&[name, vm.new_int(i64::from((*line).max(0)))?])?);
    }
    Ok(Tuple::from_vec(vm, frames)?.into_value())
}

pub struct Functions;

#[methods]
impl Functions {
    /// Return True if the tracemalloc module is tracing Python memory allocations.
    #[function(sig = "()")]
    fn is_tracing(vm: &Vm) -> bool {
        with_tables(vm, |t| t.is_tracing).unwrap_or(false)
    }

    /// Clear traces of memory blocks allocated by Python.
    #[function(sig = "()")]
    fn clear_traces(vm: &Vm) {
        let dropped = with_tables(vm, |t| {
            t.current = 0;
            t.peak = 0;
            t.numbers.clear();
            (core::mem::take(&mut t.traces), core::mem::take(&mut t.files))
        });
        drop(dropped);
    }

    /// Get traces of all memory blocks allocated by Python.
    ///
    /// Return a list of (size: int, traceback: tuple) tuples.
    /// traceback is a tuple of (filename: str, lineno: int) tuples.
    ///
    /// Return an empty list if the tracemalloc module is disabled.
    #[function(sig = "()")]
    fn _get_traces(vm: &Vm) -> Res {
        let (traces, files): (Vec<_>, Vec<Ref<Str>>) = with_tables(vm, |t| {
            let one = |((domain, _), trace): (&(u32, usize), &Trace)| {
                (*domain, trace.size, trace.places.clone(), trace.depth)
            };
            let traces = t.traces.iter().map(one).collect();
            (traces, t.files.clone())
        })
        .unwrap_or_default();
        let list = List::new(vm)?;
        // Equal tracebacks are one object, as in CPython.
        let mut made: HashMap<Box<[Place]>, Value> = HashMap::new();
        for (domain, size, places, depth) in traces {
            let shown = match made.get(&places) {
                Some(shown) => shown.clone(),
                None => {
                    let shown = traceback(vm, &places, &files)?;
                    made.insert(places, shown.clone());
                    shown
                }
            };
            let entry = [vm.new_int(i64::from(domain))?, vm.new_int(size as i64)?, shown, vm.new_int(depth as i64)?];
            list.push(vm, vm.new_tuple(&entry)?)?;
        }
        Ok(list.into_value())
    }

    /// Get the traceback where the Python object obj was allocated.
    ///
    /// Return a tuple of (filename: str, lineno: int) tuples.
    /// Return None if the tracemalloc module is disabled or did not
    /// trace the allocation of the object.
    #[function(sig = "(obj, /)")]
    fn _get_object_traceback(vm: &Vm, obj: &Value) -> Res {
        let Some(header) = obj.header() else { return Ok(Value::NONE) };
        let address = core::ptr::from_ref(header) as usize;
        let found = with_tables(vm, |t| {
            let places = t.holding(address)?.places.clone();
            Some((places, t.files.clone()))
        });
        match found.flatten() {
            Some((places, files)) => traceback(vm, &places, &files),
            None => Ok(Value::NONE),
        }
    }

    /// Start tracing Python memory allocations.
    ///
    /// Also set the maximum number of frames stored in the traceback of a
    /// trace to nframe.
    #[function(sig = "(nframe=1, /)")]
    pub fn start(vm: &Vm, nframe: i32) -> Res<()> {
        if !(1..=65535).contains(&nframe) {
            return Err(vm.value_error("the number of frames must be in range [1; 65535]"));
        }
        let started = with_tables(vm, |t| {
            if t.is_tracing {
                return false;
            }
            t.is_tracing = true;
            t.frames = nframe as usize;
            true
        });
        if started == Some(true) {
            set_tracing(vm, true);
        }
        Ok(())
    }

    /// Stop tracing Python memory allocations.
    ///
    /// Also clear traces of memory blocks allocated by Python.
    #[function(sig = "()")]
    fn stop(vm: &Vm) {
        set_tracing(vm, false);
        with_tables(vm, |t| t.is_tracing = false);
        Functions::clear_traces(vm);
    }

    /// Get the maximum number of frames stored in the traceback of a trace.
    ///
    /// By default, a trace of an allocated memory block only stores
    /// the most recent frame: the limit is 1.
    #[function(sig = "()")]
    fn get_traceback_limit(vm: &Vm) -> usize {
        with_tables(vm, |t| t.frames.max(1)).unwrap_or(1)
    }

    /// Get the memory usage in bytes of the tracemalloc module.
    ///
    /// This memory is used internally to trace memory allocations.
    #[function(sig = "()")]
    fn get_tracemalloc_memory(vm: &Vm) -> usize {
        with_tables(vm, |t| {
            let places: usize = t.traces.values().map(|trace| size_of_val(&*trace.places)).sum();
            t.traces.len() * (size_of::<usize>() + size_of::<Trace>()) + places + t.files.len() * 32
        })
        .unwrap_or(0)
    }

    /// Get the current size and peak size of memory blocks traced by tracemalloc.
    ///
    /// Returns a tuple: (current: int, peak: int).
    #[function(sig = "()")]
    fn get_traced_memory(vm: &Vm) -> Res {
        let (current, peak) = with_tables(vm, |t| (t.current, t.peak)).unwrap_or_default();
        vm.new_tuple(&[vm.new_int(current as i64)?, vm.new_int(peak as i64)?])
    }

    /// Set the peak size of memory blocks traced by tracemalloc to the current size.
    ///
    /// Do nothing if the tracemalloc module is not tracing memory allocations.
    #[function(sig = "()")]
    fn reset_peak(vm: &Vm) {
        with_tables(vm, |t| t.peak = t.current);
    }
}
