//! `_heapq`: binary heaps in lists, smallest or largest first. After CPython Modules/_heapqmodule.c: sifts go down to a leaf
//! first and then up, which needs fewer comparisons.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{List, Ref, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_heapq",
    doc: "Binary heaps kept in lists: heap[0] is the smallest item (or the largest, in the _max functions).\n",
    tables: &[Functions::METHODS],
    init: |vm, module| {
        use ophi_runtime::objects::module::Namespace;
        module.add_str(vm, "__about__", "Heap queues")
    },
};

fn heap<'a>(vm: &Vm, name: &str, value: &'a Value) -> Res<&'a Ref<List>> {
    // The functions of one argument do not count it.
    let which = if name.starts_with("heappop") || name.starts_with("heapify") { "argument" } else { "argument 1" };
    value
        .downcast::<List>()
        .ok_or_else(|| vm.type_error(format!("{name}() {which} must be list, not {}", short_name(vm, value))))
}

fn short_name(vm: &Vm, value: &Value) -> String {
    if value.is_none() { "None".to_string() } else { vm.type_name(value) }
}

/// Which item belongs nearer to the root.
#[derive(Clone, Copy)]
enum Order {
    Min,
    Max,
}

impl Order {
    fn before(self, vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
        let (x, y) = match self {
            Order::Min => (a, b),
            Order::Max => (b, a),
        };
        if let (Some(i), Some(j)) = (x.as_small_int(), y.as_small_int()) {
            return Ok(i < j);
        }
        let answer = vm.compare(x, y, CompareOp::Lt)?;
        vm.is_true(&answer)
    }
}

fn at(vm: &Vm, list: &List, i: usize) -> Res {
    list.get(i).ok_or_else(|| vm.index_error("index out of range"))
}

fn swap(list: &List, i: usize, j: usize) {
    list.items.with_mut(|items| {
        if i < items.len() && j < items.len() {
            items.swap(i, j)
        }
    });
}

/// Moves the item at `pos` towards the root until its parent comes before it.
fn sift_down(vm: &Vm, list: &List, start: usize, mut pos: usize, order: Order) -> Res<()> {
    let size = list.len();
    if pos >= size {
        return Err(vm.index_error("index out of range"));
    }
    while pos > start {
        let parent = (pos - 1) >> 1;
        let (item, above) = (at(vm, list, pos)?, at(vm, list, parent)?);
        let goes_up = order.before(vm, &item, &above)?;
        if list.len() != size {
            return Err(vm.runtime_error("list changed size during iteration"));
        }
        if !goes_up {
            break;
        }
        swap(list, pos, parent);
        pos = parent;
    }
    Ok(())
}

/// Moves the item at `pos` down to a leaf along the better children, then up to its place.
fn sift_up(vm: &Vm, list: &List, mut pos: usize, order: Order) -> Res<()> {
    let size = list.len();
    let start = pos;
    if pos >= size {
        return Err(vm.index_error("index out of range"));
    }
    let limit = size >> 1;
    while pos < limit {
        let mut child = 2 * pos + 1;
        if child + 1 < size {
            let (left, right) = (at(vm, list, child)?, at(vm, list, child + 1)?);
            if !order.before(vm, &left, &right)? {
                child += 1;
            }
            if list.len() != size {
                return Err(vm.runtime_error("list changed size during iteration"));
            }
        }
        swap(list, child, pos);
        pos = child;
    }
    sift_down(vm, list, start, pos, order)
}

fn push(vm: &Vm, list: &List, item: &Value, order: Order) -> Res<()> {
    list.push(vm, item.clone())?;
    sift_down(vm, list, 0, list.len() - 1, order)
}

fn pop(vm: &Vm, list: &List, order: Order) -> Res {
    let Some(last) = list.items.with_mut(|items| items.pop()) else {
        return Err(vm.index_error("index out of range"));
    };
    if list.is_empty() {
        return Ok(last);
    }
    let root = list.items.with_mut(|items| core::mem::replace(&mut items[0], last));
    sift_up(vm, list, 0, order)?;
    Ok(root)
}

