//! What the threads of one interpreter share: types, names, interned strings, modules, shapes, caches.

use super::state::{Breaker, Vm};
use crate::names::Names;
use crate::objects::dict::Dict;
use crate::objects::str::InternTable;
use crate::objects::r#type::{MethodCache, Shapes};
use crate::payload::Downcast;
use crate::payload::MAX_NATIVE_TYPES;
use crate::{GilCell, Ref, TypeRef, Value, ValueCell};
use core::cell::{Cell, OnceCell};
use core::mem::ManuallyDrop;
use ophi_heap::{Edges, Heap, Trace};
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use std::sync::Arc;

/// What must be known before the first object is made.
#[derive(Clone, Debug, Default)]
pub struct InterpreterSettings {
    /// PYTHONHASHSEED: `None` draws one; 0 switches randomisation off.
    pub hash_seed: Option<u32>,
    /// Random bytes for the hash key when no seed is given.
    pub hash_key: (u64, u64),
    /// Refuse memory beyond this many bytes.
    pub memory_limit: Option<usize>,
}

/// What a native module keeps in an interpreter.
pub struct Extension {
    key: core::any::TypeId,
    pub state: std::rc::Rc<dyn core::any::Any>,
    /// Its type, and how to name the references in it: for states asked for by [`Interpreter::traced_state`].
    pub describe: Option<(&'static str, fn(&dyn core::any::Any, &mut Edges<'_>))>,
}

/// Entries of the table that remembers where state is.
const EXTENSION_PLACES: usize = 128;

/// One interpreter. Shared by its threads; touched only under its GIL.
///
/// Fields that own values are never dropped one by one: an interpreter ends by running its finalizers (`finish`), then its
/// heap's address range goes back to the system as a whole.
pub struct Interpreter {
    pub breaker: Arc<Breaker>,
    pub gil: super::gil::Gil,
    pub threads: super::threads::ThreadList,
    /// Type objects by `TypeId`.
    pub types: ManuallyDrop<Box<[OnceCell<TypeRef>; MAX_NATIVE_TYPES]>>,
    names: ManuallyDrop<OnceCell<Box<Names>>>,
    pub interned: ManuallyDrop<InternTable>,
    /// The strings of one Latin-1 character, and the empty one.
    pub singles: ManuallyDrop<crate::objects::str::build::Singles>,
    pub shapes: ManuallyDrop<Shapes>,
    pub method_cache: MethodCache,
    pub next_type_version: Cell<u32>,
    pub next_keys_version: Cell<u32>,
    /// Key of the string hash (CPython's `_Py_HashSecret`).
    pub hash_key: (u64, u64),
    pub modules: ManuallyDrop<GilCell<Option<Ref<Dict>>>>,
    /// The namespace of `builtins`.
    pub builtins: ManuallyDrop<GilCell<Option<Ref<Dict>>>>,
    /// `()`.
    pub empty_tuple: ManuallyDrop<OnceCell<Ref<crate::Tuple>>>,
    /// Where `__name__` and `__builtins__` stood in the globals of the last function made: nearly always the same in all modules.
    pub places_in_globals: [Cell<u32>; 2],
    /// `all` and `any` as they were made: what LOAD_COMMON_CONSTANT means whatever the names stand for now.
    pub common: ManuallyDrop<GilCell<Vec<Value>>>,
    /// The namespace of `sys`, whatever `sys.modules` says: native code asks it for streams and hooks.
    pub sys: ManuallyDrop<GilCell<Option<Ref<Dict>>>>,
    /// Classes that instances have left by `__class__` assignment; given up by [`crate::accounting::drop_retired_classes`].
    pub retired_classes: ManuallyDrop<GilCell<Vec<TypeRef>>>,
    pub recursion_limit: Cell<usize>,
    /// `-O`: the level at which code is compiled when nobody says otherwise.
    pub optimize: Cell<u8>,
    /// `-b`: comparisons of bytes with str, and `str(bytes)`, warn (1) or raise (2).
    pub bytes_warning: Cell<u8>,
    /// `-X dev`: the names of encodings and error handlers are looked up even where they are not needed.
    pub dev_mode: Cell<bool>,
    /// The folder that was put at the head of `sys.path` for the program, absolute; none in safe-path mode.
    pub program_folder: ManuallyDrop<ValueCell>,
    /// What the heap refuses to exceed, and whether [`Interpreter::beyond_limit`] is at work.
    pub(super) memory_limit: usize,
    is_beyond_limit: Cell<bool>,
    /// MemoryError is being made.
    pub short_of_memory: Cell<bool>,
    /// `-X importtime`: 1 tells how long imports take, 2 also which were done already.
    pub import_time: Cell<u8>,
    /// Somebody listens to auditing events.
    pub auditing: Cell<bool>,
    /// Code objects keep the columns of their instructions, not the lines alone.
    pub code_debug_ranges: Cell<bool>,
    pub int_max_str_digits: Cell<usize>,
    /// A MemoryError made in advance.
    pub emergency: ManuallyDrop<ValueCell>,
    /// Which events tools want, and the threads there are.
    pub monitoring: ManuallyDrop<crate::monitoring::Monitoring>,
    /// Stays the same as long as every context variable has the same value in every thread: what a cache of a variable's value
    /// is checked by.
    pub context_version: Cell<u64>,
    /// State of native modules by `TypeId`-like keys; see `Interpreter::state`.
    pub extensions: ManuallyDrop<GilCell<Vec<Extension>>>,
    /// Where in that list the types looked for last are, by their hash.
    extension_places: [Cell<u32>; EXTENSION_PLACES],
    /// Last: values above are dropped into it.
    pub heap: Box<Heap>,
}

