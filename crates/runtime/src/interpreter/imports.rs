//! IMPORT_NAME, IMPORT_FROM, `from m import *`. After CPython Python/ceval.c (`_PyEval_ImportName`, `_PyEval_ImportFrom`).

use super::dispatch::handlers;
use crate::frames::Fp;
use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Str, Value};

handlers! {
    body IMPORT_NAME, 0 => import_name;
    body IMPORT_FROM, 0 => import_from;
}

fn import_name(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    let builtins = fp.builtins();
    let import = &vm.names().__import__;
    let found = match builtins.exact::<Dict>(vm) {
        Some(dict) => dict.get_str(vm, import),
        None => {
            let found = vm.get_item(builtins, import.as_value());
            vm.catch(found, &exc::KEY_ERROR)?
        }
    };
    let Some(import) = found else { return Err(vm.import_error("__import__ not found")) };
    let locals = if fp.locals().is_unbound() { Value::NONE } else { fp.locals().clone() };
    let args = [name.to_value(), fp.globals().to_value(), locals, fp.top(1).clone(), fp.top(2).clone()];
    let module = vm.call(&import, &args)?;
    fp.drop_top(2);
    fp.push(module);
    Ok(())
}

fn import_from(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    let module = fp.top(1);
    if let Some(value) = vm.get_attr_opt(module, name)? {
        fp.push(value);
        return Ok(());
    }
    // A submodule that is being imported is in sys.modules before it is an attribute of its package.
    let module_name = vm.get_attr_opt(module, &vm.names().__name__)?;
    let module_name = module_name.as_ref().and_then(|n| n.downcast::<Str>());
    if let Some(module_name) = module_name {
        let full = format!("{}.{}", module_name.to_utf8_lossy(), name.to_utf8_lossy());
        if let Some(found) = vm.modules().get_text(vm, &full)? {
            fp.push(found);
            return Ok(());
        }
    }
    Err(cannot_import_name(vm, module, name)?)
}

/// ImportError for a name that a module has not: says where the module came from, and when it is only half initialised or
/// may stand in the way of another one (CPython `_PyEval_ImportFrom`).
#[cold]
fn cannot_import_name(vm: &Vm, module: &Value, name: &crate::Ref<Str>) -> Res<crate::Raised> {
    let package = vm.get_attr_opt(module, &vm.names().__name__)?.filter(|name| name.is_a::<Str>());
    let package = match package {
        Some(package) => package,
        None => vm.new_str("<unknown module name>")?.into_value(),
    };
    let spec = vm.get_attr_opt(module, &vm.names().__spec__)?.filter(|spec| !spec.is_none());
    let mut origin = match &spec {
        Some(spec) => file_origin(vm, spec)?,
        None => None,
    };
    let shadowing = match &origin {
        Some(origin) => Shadowing::of(vm, &package, origin)?,
        None => Shadowing::No,
    };
    if origin.is_none() {
        origin = vm.get_attr_opt(module, &vm.names().__file__)?.filter(|file| file.is_a::<Str>());
    }
    let initializing = match &spec {
        Some(spec) => match vm.get_attr_opt(spec, &vm.names()._initializing)? {
            Some(flag) => vm.is_true(&flag)?,
            None => false,
        },
        None => false,
    };
    let shown_name = vm.repr(name.as_value())?.to_utf8_lossy().into_owned();
    let shown = vm.repr(&package)?.to_utf8_lossy().into_owned();
    let place = match &origin {
        Some(origin) => format!(" ({})", vm.str(origin)?.to_utf8_lossy()),
        None => String::new(),
    };
    let message = match (shadowing, initializing) {
        (Shadowing::StandardLibrary, _) => {
            let origin = vm.repr(origin.as_ref().unwrap_or(&Value::NONE))?.to_utf8_lossy().into_owned();
            format!(
                "cannot import name {shown_name} from {shown} (consider renaming {origin} since it has the same name as the standard library module named {shown} and prevents importing that standard library module)"
            )
        }
        (Shadowing::Library, true) => {
            let origin = vm.repr(origin.as_ref().unwrap_or(&Value::NONE))?.to_utf8_lossy().into_owned();
            format!(
                "cannot import name {shown_name} from {shown} (consider renaming {origin} if it has the same name as a library you intended to import)"
            )
        }
        (_, true) => format!(
            "cannot import name {shown_name} from partially initialized module {shown} (most likely due to a circular import){place}"
        ),
        (_, false) if place.is_empty() => format!("cannot import name {shown_name} from {shown} (unknown location)"),
        (_, false) => format!("cannot import name {shown_name} from {shown}{place}"),
    };
    let fields =
        exc::raising::ImportFields { name: Some(&package), path: origin.as_ref(), name_from: Some(name.as_value()) };
    Ok(exc::raising::raise_import_error(vm, &message, fields))
}

