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
    Err(vm.cannot_import_name(module, name))
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