// SAFETY: an interpreter is touched only by the thread that holds its GIL; the breaker is atomic.
#[allow(unsafe_code)]
unsafe impl Send for Interpreter {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Interpreter {}

impl Interpreter {
    /// An interpreter without any object. `None` when the system refuses address space.
    pub fn bare(settings: &InterpreterSettings) -> Option<Arc<Interpreter>> {
        let heap = Heap::new()?;
        if let Some(limit) = settings.memory_limit {
            heap.set_limit(limit);
        }
        let hash_key = match settings.hash_seed {
            None => settings.hash_key,
            Some(seed) => crate::objects::str::hash::key_from_seed(seed),
        };
        Some(Arc::new(Interpreter {
            breaker: Arc::new(Breaker::new()),
            gil: super::gil::Gil::default(),
            threads: Default::default(),
            types: ManuallyDrop::new(Box::new([const { OnceCell::new() }; MAX_NATIVE_TYPES])),
            names: ManuallyDrop::new(OnceCell::new()),
            interned: ManuallyDrop::new(InternTable::default()),
            singles: ManuallyDrop::default(),
            shapes: ManuallyDrop::new(Shapes::default()),
            method_cache: MethodCache::new(),
            next_type_version: Cell::new(1),
            next_keys_version: Cell::new(1),
            hash_key,
            modules: ManuallyDrop::new(GilCell::new(None)),
            builtins: ManuallyDrop::new(GilCell::new(None)),
            empty_tuple: ManuallyDrop::new(OnceCell::new()),
            places_in_globals: Default::default(),
            common: ManuallyDrop::new(GilCell::new(Vec::new())),
            sys: ManuallyDrop::new(GilCell::new(None)),
            retired_classes: ManuallyDrop::default(),
            recursion_limit: Cell::new(1000),
            optimize: Cell::new(0),
            bytes_warning: Cell::new(0),
            dev_mode: Cell::new(false),
            program_folder: ManuallyDrop::new(ValueCell::new(None)),
            memory_limit: settings.memory_limit.unwrap_or(usize::MAX),
            is_beyond_limit: Cell::new(false),
            short_of_memory: Cell::new(false),
            import_time: Cell::new(0),
            auditing: Cell::new(false),
            code_debug_ranges: Cell::new(true),
            int_max_str_digits: Cell::new(4300),
            emergency: ManuallyDrop::new(ValueCell::new(None)),
            monitoring: ManuallyDrop::default(),
            extensions: ManuallyDrop::new(GilCell::new(Vec::new())),
            context_version: Cell::new(0),
            extension_places: [const { Cell::new(0) }; EXTENSION_PLACES],
            heap,
        }))
    }

