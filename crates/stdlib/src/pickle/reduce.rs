//! Objects by what their reduction says, and classes and functions by name.

use super::opcodes::*;
use super::pickler::Saving;
use super::{PICKLING_ERROR, dict_in, instead, pickling_error};
use crate::support::builtin;
use crate::support::values::qualified_name;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::object::reduce::is_plain;
use ophi_runtime::objects::singletons::{ELLIPSIS_TYPE, NONE_TYPE, NOT_IMPLEMENTED_TYPE};
use ophi_runtime::objects::r#type::TYPE;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Ref, Res, Str, Tuple, Type, Value, Vm};

/// `getattr` along a dotted path.
pub fn get_dotted(vm: &Vm, object: &Value, path: &[Ref<Str>]) -> Res {
    let mut at = object.clone();
    for name in path {
        at = vm.get_attr(&at, name)?;
    }
    Ok(at)
}

/// The names between the dots.
pub fn split_dotted(vm: &Vm, name: &Ref<Str>) -> Res<Vec<Ref<Str>>> {
    let points: Vec<u32> = name.code_points().collect();
    points.split(|c| *c == b'.' as u32).map(|part| vm.new_str_from_code_points(part)).collect()
}

/// Imports a module by its full name; KeyError when `sys.modules` does not have it afterwards.
pub fn import_full(vm: &Vm, name: &Value) -> Res {
    if let Some(module) = vm.modules().get(vm, name)?
        && !module.is_none()
    {
        return Ok(module);
    }
    vm.call(&builtin(vm, "__import__")?, core::slice::from_ref(name))?;
    match vm.modules().get(vm, name)? {
        Some(module) => Ok(module),
        None => Err(vm.key_error(name)),
    }
}

