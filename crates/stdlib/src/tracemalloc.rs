//! `_tracemalloc`: which line of which program asked for each block that is still held.
//!
//! While tracing, the heap calls a hook for every block it gives out or takes back. A hook may neither raise nor make objects:
//! it notes the running frames' file names and lines in tables of Rust's own, which the trace does not see. Should it be
//! entered again by what it does, it does nothing. After CPython Python/tracemalloc.c.

mod blocks;

use blocks::{Blocks, Trace};
use core::hash::BuildHasher;
use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::HashTable;
use ophi_bytecode::instruction::Opcode;
use ophi_heap::pool::Hooks;
use ophi_runtime::frames::Fp;
use ophi_runtime::objects::code::Bytes;
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::vm::bootstrap::with_current;
use ophi_runtime::{List, Ref, Res, Str, Tuple, Value, Vm, methods};
use rustc_hash::{FxBuildHasher, FxHashMap};

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

/// The innermost frames, as many as asked for, and how many there were. Equal ones are kept once.
struct Stack {
    places: Box<[Place]>,
    depth: u16,
}

/// The line of an instruction of a code object, told from others by its table of lines, which is held so that its address
/// stays its own, and by its first line, for the library shares equal tables.
struct Line {
    table: Bytes,
    first: i32,
    at: i32,
    line: i32,
}

/// How many lines are remembered.
const LINES: usize = 512;

#[derive(Default)]
struct Tables {
    is_tracing: bool,
    frames: usize,
    /// The heap's blocks are domain 0.
    traces: Blocks,
    stacks: Vec<Rc<Stack>>,
    /// The stack of the last block: mostly that of the next one.
    last_stack: u32,
    /// Numbers of the stacks, by what is in them.
    stack_numbers: HashTable<u32>,
    /// Lines that were found lately: to find one, a table is read from its start.
    lines: Vec<Option<Line>>,
    /// The frames of the block being noted, kept for their memory.
    scratch: Vec<Place>,
    files: Vec<Ref<Str>>,
    /// Numbers of file names by their address; the names are held, so addresses stay theirs.
    numbers: FxHashMap<usize, u32>,
    current: usize,
    peak: usize,
}

#[derive(Default)]
struct Tracer(RefCell<Tables>);

impl Tables {
    fn number_of(&mut self, file: &Ref<Str>) -> u32 {
        let address = file.as_ptr() as usize;
        let files = &mut self.files;
        *self.numbers.entry(address).or_insert_with(|| {
            files.push(file.clone());
            files.len() as u32 - 1
        })
    }

    fn note(&mut self, vm: &Vm, domain: u32, address: usize, size: usize) {
        let mut places = std::mem::take(&mut self.scratch);
        places.clear();
        let mut depth = 0u16;
        vm.for_each_frame(|frame| {
            if places.is_empty() && depth == 0 && is_incomplete(frame) {
                return true;
            }
            depth = depth.saturating_add(1);
            if places.len() < self.frames {
                let line = self.line_of(frame);
                let file = frame.code().filename.with(|file| self.number_of(file));
                places.push((file, line));
            }
            depth < u16::MAX
        });
        let stack = self.number_of_stack(&places, depth);
        self.scratch = places;
        if let Some(before) = self.traces.insert(domain, address, Trace { size, stack }) {
            self.current -= before.size;
        }
        self.current += size;
        self.peak = self.peak.max(self.current);
    }

    fn line_of(&mut self, frame: Fp) -> i32 {
        let (code, at) = (frame.code(), frame.lasti().max(0));
        if self.lines.is_empty() {
            self.lines.resize_with(LINES, || None);
        }
        let Some(table) = code.body_now().map(|body| &body.linetable) else { return 0 };
        let slot = (table.as_ptr() as usize / 16).wrapping_mul(31).wrapping_add(at as usize) % LINES;
        if let Some(known) = &self.lines[slot]
            && known.at == at
            && known.first == code.firstlineno
            && known.table.as_ptr() == table.as_ptr()
        {
            return known.line;
        }
        let line = code.line_of(at * 2).unwrap_or(0);
        self.lines[slot] = Some(Line { table: table.clone(), first: code.firstlineno, at, line });
        line
    }

    fn number_of_stack(&mut self, places: &[Place], depth: u16) -> u32 {
        if let Some(last) = self.stacks.get(self.last_stack as usize)
            && last.depth == depth
            && *last.places == *places
        {
            return self.last_stack;
        }
        let number = self.number_of_other_stack(places, depth);
        self.last_stack = number;
        number
    }

    fn number_of_other_stack(&mut self, places: &[Place], depth: u16) -> u32 {
        let (hash, stacks) = (hash_of(places, depth), &self.stacks);
        let is_it =
            |number: &u32| stacks.get(*number as usize).is_some_and(|s| s.depth == depth && *s.places == *places);
        if let Some(number) = self.stack_numbers.find(hash, is_it) {
            return *number;
        }
        let number = self.stacks.len() as u32;
        self.stacks.push(Rc::new(Stack { places: places.into(), depth }));
        let stacks = &self.stacks;
        let again = |n: &u32| stacks.get(*n as usize).map_or(0, |s| hash_of(&s.places, s.depth));
        self.stack_numbers.insert_unique(hash, number, again);
        number
    }

