//! Arguments bound by the rules of CPython's `PyArg_ParseTupleAndKeywords`, whose messages differ from Argument Clinic's.

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Res, Str, Value, Vm};

/// A C `int` by the format `i`.
#[inline]
pub fn c_int(vm: &Vm, value: &Value) -> Res<i32> {
    if let Some(i) = value.as_small_int().and_then(|i| i32::try_from(i).ok()) {
        return Ok(i);
    }
    far_int(vm, value)
}

fn far_int(vm: &Vm, value: &Value) -> Res<i32> {
    match vm.index_as_i128(value)? {
        Some(i) if i > i128::from(i32::MAX) => Err(vm.overflow_error("signed integer is greater than maximum")),
        Some(i) if i < i128::from(i32::MIN) => Err(vm.overflow_error("signed integer is less than minimum")),
        Some(i) => Ok(i as i32),
        None => Err(vm.overflow_error("Python int too large to convert to C long")),
    }
}

/// Distributes arguments over `names`, of which the first `required` must be there. Leading empty names are
/// positional-only. `function` is empty where CPython's format names none. (CPython Python/getargs.c, `vgetargskeywords`.)
pub fn bind_keywords<'a>(
    vm: &Vm,
    function: &str,
    names: &[&str],
    required: usize,
    args: Args<'a>,
    bound: &mut [Option<&'a Value>],
) -> Res<()> {
    bind_positional(vm, function, names, required, names.len(), args, bound)
}

fn given_all(args: Args<'_>, required: usize, max_positional: usize) -> bool {
    (required..=max_positional).contains(&args.values.len())
}

/// As [`bind_keywords`]; only the first `max_positional` may be given by position.
pub fn bind_positional<'a>(
    vm: &Vm,
    function: &str,
    names: &[&str],
    required: usize,
    max_positional: usize,
    args: Args<'a>,
    bound: &mut [Option<&'a Value>],
) -> Res<()> {
    if !args.has_keywords() && given_all(args, required, max_positional) {
        for (slot, value) in bound.iter_mut().zip(args.pos()) {
            *slot = Some(value);
        }
        return Ok(());
    }
    let function = if function.is_empty() { "function".to_string() } else { format!("{function}()") };
    let given = args.values.len();
    let positional = args.pos();
    if given > names.len() {
        let keyword = if positional.is_empty() { "keyword " } else { "" };
        let s = if names.len() == 1 { "" } else { "s" };
        return Err(
            vm.type_error(format!("{function} takes at most {} {keyword}argument{s} ({given} given)", names.len()))
        );
    }
    if positional.len() > max_positional {
        let s = if max_positional == 1 { "" } else { "s" };
        let bound = if required < max_positional { "at most" } else { "exactly" };
        return Err(vm.type_error(format!(
            "{function} takes {bound} {max_positional} positional argument{s} ({} given)",
            positional.len()
        )));
    }
    for (slot, value) in bound.iter_mut().zip(positional) {
        *slot = Some(value);
    }
    let keywords = args.keywords();
    let only_positional = names.iter().take_while(|name| name.is_empty()).count();
    for (i, name) in names.iter().enumerate() {
        if bound[i].is_some() {
            continue;
        }
        if i >= only_positional {
            bound[i] = keywords.get(name);
        }
        if bound[i].is_some() || i >= required {
            continue;
        }
        if i < only_positional {
            let s = if only_positional == 1 { "" } else { "s" };
            let least = if required < names.len() { "at least" } else { "exactly" };
            return Err(vm.type_error(format!(
                "{function} takes {least} {required} positional argument{s} ({} given)",
                positional.len()
            )));
        }
        return Err(vm.type_error(format!("{function} missing required argument '{name}' (pos {})", i + 1)));
    }
    for (key, _) in keywords.iter() {
        let Some(key) = key.downcast::<Str>() else { return Err(vm.type_error("keywords must be strings")) };
        match names.iter().position(|name| !name.is_empty() && key.eq_str(name)) {
            Some(i) if i < positional.len() => {
                let name = names[i];
                return Err(
                    vm.type_error(format!("argument for {function} given by name ('{name}') and position ({})", i + 1))
                );
            }
            Some(_) => {}
            None => {
                let key = key.to_utf8_lossy();
                return Err(vm.type_error(format!("{function} got an unexpected keyword argument '{key}'")));
            }
        }
    }
    Ok(())
}
