//! Builtins about iteration: `all`, `any`, `iter`, `next`, `max`, `min`, `len`, and the asynchronous two.

use crate::native::{Args, unexpected_keyword};
use crate::objects::exceptions as exc;
use crate::payload::Downcast;
use crate::protocol::steps::Steps;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Str, Value, methods};

pub struct Iteration;

/// `max` and `min`: `op` says when a candidate is better than the best so far.
fn extreme(vm: &Vm, name: &str, args: Args<'_>, op: CompareOp) -> Res {
    let positional = args.pos();
    if positional.is_empty() {
        return Err(vm.type_error(format!("{name} expected at least 1 argument, got 0")));
    }
    let (mut key, mut default) = (None, None);
    if args.keyword_count() > 2 {
        let n = args.keyword_count();
        return Err(vm.type_error(format!("{name}() takes at most 2 keyword arguments ({n} given)")));
    }
    for (keyword, value) in args.keywords().iter() {
        let text = keyword.downcast::<Str>().map(|k| k.to_utf8_lossy().into_owned()).unwrap_or_default();
        match text.as_str() {
            "key" => key = Some(value).filter(|v| !v.is_none()),
            "default" => default = Some(value.clone()),
            _ => return Err(unexpected_keyword(vm, name, args.keywords(), &["key", "default"])),
        }
    }
    if positional.len() > 1 && default.is_some() {
        return Err(vm.type_error(format!("Cannot specify a default for {name}() with multiple positional arguments")));
    }
    let mut best: Option<(Value, Value)> = None;
    let mut consider = |vm: &Vm, item: Value| -> Res<()> {
        let rank = match key {
            Some(key) => vm.call(key, core::slice::from_ref(&item))?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((_, so_far)) => match (rank.as_small_int(), so_far.as_small_int(), op) {
                (Some(a), Some(b), CompareOp::Gt) => a > b,
                (Some(a), Some(b), _) => a < b,
                _ => {
                    let answer = vm.compare(&rank, so_far, op)?;
                    vm.is_true(&answer)?
                }
            },
        };
        if better {
            let old = best.replace((item, rank));
            drop(old);
        }
        Ok(())
    };
    match positional {
        [iterable] => vm.for_each(iterable, consider)?,
        all => {
            for item in all {
                consider(vm, item.clone())?;
            }
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(vm.value_error(format!("{name}() iterable argument is empty"))),
    }
}

#[methods]
impl Iteration {
    #[function(sig = "(iterable, /)", doc = "Is every item true? An empty iterable has none that is not.")]
    fn all(vm: &Vm, iterable: &Value) -> Res<bool> {
        let walk = Steps::over(vm, iterable)?;
        while let Some(item) = walk.next(vm)? {
            if !vm.is_true(&item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[function(sig = "(iterable, /)", doc = "Is any item true? An empty iterable has none.")]
    fn any(vm: &Vm, iterable: &Value) -> Res<bool> {
        let walk = Steps::over(vm, iterable)?;
        while let Some(item) = walk.next(vm)? {
            if vm.is_true(&item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[function(
        doc = "iter(iterable) -> iterator\niter(callable, sentinel) -> iterator\n\nAn iterator over an object's items; or one that calls the function until it returns the sentinel."
    )]
    fn iter(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "iter")?;
        match args.check_positional(vm, "iter", 1, 2)? {
            [callable, sentinel] => {
                if vm.class(callable).slots().call.is_none() {
                    return Err(vm.type_error("iter(v, w): v must be callable"));
                }
                super::types::callable_iterator(vm, callable, sentinel)
            }
            all => vm.iter(&all[0]),
        }
    }

    #[function(sig = "(async_iterable, /)", doc = "Return an AsyncIterator for an AsyncIterable object.")]
    fn aiter(vm: &Vm, async_iterable: &Value) -> Res {
        let Some(aiter) = vm.class(async_iterable).slots().aiter else {
            return Err(vm.type_error(format!("'{}' object is not an async iterable", vm.type_name(async_iterable))));
        };
        let iterator = aiter(vm, async_iterable)?;
        if vm.class(&iterator).slots().anext.is_none() {
            return Err(
                vm.type_error(format!("aiter() returned not an async iterator of type '{}'", vm.type_name(&iterator)))
            );
        }
        Ok(iterator)
    }

    #[function(
        sig = "(aiterator, default=<unrepresentable>, /)",
        doc = "The next item of an asynchronous iterator, awaited; the default, if given, when there are no more."
    )]
    fn anext(vm: &Vm, aiterator: &Value, default: Option<&Value>) -> Res {
        let Some(anext) = vm.class(aiterator).slots().anext else {
            return Err(vm.type_error(format!("'{}' object is not an async iterator", vm.type_name(aiterator))));
        };
        let awaitable = anext(vm, aiterator)?;
        match default {
            None => Ok(awaitable),
            Some(default) => {
                crate::objects::generator::async_generator::anext_with_default(vm, awaitable, default.clone())
            }
        }
    }

    #[function(sig = "(obj, /)", doc = "Return the number of items in a container.")]
    fn len(vm: &Vm, obj: &Value) -> Res<usize> {
        vm.len(obj)
    }

    #[function(
        doc = "max(iterable, *[, default=obj, key=func]) -> value\nmax(arg1, arg2, *args, *[, key=func]) -> value\n\nThe largest item or argument, the first of equal ones. key is a function of an item that gives what to compare;\nthe default is the answer for an empty iterable."
    )]
    fn max(vm: &Vm, args: Args<'_>) -> Res {
        extreme(vm, "max", args, CompareOp::Gt)
    }

    #[function(
        doc = "min(iterable, *[, default=obj, key=func]) -> value\nmin(arg1, arg2, *args, *[, key=func]) -> value\n\nThe smallest item or argument, the first of equal ones. key is a function of an item that gives what to compare;\nthe default is the answer for an empty iterable."
    )]
    fn min(vm: &Vm, args: Args<'_>) -> Res {
        extreme(vm, "min", args, CompareOp::Lt)
    }

    #[function(
        doc = "next(iterator[, default])\n\nThe next item. When there are no more: the default, if given, else StopIteration."
    )]
    fn next(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "next")?;
        let given = args.check_positional(vm, "next", 1, 2)?;
        let iterator = &given[0];
        // Straight to the slot: a StopIteration raised there keeps its value.
        let Some(next) = vm.class(iterator).slots().iternext else {
            return Err(vm.type_error(format!("'{}' object is not an iterator", vm.type_name(iterator))));
        };
        match (next(vm, iterator), given.get(1)) {
            (Ok(Some(item)), _) => Ok(item),
            (Ok(None), Some(default)) => Ok(default.clone()),
            (Ok(None), None) => Err(vm.stop_iteration(None)),
            (Err(raised), Some(default)) if vm.raised_is(&exc::STOP_ITERATION) => {
                vm.forget(raised);
                Ok(default.clone())
            }
            (Err(raised), _) => Err(raised),
        }
    }
}
