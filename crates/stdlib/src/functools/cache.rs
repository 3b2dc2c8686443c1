//! `_lru_cache_wrapper`: a callable that remembers results. The order of use is the dict's own order: a hit in a bounded
//! cache moves its entry to the end, and what is dropped is the first entry.

use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::int;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, Payload, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods,
};

#[derive(Clone, Copy)]
enum Kind {
    Uncached,
    Unbounded,
    Bounded(usize),
}

pub struct Cache {
    function: Value,
    entries: Ref<Dict>,
    info: Value,
    /// Stands between positional arguments and keywords in keys.
    mark: Value,
    kind: Kind,
    typed: bool,
    hits: Cell<i64>,
    misses: Cell<i64>,
}
trace_fields!(Cache { function, entries, info, mark });

impl Payload for Cache {
    fn def() -> &'static TypeDef {
        &CACHE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_lru_cache_wrapper");
}

pub static CACHE: TypeDef = TypeDef {
    module: "functools",
    doc: "Wraps a function so that its results are kept and used again for equal arguments.\n\nmaxsize bounds how many are kept (None: all, 0: none); typed keeps f(3) and f(3.0) apart.\ncache_info_type is the named tuple of cache_info().\n",
    flags: TypeFlags::GC
        .with(TypeFlags::BASETYPE)
        .with(TypeFlags::DICT)
        .with(TypeFlags::WEAKREF)
        .with(TypeFlags::METHOD_DESCRIPTOR),
    slots: Slots { call: Some(call), descr_get: Some(descr_get), new: Some(new), ..Slots::NONE },
    tables: &[Cache::METHODS],
    ..TypeDef::of::<Cache>("_lru_cache_wrapper", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    const fn parameter(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Positional, required: true }
    }
    static SIGNATURE: Signature = Signature {
        text: "(user_function, maxsize, typed, cache_info_type)",
        parameters: &[
            parameter("user_function"),
            parameter("maxsize"),
            parameter("typed"),
            parameter("cache_info_type"),
        ],
    };
    let mut bound = [None; 4];
    bind(vm, Some(&SIGNATURE), "lru_cache", args, &mut bound)?;
    let [Some(function), Some(maxsize), Some(typed), Some(info)] = bound else {
        return Err(vm.type_error("lru_cache() missing arguments"));
    };
    if vm.class(function).slots().call.is_none() {
        return Err(vm.type_error("the first argument must be callable"));
    }
    let kind = if maxsize.is_none() {
        Kind::Unbounded
    } else if int::view(maxsize).is_some() || vm.class(maxsize).slots().index.is_some() {
        match vm.to_size(maxsize)? {
            n if n > 0 => Kind::Bounded(n as usize),
            _ => Kind::Uncached,
        }
    } else {
        return Err(vm.type_error("maxsize should be integer or None"));
    };
    let mark = vm.call(vm.ty(&OBJECT).as_value(), &[])?;
    let payload = Cache {
        function: function.clone(),
        entries: vm.new_dict()?,
        info: info.clone(),
        mark,
        kind,
        typed: vm.is_true(typed)?,
        hits: Cell::new(0),
        misses: Cell::new(0),
    };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

/// The key of a call: a single int or str stands for itself.
fn key(vm: &Vm, own: &Cache, args: Args<'_>) -> Res {
    let positional = args.pos();
    if !own.typed && !args.has_keywords() {
        if let [only] = positional
            && (only.is_small_int() || only.exact::<Str>(vm).is_some())
        {
            return Ok(only.clone());
        }
        return vm.new_tuple(positional);
    }
    let mut parts: Vec<Value> = positional.to_vec();
    if args.has_keywords() {
        parts.push(own.mark.clone());
        for (name, value) in args.keywords().iter() {
            parts.push(name.clone());
            parts.push(value.clone());
        }
    }
    if own.typed {
        for value in args.values {
            parts.push(vm.class(value).to_value());
        }
    }
    Ok(Tuple::from_vec(vm, parts)?.into_value())
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let Some(own) = this.downcast::<Cache>() else { return Err(vm.type_error("a cache is required")) };
    if matches!(own.kind, Kind::Uncached) {
        own.misses.set(own.misses.get() + 1);
        return vm.call_args(&own.function, args);
    }
    let key = key(vm, own, args)?;
    let hash = match vm.hash_known(&key) {
        Some(hash) => hash,
        None => vm.hash(&key)?,
    };
    if let Some(at) = own.entries.find(vm, &key, hash)?
        && let Some(result) = own.entries.value_at(at)
    {
        own.hits.set(own.hits.get() + 1);
        if matches!(own.kind, Kind::Bounded(_)) && at + 1 != own.entries.end() {
            // The entry used last stands last.
            if let Some((key, value)) = own.entries.remove_at(at, hash) {
                own.entries.insert_new(vm, key, hash, value)?;
            }
        }
        return Ok(result);
    }
    own.misses.set(own.misses.get() + 1);
    let result = vm.call_args(&own.function, args)?;
    // The call may have cached the same key, or others.
    if own.entries.find(vm, &key, hash)?.is_some() {
        return Ok(result);
    }
    if let Kind::Bounded(max) = own.kind
        && own.entries.len() >= max
        && let Some((at, _, _, oldest)) = own.entries.next_hashed(0)
    {
        drop(own.entries.remove_at(at, oldest));
    }
    own.entries.insert_new(vm, key, hash, result.clone())?;
    Ok(result)
}

fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    match instance.filter(|i| !i.is_none()) {
        Some(instance) => vm.bind_method(this.clone(), instance.clone()),
        None => Ok(this.clone()),
    }
}

#[methods]
impl Cache {
    #[method(doc = "Report cache statistics", sig = "()")]
    fn cache_info(vm: &Vm, this: &Ref<Cache>) -> Res {
        let max = match this.kind {
            Kind::Uncached => vm.new_int(0)?,
            Kind::Unbounded => Value::NONE,
            Kind::Bounded(n) => vm.new_int(n as i64)?,
        };
        let size = vm.new_int(this.entries.len() as i64)?;
        vm.call(&this.info, &[vm.new_int(this.hits.get())?, vm.new_int(this.misses.get())?, max, size])
    }

    #[method(doc = "Clear the cache and cache statistics", sig = "()")]
    fn cache_clear(_: &Vm, this: &Ref<Cache>) {
        this.hits.set(0);
        this.misses.set(0);
        this.entries.clear_all();
    }

    #[getter]
    fn __dict__(vm: &Vm, this: &Value) -> Res {
        Ok(vm.instance_dict(this)?.map_or(Value::NONE, |d| d.into_value()))
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        vm.get_attr(this, &vm.names().__qualname__)
    }

    #[method(sig = "()", text = "")]
    fn __copy__(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    #[method(sig = "(memo, /)", text = "")]
    fn __deepcopy__(_: &Vm, this: &Value, memo: &Value) -> Value {
        let _ = memo;
        this.clone()
    }
}