    fn forget(&mut self, domain: u32, address: usize) {
        if let Some(trace) = self.traces.remove(domain, address) {
            self.current -= trace.size;
        }
    }

    fn stack_of(&self, trace: Trace) -> Option<Rc<Stack>> {
        self.stacks.get(trace.stack as usize).cloned()
    }

    /// The trace of the block that the object at `address` lies in: at its start, or behind the collector's prefix.
    fn holding(&self, address: usize) -> Option<Trace> {
        let prefix = size_of::<ophi_heap::GcHead>();
        [address, address - prefix].into_iter().find_map(|start| self.traces.get(0, start))
    }
}

fn hash_of(places: &[Place], depth: u16) -> u64 {
    FxBuildHasher.hash_one((places, depth))
}

/// The frame has not come to its RESUME: its cells and arguments are being put in place, on behalf of the caller.
fn is_incomplete(frame: Fp) -> bool {
    let units = frame.code().stream().chunks_exact(2);
    let first = units.map(|unit| unit[0]).position(|op| op == Opcode::RESUME.0);
    first.is_some_and(|first| frame.lasti() < first as i32)
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
        let trace = tables.traces.get(domain, address)?;
        Some((tables.stack_of(trace)?, tables.files.clone()))
    });
    match found.flatten() {
        Some((stack, files)) => traceback(vm, &stack.places, &files),
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
    /// Is tracing on?
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
            t.traces.clear();
            t.stacks.clear();
            t.stack_numbers.clear();
            t.lines.clear();
            core::mem::take(&mut t.files)
        });
        drop(dropped);
    }

    /// A list with domain, size and traceback of every block traced and alive; a traceback is a tuple of
    /// (file name, line). Empty when tracing is off.
    #[function(sig = "()")]
    fn _get_traces(vm: &Vm) -> Res {
        let (traces, stacks, files) =
            with_tables(vm, |t| (t.traces.all(), t.stacks.clone(), t.files.clone())).unwrap_or_default();
        let list = List::new(vm)?;
        // Equal tracebacks are one object, as in CPython; those of stacks that only differ in depth too.
        let mut made: Vec<Option<Value>> = vec![None; stacks.len()];
        let mut known: FxHashMap<Box<[Place]>, Value> = FxHashMap::default();
        for (domain, trace) in traces {
            let number = trace.stack as usize;
            let Some(stack) = stacks.get(number) else { continue };
            let shown = match (&made[number], known.get(&stack.places)) {
                (Some(shown), _) | (None, Some(shown)) => shown.clone(),
                (None, None) => {
                    let shown = traceback(vm, &stack.places, &files)?;
                    known.insert(stack.places.clone(), shown.clone());
                    shown
                }
            };
            made[number] = Some(shown.clone());
            let depth = vm.new_int(i64::from(stack.depth))?;
            let entry = [vm.new_int(i64::from(domain))?, vm.new_int(trace.size as i64)?, shown, depth];
            list.push(vm, vm.new_tuple(&entry)?)?;
        }
        Ok(list.into_value())
    }

    /// Where the object was allocated, as a tuple of (file name, line); None if that was not traced.
    #[function(sig = "(obj, /)")]
    fn _get_object_traceback(vm: &Vm, obj: &Value) -> Res {
        let Some(header) = obj.header() else { return Ok(Value::NONE) };
        let address = core::ptr::from_ref(header) as usize;
        let found = with_tables(vm, |t| Some((t.stack_of(t.holding(address)?)?, t.files.clone())));
        match found.flatten() {
            Some((stack, files)) => traceback(vm, &stack.places, &files),
            None => Ok(Value::NONE),
        }
    }

    /// Begin to trace allocations, keeping so many frames of each traceback.
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

    /// End tracing and forget what was traced.
    #[function(sig = "()")]
    fn stop(vm: &Vm) {
        set_tracing(vm, false);
        with_tables(vm, |t| t.is_tracing = false);
        Functions::clear_traces(vm);
    }

    /// How many frames of each traceback are kept; 1 unless start() was told otherwise.
    #[function(sig = "()")]
    fn get_traceback_limit(vm: &Vm) -> usize {
        with_tables(vm, |t| t.frames.max(1)).unwrap_or(1)
    }

    /// How many bytes tracing itself needs.
    #[function(sig = "()")]
    fn get_tracemalloc_memory(vm: &Vm) -> usize {
        with_tables(vm, |t| {
            let stacks: usize = t.stacks.iter().map(|stack| size_of::<Stack>() + size_of_val(&*stack.places)).sum();
            t.traces.memory() + stacks + t.files.len() * 32
        })
        .unwrap_or(0)
    }

    /// Traced bytes now and at their peak: (current, peak).
    #[function(sig = "()")]
    fn get_traced_memory(vm: &Vm) -> Res {
        let (current, peak) = with_tables(vm, |t| (t.current, t.peak)).unwrap_or_default();
        vm.new_tuple(&[vm.new_int(current as i64)?, vm.new_int(peak as i64)?])
    }

    /// Let the peak be what is in use now.
    #[function(sig = "()")]
    fn reset_peak(vm: &Vm) {
        with_tables(vm, |t| t.peak = t.current);
    }
}