fn replace(vm: &Vm, list: &List, item: &Value, order: Order) -> Res {
    if list.is_empty() {
        return Err(vm.index_error("index out of range"));
    }
    let root = list.items.with_mut(|items| core::mem::replace(&mut items[0], item.clone()));
    sift_up(vm, list, 0, order)?;
    Ok(root)
}

fn push_pop(vm: &Vm, list: &List, item: &Value, order: Order) -> Res {
    let Some(top) = list.get(0) else { return Ok(item.clone()) };
    if !order.before(vm, &top, item)? {
        return Ok(item.clone());
    }
    replace(vm, list, item, order)
}

fn build(vm: &Vm, list: &List, order: Order) -> Res<()> {
    for i in (0..list.len() >> 1).rev() {
        sift_up(vm, list, i, order)?;
    }
    Ok(())
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Push item onto heap, maintaining the heap invariant.", sig = "(heap, item, /)")]
    fn heappush(vm: &Vm, list: &Value, item: &Value) -> Res<()> {
        push(vm, &**heap(vm, "heappush", list)?, item, Order::Min)
    }

    #[function(doc = "As heappush() and then heappop(), but quicker.", sig = "(heap, item, /)")]
    fn heappushpop(vm: &Vm, list: &Value, item: &Value) -> Res {
        push_pop(vm, &**heap(vm, "heappushpop", list)?, item, Order::Min)
    }

    #[function(doc = "Take the smallest item off the heap.", sig = "(heap, /)")]
    fn heappop(vm: &Vm, list: &Value) -> Res {
        pop(vm, &**heap(vm, "heappop", list)?, Order::Min)
    }

    #[function(
        doc = "As heappop() and then heappush(), but quicker: the size stays the same, and what is returned may be\ngreater than the new item.",
        sig = "(heap, item, /)"
    )]
    fn heapreplace(vm: &Vm, list: &Value, item: &Value) -> Res {
        replace(vm, &**heap(vm, "heapreplace", list)?, item, Order::Min)
    }

    #[function(doc = "Transform list into a heap, in-place, in O(len(heap)) time.", sig = "(heap, /)")]
    fn heapify(vm: &Vm, list: &Value) -> Res<()> {
        build(vm, &**heap(vm, "heapify", list)?, Order::Min)
    }

    #[function(doc = "Push item onto max heap, maintaining the heap invariant.", sig = "(heap, item, /)")]
    fn heappush_max(vm: &Vm, list: &Value, item: &Value) -> Res<()> {
        push(vm, &**heap(vm, "heappush_max", list)?, item, Order::Max)
    }

    #[function(doc = "As heappush_max() and then heappop_max(), but quicker.", sig = "(heap, item, /)")]
    fn heappushpop_max(vm: &Vm, list: &Value, item: &Value) -> Res {
        push_pop(vm, &**heap(vm, "heappushpop_max", list)?, item, Order::Max)
    }

    #[function(doc = "Maxheap variant of heappop.", sig = "(heap, /)")]
    fn heappop_max(vm: &Vm, list: &Value) -> Res {
        pop(vm, &**heap(vm, "heappop_max", list)?, Order::Max)
    }

    #[function(doc = "Maxheap variant of heapreplace.", sig = "(heap, item, /)")]
    fn heapreplace_max(vm: &Vm, list: &Value, item: &Value) -> Res {
        replace(vm, &**heap(vm, "heapreplace_max", list)?, item, Order::Max)
    }

    #[function(doc = "Maxheap variant of heapify.", sig = "(heap, /)")]
    fn heapify_max(vm: &Vm, list: &Value) -> Res<()> {
        build(vm, &**heap(vm, "heapify_max", list)?, Order::Max)
    }
}
