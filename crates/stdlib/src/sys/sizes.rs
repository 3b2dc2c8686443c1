//! `getsizeof` and `getrefcount`.

use super::Sys;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Res, Str, Value, Vm, methods};

#[methods(SIZES)]
impl Sys {
    /// getsizeof(object [, default]) -> int
    ///
    /// How many bytes the object takes, without those it refers to.
    #[function]
    fn getsizeof(vm: &Vm, args: Args<'_>) -> Res {
        let mut object = args.pos().first();
        let mut default = args.pos().get(1);
        if args.pos().len() > 2 {
            return Err(vm.type_error(format!("getsizeof() takes at most 2 arguments ({} given)", args.values.len())));
        }
        for (key, value) in args.keywords().iter() {
            match key.downcast::<Str>().and_then(|k| k.as_ascii()) {
                Some("object") => object = Some(value),
                Some("default") => default = Some(value),
                _ if object.is_none() => {
                    return Err(vm.type_error("getsizeof() missing required argument 'object' (pos 1)"));
                }
                _ => {
                    let names = ["object", "default"];
                    return Err(ophi_runtime::native::unexpected_keyword(vm, "getsizeof", args.keywords(), &names));
                }
            }
        }
        let Some(object) = object else {
            return Err(vm.type_error("getsizeof() missing required argument 'object' (pos 1)"));
        };
        let answer = size_of_object(vm, object);
        match (answer, default) {
            (Err(raised), Some(default)) if vm.raised_is(&ophi_runtime::objects::exceptions::TYPE_ERROR) => {
                vm.forget(raised);
                Ok(default.clone())
            }
            (answer, _) => vm.new_bigint(answer?.into()),
        }
    }

    /// How many references to the object there are, that of this call among them.
    #[function(sig = "(object, /)")]
    fn getrefcount(_vm: &Vm, object: &Value) -> u32 {
        match object.header() {
            // Immediates and immortal objects answer what CPython's immortal ones do.
            None => 3221225472,
            Some(header) if header.is_immortal() => 3221225472,
            Some(header) => header.count(),
        }
    }
}

/// `__sizeof__` plus the collector's prefix, as CPython counts it.
fn size_of_object(vm: &Vm, object: &Value) -> Res<i128> {
    let name = vm.intern("__sizeof__")?;
    let Some(size) = vm.call_special(object, &name, &[])? else {
        return Err(vm.type_error(format!("Type {} doesn't define __sizeof__", vm.type_name(object))));
    };
    let size = match vm.index_as_i128(&size)? {
        Some(size) if size < 0 => return Err(vm.value_error("__sizeof__() should return >= 0")),
        Some(size) if size <= isize::MAX as i128 => size,
        _ => return Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
    };
    use ophi_runtime::TypeFlags;
    let class = vm.class(object);
    let mut prefix = if class.has(TypeFlags::GC) { 16 } else { 0 };
    // Classes made at run time keep dict and weak references in two words before the object.
    let base_has_dict = class.base.get().is_some_and(|b| !b.is_heap() && b.has(TypeFlags::DICT));
    if class.is_heap() && class.has(TypeFlags::DICT) && !base_has_dict {
        prefix += 16;
    }
    Ok(size + prefix)
}