impl Saving<'_> {
    /// Asks the dispatch table, then the object, how it is rebuilt.
    pub fn by_reduction(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        let class = vm.class(object).to_value();
        let own = self.pickler.dispatch_table.get();
        let reducer = match &own {
            None => dict_in(vm, &self.state.dispatch_table)?.get(vm, &class)?,
            Some(table) => match table.exact::<Dict>(vm) {
                Some(dict) => dict.get(vm, &class)?,
                None => {
                    let found = vm.get_item(table, &class);
                    vm.catch(found, &exc::KEY_ERROR)?
                }
            },
        };
        if reducer.is_none()
            && self.standalone
            && self.protocol >= 2
            && self.is_plain(object)
            && let Some(attributes) = vm.inline_attributes(object)
            && attributes.iter().all(|(name, _)| !name.eq_str("__reduce_ex__") && !name.eq_str("__getstate__"))
        {
            return match self.plain_instance(object, &attributes) {
                Ok(()) => Ok(()),
                Err(raised) => Err(self.note(raised, object, || Ok("object".into()))),
            };
        }
        let reduced = if let Some(reducer) = reducer {
            vm.call(&reducer, core::slice::from_ref(object))?
        } else if vm.class(object).is_subtype(vm.ty(&TYPE)) {
            return self.global(object, None);
        } else if let Some(method) = vm.get_attr_opt(object, &vm.names().__reduce_ex__)? {
            vm.call(&method, &[vm.new_int(self.protocol)?])?
        } else if let Some(method) = vm.get_attr_opt(object, &vm.names().__reduce__)? {
            vm.call(&method, &[])?
        } else {
            return Err(pickling_error(vm, format!("Can't pickle {} object", qualified_name(vm, vm.class(object)))));
        };
        self.reduced(object, &reduced)
    }

    /// Whether the object's class says nothing about how it is reduced.
    fn is_plain(&mut self, object: &Value) -> bool {
        let vm = self.vm;
        let class = vm.class(object);
        let version = class.ensure_version(vm);
        if version == 0 {
            return false;
        }
        if let Some((_, plain)) = self.plain.iter().find(|(known, _)| *known == version) {
            return *plain;
        }
        let plain = is_plain(vm, class);
        // Looking may have given the class a new version.
        self.plain.truncate(32);
        self.plain.insert(0, (class.ensure_version(vm), plain));
        plain
    }

    /// What the reduction of a plain instance would write, without making it, nor the instance's dict.
    fn plain_instance(&mut self, object: &Value, attributes: &[(Ref<Str>, Value)]) -> Res<()> {
        let vm = self.vm;
        let class = vm.class(object).to_value();
        self.part(&class, object, "class")?;
        self.boundary()?;
        self.put(&[EMPTY_TUPLE, NEWOBJ]);
        match self.memoized(object) {
            Some(number) => {
                self.op(POP);
                self.get_from_memo(number);
            }
            None => self.memoize(object)?,
        }
        if attributes.is_empty() {
            return Ok(());
        }
        self.boundary()?;
        self.op(EMPTY_DICT);
        self.memoize_unseen()?;
        if attributes.len() > 1 {
            self.op(MARK);
        }
        for (name, value) in attributes {
            self.save(name.as_value())?;
            if let Err(raised) = self.save(value) {
                let dict = vm.new_dict()?.into_value();
                let raised =
                    self.note(raised, &dict, || Ok(format!("item {}", vm.repr(name.as_value())?.to_utf8_lossy())));
                return Err(self.note(raised, object, || Ok("state".into())));
            }
        }
        self.op(if attributes.len() > 1 { SETITEMS } else { SETITEM });
        self.op(BUILD);
        Ok(())
    }

    /// Writes what a reduction gave.
    pub fn reduced(&mut self, object: &Value, reduced: &Value) -> Res<()> {
        if let Some(name) = reduced.downcast::<Str>() {
            return self.global(object, Some(name));
        }
        let result = match reduced.downcast::<Tuple>() {
            Some(parts) => self.by_parts(object, parts.as_slice()),
            None => {
                let got = qualified_name(self.vm, self.vm.class(reduced));
                Err(pickling_error(self.vm, format!("__reduce__ must return a string or tuple, not {got}")))
            }
        };
        match result {
            Ok(()) => Ok(()),
            Err(raised) => Err(self.note(raised, object, || Ok("object".into()))),
        }
    }

    /// Saves a part of `object` that errors are to name.
    fn part(&mut self, value: &Value, object: &Value, what: &str) -> Res<()> {
        match self.save(value) {
            Ok(()) => Ok(()),
            Err(raised) => Err(self.note(raised, object, || Ok(what.into()))),
        }
    }

    /// Writes a reduction by its parts.
    pub fn by_parts(&mut self, object: &Value, parts: &[Value]) -> Res<()> {
        let vm = self.vm;
        let kind = |value: &Value| qualified_name(vm, vm.class(value));
        let (Some(function), Some(args), 2..=6) = (parts.first(), parts.get(1), parts.len()) else {
            return Err(pickling_error(vm, "tuple returned by __reduce__ must contain 2 through 6 elements"));
        };
        let nth = |i: usize| parts.get(i).filter(|part| !part.is_none());
        let (state, list_items, dict_items, state_setter) = (nth(2), nth(3), nth(4), nth(5));
        if vm.class(function).slots().call.is_none() {
            let got = kind(function);
            return Err(pickling_error(
                vm,
                format!("first item of the tuple returned by __reduce__ must be callable, not {got}"),
            ));
        }
        let Some(arguments) = args.downcast::<Tuple>() else {
            let got = kind(args);
            return Err(pickling_error(
                vm,
                format!("second item of the tuple returned by __reduce__ must be a tuple, not {got}"),
            ));
        };
        for (items, which) in [(list_items, "fourth"), (dict_items, "fifth")] {
            if let Some(items) = items
                && vm.class(items).slots().iternext.is_none()
            {
                let got = kind(items);
                return Err(pickling_error(
                    vm,
                    format!("{which} item of the tuple returned by __reduce__ must be an iterator, not {got}"),
                ));
            }
        }
        if let Some(setter) = state_setter
            && vm.class(setter).slots().call.is_none()
        {
            let got = kind(setter);
            return Err(pickling_error(
                vm,
                format!("sixth item of the tuple returned by __reduce__ must be callable, not {got}"),
            ));
        }
        let name = match self.protocol >= 2 {
            true => vm.get_attr_opt(function, &vm.names().__name__)?,
            false => None,
        };
        let name = name.as_ref().and_then(|name| name.downcast::<Str>());
        if name.is_some_and(|name| name.eq_str("__newobj_ex__")) {
            self.new_object_ex(object, arguments.as_slice())?;
        } else if name.is_some_and(|name| name.eq_str("__newobj__")) {
            self.new_object(object, arguments.as_slice())?;
        } else {
            self.part(function, object, "reconstructor")?;
            self.part(args, object, "reconstructor arguments")?;
            self.op(REDUCE);
        }
        if let Some(number) = self.memoized(object) {
            // It was pickled while its arguments were: what is on the stack is not wanted.
            self.op(POP);
            self.get_from_memo(number);
        } else {
            self.memoize(object)?;
        }
        if let Some(items) = list_items {
            self.batch_list(items, object)?;
        }
        if let Some(items) = dict_items {
            self.batch_dict(items, object)?;
        }
        match (state, state_setter) {
            (Some(state), None) => {
                self.part(state, object, "state")?;
                self.op(BUILD);
            }
            (Some(state), Some(setter)) => {
                self.part(setter, object, "state setter")?;
                self.save(object)?;
                self.part(state, object, "state")?;
                self.put(&[TUPLE2, REDUCE, POP]);
            }
            _ => {}
        }
        Ok(())
    }

    /// `cls.__new__(cls, *args, **kwargs)`
    fn new_object_ex(&mut self, object: &Value, arguments: &[Value]) -> Res<()> {
        let vm = self.vm;
        let kind = |value: &Value| qualified_name(vm, vm.class(value));
        let [class, args, keywords] = arguments else {
            let n = arguments.len();
            return Err(pickling_error(vm, format!("__newobj_ex__ expected 3 arguments, got {n}")));
        };
        let bad = |which: &str, what: &str, got: &Value| {
            let got = kind(got);
            pickling_error(vm, format!("{which} argument to __newobj_ex__() must be a {what}, not {got}"))
        };
        if !class.is_a::<Type>() {
            return Err(bad("first", "class", class));
        }
        let Some(positional) = args.downcast::<Tuple>() else { return Err(bad("second", "tuple", args)) };
        if !keywords.is_a::<Dict>() {
            return Err(bad("third", "dict", keywords));
        }
        if self.protocol >= 4 {
            self.part(class, object, "class")?;
            self.part(args, object, "__new__ arguments")?;
            self.part(keywords, object, "__new__ arguments")?;
            self.op(NEWOBJ_EX);
            return Ok(());
        }
        let new = vm.get_attr(class, &vm.names().__new__)?;
        let mut all = vec![new, class.clone()];
        all.extend_from_slice(positional.as_slice());
        let mut names = Vec::new();
        for (name, value) in keywords.downcast::<Dict>().map(|dict| dict.items()).unwrap_or_default() {
            names.push(name);
            all.push(value);
        }
        let names = Tuple::from_vec(vm, names)?;
        let args = ophi_runtime::Args { values: &all, names: Some(&names) };
        let callable = vm.call_args(&self.state.partial.get_or_none(), args)?;
        self.part(&callable, object, "reconstructor")?;
        let empty = vm.new_tuple(&[])?;
        self.save(&empty)?;
        self.op(REDUCE);
        Ok(())
    }

    /// `cls.__new__(cls, *args)`
    fn new_object(&mut self, object: &Value, arguments: &[Value]) -> Res<()> {
        let vm = self.vm;
        let Some((class, rest)) = arguments.split_first() else {
            return Err(pickling_error(vm, "__newobj__ expected at least 1 argument, got 0"));
        };
        if !class.is_a::<Type>() {
            let got = qualified_name(vm, vm.class(class));
            return Err(pickling_error(vm, format!("first argument to __newobj__() must be a class, not {got}")));
        }
        let own = vm.get_attr(object, &vm.names().__class__)?;
        if !own.is(class) {
            let (wanted, got) = (vm.repr(&own)?, vm.repr(class)?);
            let message = format!(
                "first argument to __newobj__() must be {}, not {}",
                wanted.to_utf8_lossy(),
                got.to_utf8_lossy()
            );
            return Err(pickling_error(vm, message));
        }
        self.part(class, object, "class")?;
        let args = vm.new_tuple(rest)?;
        self.part(&args, object, "__new__ arguments")?;
        self.op(NEWOBJ);
        Ok(())
    }

    /// A class. Those of the singletons have no name to be found by.
    pub fn class(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        for (def, single) in [
            (&NONE_TYPE, Value::NONE),
            (&ELLIPSIS_TYPE, Value::ELLIPSIS),
            (&NOT_IMPLEMENTED_TYPE, Value::NOT_IMPLEMENTED),
        ] {
            if vm.ty(def).as_value().is(object) {
                let args = vm.new_tuple(&[single])?;
                return self.by_parts(object, &[vm.ty(&TYPE).to_value(), args]);
            }
        }
        self.global(object, None)
    }

    /// The module that has `object` under `name`.
    fn module_of(&self, object: &Value, name: &Ref<Str>) -> Res {
        let vm = self.vm;
        let path = split_dotted(vm, name)?;
        if path.iter().any(|part| part.eq_str("<locals>")) {
            let shown = vm.repr(object)?;
            return Err(pickling_error(vm, format!("Can't pickle local object {}", shown.to_utf8_lossy())));
        }
        let claimed = vm.get_attr_opt(object, &vm.names().__module__)?.filter(|module| !module.is_none());
        let module_name = match claimed {
            Some(module) => module,
            None => match self.search_modules(object, &path)? {
                Some(found) => return Ok(found),
                None => vm.names().__main__.to_value(),
            },
        };
        let module = match import_full(vm, &module_name) {
            Ok(module) => module,
            Err(raised) => {
                let known = [&exc::IMPORT_ERROR, &exc::VALUE_ERROR, &exc::KEY_ERROR];
                if !known.iter().any(|def| vm.raised_is(def)) {
                    return Err(raised);
                }
                let Some(error) = vm.peek_raised() else { return Err(raised) };
                let message =
                    format!("Can't pickle {}: {}", vm.repr(object)?.to_utf8_lossy(), vm.str(&error)?.to_utf8_lossy());
                return Err(instead(vm, raised, &PICKLING_ERROR, &message));
            }
        };
        let place =
            || -> Res<String> { Ok(format!("{}.{}", vm.str(&module_name)?.to_utf8_lossy(), name.to_utf8_lossy())) };
        match get_dotted(vm, &module, &path) {
            Ok(found) if found.is(object) => Ok(module_name.clone()),
            Ok(_) => {
                let (shown, place) = (vm.repr(object)?, place()?);
                let shown = shown.to_utf8_lossy();
                Err(pickling_error(vm, format!("Can't pickle {shown}: it's not the same object as {place}")))
            }
            Err(raised) if vm.raised_is(&exc::ATTRIBUTE_ERROR) => {
                let message =
                    format!("Can't pickle {}: it's not found as {}", vm.repr(object)?.to_utf8_lossy(), place()?);
                Err(instead(vm, raised, &PICKLING_ERROR, &message))
            }
            Err(raised) => Err(raised),
        }
    }

    /// Looks through all modules for an object that claims none.
    fn search_modules(&self, object: &Value, path: &[Ref<Str>]) -> Res<Option<Value>> {
        let vm = self.vm;
        for (name, module) in vm.modules().items() {
            let skipped = |text: &Ref<Str>| text.eq_str("__main__") || text.eq_str("__mp_main__");
            if module.is_none() || name.downcast::<Str>().is_some_and(skipped) {
                continue;
            }
            let found = get_dotted(vm, &module, path);
            if let Some(found) = vm.catch(found, &exc::ATTRIBUTE_ERROR)?
                && found.is(object)
            {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    pub fn global(&mut self, object: &Value, name: Option<&Ref<Str>>) -> Res<()> {
        let vm = self.vm;
        let name = match name {
            Some(name) => name.clone(),
            None => {
                let found = match vm.get_attr_opt(object, &vm.names().__qualname__)? {
                    Some(name) => name,
                    None => vm.get_attr(object, &vm.names().__name__)?,
                };
                vm.expect_str(&found, "the name of a global")?.clone()
            }
        };
        let module = self.module_of(object, &name)?;
        if self.protocol >= 2 {
            let key = vm.new_tuple(&[module.clone(), name.to_value()])?;
            if let Some(code) = dict_in(vm, &self.state.extension_registry)?.get(vm, &key)? {
                return self.extension(&code);
            }
        }
        if self.protocol >= 4 {
            self.save(&module)?;
            self.save(name.as_value())?;
            self.op(STACK_GLOBAL);
            return self.memoize(object);
        }
        let path = split_dotted(vm, &name)?;
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        // getattr(getattr(first, ...), ...)
        let getattr = builtin(vm, "getattr")?;
        for _ in rest {
            self.save(&getattr)?;
            if self.protocol < 2 {
                self.op(MARK);
            }
        }
        self.top_level(&module, first)?;
        for attribute in rest {
            self.save(attribute.as_value())?;
            self.op(if self.protocol < 2 { TUPLE } else { TUPLE2 });
            self.op(REDUCE);
        }
        self.memoize(object)
    }

    fn extension(&mut self, code: &Value) -> Res<()> {
        let vm = self.vm;
        let code = crate::support::values::to_i64(vm, code)?;
        match code {
            1..=0xff => self.put(&[EXT1, code as u8]),
            0x100..=0xffff => self.put(&[EXT2, code as u8, (code >> 8) as u8]),
            0x1_0000..=0x7fff_ffff => {
                self.op(EXT4);
                self.out.extend_from_slice(&(code as u32).to_le_bytes());
            }
            _ => return Err(vm.runtime_error(format!("extension code {code} is out of range"))),
        }
        Ok(())
    }

    /// `GLOBAL module name`, with the names of Python 2 when they are wanted.
    fn top_level(&mut self, module: &Value, name: &Ref<Str>) -> Res<()> {
        let vm = self.vm;
        let (mut module, mut name) = (module.clone(), name.to_value());
        if self.protocol < 3 && self.pickler.fix_imports.get() {
            let key = vm.new_tuple(&[module.clone(), name.clone()])?;
            if let Some(pair) = dict_in(vm, &self.state.reverse_name_mapping)?.get(vm, &key)? {
                let Some([to_module, to_name]) = pair.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
                    let got = vm.type_name(&pair);
                    return Err(vm.runtime_error(format!(
                        "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples, not {got}"
                    )));
                };
                (module, name) = (to_module.clone(), to_name.clone());
            } else if let Some(to) = dict_in(vm, &self.state.reverse_import_mapping)?.get(vm, &module)? {
                module = to;
            }
        }
        self.op(GLOBAL);
        for (text, what) in [(&module, "module"), (&name, "global")] {
            let encoding = if self.protocol >= 3 { "utf-8" } else { "ascii" };
            let text = vm.expect_str(text, "the name of a global")?;
            match ophi_runtime::codecs::encode_text(vm, text, Some(encoding), None) {
                Ok(bytes) => self.out.extend_from_slice(&vm.bytes_of(&bytes)?),
                Err(raised) => {
                    let shown = vm.repr(text.as_value())?;
                    let message = format!(
                        "can't pickle {what} identifier {} using pickle protocol {}",
                        shown.to_utf8_lossy(),
                        self.protocol
                    );
                    return Err(instead(vm, raised, &PICKLING_ERROR, &message));
                }
            }
            self.out.push(b'\n');
        }
        Ok(())
    }
}