    #[inline(always)]
    pub fn names(&self) -> &Names {
        match self.names.get() {
            Some(names) => names,
            None => panic!("names are interned before any object is made"),
        }
    }

    pub fn names_are_ready(&self) -> bool {
        self.names.get().is_some()
    }

    pub fn set_names(&self, names: Box<Names>) {
        let _ = self.names.set(names);
    }

    /// Runs `f` with a little memory beyond the limit: for what must not fail when a program has used up its own (the MemoryError
    /// itself, a builtin type that is made when first asked for).
    pub fn beyond_limit<T>(&self, f: impl FnOnce() -> T) -> T {
        const RESERVE: usize = 2 * ophi_heap::pool::ARENA_SIZE;
        #[cfg(any(debug_assertions, feature = "zeal"))]
        let _spared = self.heap.zeal.spare();
        if self.memory_limit == usize::MAX || self.is_beyond_limit.replace(true) {
            return f();
        }
        // Collections of Rust's own may have gone over the limit already: an arena of objects can own several of its size.
        self.heap.set_limit(self.memory_limit.max(self.heap.counted()).saturating_add(RESERVE));
        let result = f();
        self.heap.set_limit(self.memory_limit);
        self.is_beyond_limit.set(false);
        result
    }

    /// State that a native module keeps per interpreter: one `T`, made when first asked for.
    pub fn state<T: Default + 'static>(&self) -> std::rc::Rc<T> {
        self.state_described::<T>(None)
    }

    /// As [`Interpreter::state`] for state that keeps values in collections: the walk of the heap asks it for their names. (Values in
    /// fields of the state itself are found by looking.)
    pub fn traced_state<T: Default + Trace + 'static>(&self) -> std::rc::Rc<T> {
        fn describe<T: Trace + 'static>(state: &dyn core::any::Any, edges: &mut Edges<'_>) {
            if let Some(state) = state.downcast_ref::<T>() {
                state.describe(edges)
            }
        }
        self.state_described::<T>(Some((core::any::type_name::<T>(), describe::<T>)))
    }

    #[inline]
    fn state_described<T: Default + 'static>(
        &self,
        describe: Option<(&'static str, fn(&dyn core::any::Any, &mut Edges<'_>))>,
    ) -> std::rc::Rc<T> {
        let key = core::any::TypeId::of::<T>();
        // Native functions ask for their state at every call: mostly where it was the last time.
        let place = &self.extension_places[FxBuildHasher.hash_one(key) as usize % EXTENSION_PLACES];
        let known =
            self.extensions.with(|all| all.get(place.get() as usize).filter(|e| e.key == key).map(|e| e.state.clone()));
        let any = known.unwrap_or_else(|| {
            self.find_state(key, place, || Extension { key, state: std::rc::Rc::new(T::default()), describe })
        });
        match any.downcast::<T>() {
            Ok(state) => state,
            Err(_) => panic!("module state is filed under its own type"),
        }
    }

    /// Looks through all states and makes the one that is not there yet.
    #[cold]
    fn find_state(
        &self,
        key: core::any::TypeId,
        place: &Cell<u32>,
        make: impl FnOnce() -> Extension,
    ) -> std::rc::Rc<dyn core::any::Any> {
        let at = self.extensions.with(|all| all.iter().position(|e| e.key == key));
        let at = at.unwrap_or_else(|| {
            let made = make();
            self.extensions.with_mut(|all| {
                all.push(made);
                all.len() - 1
            })
        });
        place.set(at as u32);
        self.extensions.with(|all| all[at].state.clone())
    }

    /// The MemoryError kept in reserve.
    pub fn emergency_exception(&self, _vm: &Vm) -> Value {
        match self.emergency.get() {
            Some(exception) => {
                // The last time's traceback would keep the frames that filled the memory.
                if let Some(base) = exception.downcast::<crate::objects::exceptions::BaseException>()
                    && exception.header().is_some_and(|h| h.count() <= 2)
                {
                    drop((base.traceback.take(), base.context.take(), base.cause.take()));
                }
                exception
            }
            None => super::no_memory_at_all("the interpreter"),
        }
    }
}
