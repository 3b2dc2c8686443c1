//! Arguments of methods as `PyArg_ParseTupleAndKeywords` takes them, whose messages do not name the function.

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Res, Str, Value, Vm};

/// Distributes positional and keyword arguments over `names`, the first `required` of which must be given.
pub fn unpack<'a, const N: usize>(
    vm: &Vm,
    args: Args<'a>,
    names: [&str; N],
    required: usize,
) -> Res<[Option<&'a Value>; N]> {
    let mut bound = [None; N];
    let given = args.values.len();
    if given > N {
        let s = if N == 1 { "" } else { "s" };
        return Err(vm.type_error(format!("function takes at most {N} argument{s} ({given} given)")));
    }
    let positional = args.pos().len();
    for (i, value) in args.pos().iter().enumerate() {
        bound[i] = Some(value);
    }
    if positional == given && positional >= required {
        return Ok(bound);
    }
    for (key, value) in args.keywords().iter() {
        let found = key.downcast::<Str>().and_then(|key| names.iter().position(|name| key.eq_str(name)));
        match found {
            Some(i) if i < positional => {
                return Err(vm.type_error(format!(
                    "argument for function given by name ('{}') and position ({})",
                    names[i],
                    i + 1
                )));
            }
            Some(i) => bound[i] = Some(value),
            None => {
                let key = key.downcast::<Str>().map_or_else(String::new, |key| key.to_utf8_lossy().into_owned());
                return Err(vm.type_error(format!("this function got an unexpected keyword argument '{key}'")));
            }
        }
    }
    for (i, name) in names.iter().enumerate().take(required) {
        if bound[i].is_none() {
            return Err(vm.type_error(format!("function missing required argument '{name}' (pos {})", i + 1)));
        }
    }
    Ok(bound)
}

/// Positional arguments only.
pub fn positional<'a>(vm: &Vm, name: &str, args: Args<'a>, min: usize, max: usize) -> Res<&'a [Value]> {
    args.no_keywords(vm, name)?;
    let given = args.pos();
    if given.len() < min || given.len() > max {
        let n = if given.len() < min { min } else { max };
        let bound = match (min == max, given.len() < min) {
            (true, _) => "exactly",
            (_, true) => "at least",
            _ => "at most",
        };
        let s = if n == 1 { "" } else { "s" };
        return Err(vm.type_error(format!("function takes {bound} {n} argument{s} ({} given)", given.len())));
    }
    Ok(given)
}

/// An integer in the range of a machine word.
pub fn word(vm: &Vm, value: &Value) -> Res<i64> {
    use ophi_runtime::objects::int;
    match int::view(value) {
        Some(view) => view.to_i64().ok_or_else(|| vm.overflow_error("Python int too large to convert to C ssize_t")),
        None => Err(vm.type_error("an integer is required")),
    }
}
