//! The heap as data, behind the library's module `ophiolite.heap`: the balance of counts and named references, who refers to an object,
//! what it retains, a way to it, the census, the pools. The work is `ophi_runtime::accounting`'s.

use core::ptr::NonNull;
use ophi_heap::Header;
use ophi_heap::pool::{ARENA_SIZE, POOL_SIZE};
use ophi_runtime::accounting::{Holder, balance, graph, places};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

pub struct Functions;

fn pointer(object: &Value) -> Option<NonNull<Header>> {
    object.pointer()
}

/// A new reference to an object that a walk found.
#[allow(unsafe_code)]
fn value(p: NonNull<Header>) -> Value {
    // SAFETY: walks show live objects, and nothing has been freed since: the callers make values of all of them first.
    unsafe { Value::from_borrowed(p) }
}

/// A holder to be shown: an object, a root's name, or a frame that becomes an object when it is shown.
enum Shown {
    Object(Value),
    Root(&'static str),
    Frame(usize),
}

impl Shown {
    fn of(holder: Holder) -> Shown {
        match holder {
            Holder::Object(p) => Shown::Object(value(p)),
            Holder::Root(name) => Shown::Root(name),
            Holder::Frame(fp) => Shown::Frame(fp),
        }
    }

    #[allow(unsafe_code)]
    fn into_value(self, vm: &Vm) -> Res {
        match self {
            Shown::Object(object) => Ok(object),
            Shown::Root(name) => Ok(vm.new_str(name)?.into_value()),
            Shown::Frame(fp) => {
                // SAFETY: a frame of a running chain; the functions here return before any of them does.
                Ok(unsafe { ophi_runtime::objects::frame::object_of(vm, fp as *mut ophi_runtime::frames::Frame)? }
                    .into_value())
            }
        }
    }
}

fn rows(vm: &Vm, found: Vec<(Shown, (&'static str, String))>) -> Res {
    let mut out = Vec::with_capacity(found.len());
    for (holder, (kind, name)) in found {
        let row = [vm.new_str(kind)?.into_value(), vm.new_str(&name)?.into_value(), holder.into_value(vm)?];
        out.push(vm.new_tuple(&row)?);
    }
    vm.new_list(out)
}

fn number(vm: &Vm, n: usize) -> Res {
    vm.new_int(n as i64)
}

fn dict(vm: &Vm, entries: &[(&str, usize)]) -> Res<Ref<ophi_runtime::Dict>> {
    let out = vm.new_dict()?;
    for (name, n) in entries {
        out.set_text(vm, name, number(vm, *n)?)?;
    }
    Ok(out)
}

#[methods(HEAP)]
impl Functions {
    /// Collect at every n-th allocation and refuse one from now on; 0 for neither.
    ///
    /// Return how many allocations there were since the last call. Only in
    /// builds with the feature zeal.
    #[function(sig = "(collect_every, fail_at, /)")]
    fn zeal(vm: &Vm, collect_every: i64, fail_at: i64) -> Res {
        match ophi_runtime::accounting::set_zeal(vm, collect_every.max(0) as u64, fail_at.max(0) as u64) {
            Some(count) => vm.new_int(count as i64),
            None => Err(vm.raise_message(
                &ophi_runtime::objects::exceptions::NOT_IMPLEMENTED_ERROR,
                "this ophi was built without the feature zeal",
            )),
        }
    }

    /// Hold the named references of every object against its count.
    ///
    /// Return a dict: the objects, how many of them are immortal, the counted
    /// references, those named, those that native code was found to hold by
    /// scanning, and the list of the objects that remain unexplained, each with
    /// its count, named and scanned references.
    #[function(name = "balance", sig = "()")]
    fn heap_balance(vm: &Vm) -> Res {
        let sums = balance(vm);
        let found: Vec<_> = sums.unexplained.iter().map(|i| (value(i.object), i.count, i.named, i.scanned)).collect();
        let out = dict(
            vm,
            &[
                ("objects", sums.objects),
                ("immortal", sums.immortal),
                ("counted", sums.counted),
                ("named", sums.named),
                ("scanned", sums.scanned),
            ],
        )?;
        let mut list = Vec::with_capacity(found.len());
        for (object, count, named, scanned) in found {
            let row = [object, number(vm, count as usize)?, number(vm, named as usize)?, number(vm, scanned as usize)?];
            list.push(vm.new_tuple(&row)?);
        }
        out.set_text(vm, "unexplained", vm.new_list(list)?)?;
        Ok(out.into_value())
    }

    /// The references to an object: a list of (kind, name, holder).
    ///
    /// The holder is an object, the frame object of a running frame, or the
    /// name of a part of the interpreter.
    #[function(sig = "(obj, /)")]
    fn references_to(vm: &Vm, obj: &Value) -> Res {
        let Some(target) = pointer(obj) else { return vm.new_list(Vec::new()) };
        let found = graph::references_to(vm, target);
        let found =
            found.into_iter().map(|(holder, edge)| (Shown::of(holder), places::name(vm, holder, edge))).collect();
        rows(vm, found)
    }

    /// A shortest way from a root to an object: a list of (kind, name, holder).
    ///
    /// The first holder is a root, the last one refers to the object. The list
    /// is empty when native code alone keeps the object.
    #[function(sig = "(obj, /)")]
    fn path_to_root(vm: &Vm, obj: &Value) -> Res {
        let Some(target) = pointer(obj) else { return vm.new_list(Vec::new()) };
        let found = graph::path_to_root(vm, target);
        let found =
            found.into_iter().map(|(holder, edge, _)| (Shown::of(holder), places::name(vm, holder, edge))).collect();
        rows(vm, found)
    }

    /// The objects that would die with this one, itself first.
    ///
    /// References from outside to the object itself do not count.
    #[function(sig = "(obj, /)")]
    fn retained(vm: &Vm, obj: &Value) -> Res {
        let Some(target) = pointer(obj) else { return vm.new_list(Vec::new()) };
        vm.new_list(graph::retained(vm, target).into_iter().map(value).collect())
    }

    /// How many objects there are of each class, as a dict.
    #[function(sig = "()")]
    fn census(vm: &Vm) -> Res {
        let counts = graph::census(vm);
        let out = vm.new_dict()?;
        for (class, count) in counts {
            out.set(vm, class.as_value(), number(vm, count)?)?;
        }
        Ok(out.into_value())
    }

    /// All objects of exactly this class as a list, those too that the collector does not watch.
    #[function(sig = "(cls, /)")]
    fn objects(vm: &Vm, cls: &ophi_runtime::TypeRef) -> Res {
        vm.new_list(graph::objects(vm, cls))
    }

    /// Figures of the allocator, as a dict.
    ///
    /// Bytes: taken now and at most, the limit (None without one), those that
    /// native code holds. Counts: arenas, large objects, empty and untouched
    /// pools. A list of the size classes in use, each with its kind, block
    /// size, pools, and blocks in use and free.
    #[function(sig = "()")]
    fn pools(vm: &Vm) -> Res {
        let s = vm.heap().statistics();
        let out = dict(
            vm,
            &[
                ("arena_size", ARENA_SIZE),
                ("pool_size", POOL_SIZE),
                ("arenas", s.arenas),
                ("empty_pools", s.empty_pools),
                ("fresh_pools", s.fresh_pools),
                ("large_objects", s.large_blocks),
                ("taken", s.taken),
                ("peak", s.peak),
                ("native", s.native),
            ],
        )?;
        let limit = if s.limit == usize::MAX { Value::NONE } else { number(vm, s.limit)? };
        out.set_text(vm, "limit", limit)?;
        let mut classes = Vec::new();
        for (kind, rows) in ["storage", "plain", "collected"].iter().zip(&s.kinds) {
            for (size, pools, used, free) in rows.iter().filter(|row| row.1 > 0) {
                let row = dict(vm, &[("size", *size), ("pools", *pools), ("used", *used), ("free", *free)])?;
                row.set_text(vm, "kind", vm.new_str(kind)?.into_value())?;
                classes.push(row.into_value());
            }
        }
        out.set_text(vm, "classes", vm.new_list(classes)?)?;
        Ok(out.into_value())
    }
}