/// Whether a module may have been imported instead of another one of the same name, because it lies beside the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shadowing {
    No,
    /// Of a module that is not the standard library's.
    Library,
    StandardLibrary,
}

impl Shadowing {
    /// `origin` is the module's file (CPython `_PyModule_IsPossiblyShadowing`).
    pub fn of(vm: &Vm, name: &Value, origin: &Value) -> Res<Shadowing> {
        let Some(origin) = origin.downcast::<Str>() else { return Ok(Shadowing::No) };
        let Some(program) = vm.interpreter().program_folder.get() else { return Ok(Shadowing::No) };
        let origin = origin.to_utf8_lossy().into_owned();
        let Some((mut folder, file)) = origin.rsplit_once('/') else { return Ok(Shadowing::No) };
        if file == "__init__.py" {
            match folder.rsplit_once('/') {
                Some((above, _)) => folder = above,
                None => return Ok(Shadowing::No),
            }
        }
        if !program.downcast::<Str>().is_some_and(|program| program.eq_str(folder)) {
            return Ok(Shadowing::No);
        }
        let names = match vm.modules().get_text(vm, "sys")? {
            Some(sys) => vm.get_attr_str_opt(&sys, "stdlib_module_names")?,
            None => None,
        };
        let is_standard = match names {
            // A program may have put anything there.
            Some(names) if vm.frozenset_items(&names).is_some() || vm.type_name(&names) == "set" => {
                vm.contains(&names, name)?
            }
            _ => false,
        };
        Ok(if is_standard { Shadowing::StandardLibrary } else { Shadowing::Library })
    }
}

/// The file a specification names, when it has one.
pub fn file_origin(vm: &Vm, spec: &Value) -> Res<Option<Value>> {
    match vm.get_attr_str_opt(spec, "has_location")? {
        Some(has) if vm.is_true(&has)? => Ok(vm.get_attr_str_opt(spec, "origin")?.filter(|o| o.is_a::<Str>())),
        _ => Ok(None),
    }
}

/// `from module import *` into the running frame's locals.
pub fn import_star(vm: &Vm, fp: Fp, module: &Value) -> Res<()> {
    let locals = fp.locals();
    if locals.is_unbound() {
        return Err(vm.system_error("no locals found during 'import *'"));
    }
    let (names, skip_private) = match vm.get_attr_opt(module, &vm.names().__all__)? {
        Some(all) => (vm.collect(&all)?, false),
        None => {
            let Some(dict) = vm.get_attr_opt(module, &vm.names().__dict__)? else {
                return Err(vm.import_error("from-import-* object has no __dict__ and no __all__"));
            };
            let keys = match dict.exact::<Dict>(vm) {
                Some(dict) => dict.keys(),
                None => {
                    let keys = vm.call_method(&dict, &vm.names().keys, &[])?;
                    vm.collect(&keys)?
                }
            };
            (keys, true)
        }
    };
    for name in names {
        let Some(text) = name.downcast::<Str>() else {
            let module_name = vm.get_attr_opt(module, &vm.names().__name__)?;
            let module_name = module_name.as_ref().and_then(|n| n.downcast::<Str>());
            let module_name = module_name.map_or("?".to_string(), |n| n.to_utf8_lossy().into_owned());
            return Err(vm.type_error(if skip_private {
                format!("Key in {module_name}.__dict__ must be str, not {}", vm.type_name(&name))
            } else {
                format!("Item in {module_name}.__all__ must be str, not {}", vm.type_name(&name))
            }));
        };
        if skip_private && !text.is_empty() && text.at(0) == '_' as u32 {
            continue;
        }
        let value = vm.get_attr(module, text)?;
        match locals.exact::<Dict>(vm) {
            Some(dict) => dict.set(vm, &name, value)?,
            None => vm.set_item(locals, &name, &value)?,
        }
    }
    Ok(())
}
