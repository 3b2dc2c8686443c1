//! Globals, and objects made and filled.

use super::*;

impl Machine<'_> {
    pub(super) fn find(&self, module: &Value, name: &Value) -> Res {
        match &self.find_class {
            Some(this) => self.vm.call_method_str(this, "find_class", &[module.clone(), name.clone()]),
            None => self.unpickler.find_global(self.vm, module, name),
        }
    }

    pub(super) fn persistent(&mut self, id: &Value) -> Res<()> {
        let Some(load) = self.persistent_load.clone() else { return Err(no_persistent_load(self.vm)) };
        let value = self.vm.call(&load, core::slice::from_ref(id))?;
        self.push(value);
        Ok(())
    }

    pub(super) fn extension(&mut self, code: i64) -> Res<()> {
        let vm = self.vm;
        let state = state(vm);
        let number = vm.new_int(code)?;
        let cache = dict_in(vm, &state.extension_cache)?;
        if let Some(known) = cache.get(vm, &number)? {
            self.push(known);
            return Ok(());
        }
        let Some(pair) = dict_in(vm, &state.inverted_registry)?.get(vm, &number)? else {
            if code <= 0 {
                return Err(unpickling_error(vm, "EXT specifies code <= 0"));
            }
            return Err(vm.value_error(format!("unregistered extension code {code}")));
        };
        let Some([module, name]) = pair.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
            return Err(vm.value_error(format!("_inverted_registry[{code}] isn't a 2-tuple of strings")));
        };
        let found = self.find(module, name)?;
        cache.set(vm, &number, found.clone())?;
        self.push(found);
        Ok(())
    }

    pub(super) fn append(&self, list: &Value, items: Vec<Value>) -> Res<()> {
        let vm = self.vm;
        if let Some(list) = list.exact::<List>(vm) {
            for item in items {
                list.push(vm, item)?;
            }
            return Ok(());
        }
        if let Some(extend) = vm.get_attr_str_opt(list, "extend")? {
            return vm.call(&extend, &[vm.new_list(items)?]).map(drop);
        }
        let append = vm.get_attr_str(list, "append")?;
        for item in &items {
            vm.call(&append, core::slice::from_ref(item))?;
        }
        Ok(())
    }

    pub(super) fn store(&self, target: &Value, pairs: &[Value]) -> Res<()> {
        let vm = self.vm;
        let dict = target.exact::<Dict>(vm);
        for pair in pairs.chunks_exact(2) {
            match dict {
                Some(dict) => dict.set(vm, &pair[0], pair[1].clone())?,
                None => vm.set_item(target, &pair[0], &pair[1])?,
            }
        }
        Ok(())
    }

    pub(super) fn new_object(&mut self, name: &str, class: &Value, args: &Value, keywords: Option<&Value>) -> Res<()> {
        let vm = self.vm;
        let kind = |value: &Value| qualified_name(vm, vm.class(value));
        let Some(ty) = class.downcast::<Type>() else {
            let got = kind(class);
            return Err(unpickling_error(vm, format!("{name} class argument must be a type, not {got}")));
        };
        let Some(new) = ty.slots().new else {
            return Err(unpickling_error(vm, format!("{name} class argument '{}' has NULL tp_new", ty.full_name())));
        };
        let Some(positional) = args.downcast::<Tuple>() else {
            let got = kind(args);
            return Err(unpickling_error(vm, format!("{name} args argument must be a tuple, not {got}")));
        };
        let made = match keywords {
            None => new(vm, ty, Args::positional(positional.as_slice()))?,
            Some(keywords) => {
                let Some(dict) = keywords.downcast::<Dict>() else {
                    let got = kind(keywords);
                    return Err(unpickling_error(vm, format!("{name} kwargs argument must be a dict, not {got}")));
                };
                let mut values = positional.as_slice().to_vec();
                let mut names = Vec::new();
                for (name, value) in dict.items() {
                    names.push(name);
                    values.push(value);
                }
                let names = Tuple::from_vec(vm, names)?;
                new(vm, ty, Args { values: &values, names: Some(&names) })?
            }
        };
        self.push(made);
        Ok(())
    }

    /// What `INST` and `OBJ` make.
    pub(super) fn instantiate(&mut self, class: &Value, args: &[Value]) -> Res<()> {
        let vm = self.vm;
        let plain = args.is_empty() && class.is_a::<Type>() && vm.get_attr_str_opt(class, "__getinitargs__")?.is_none();
        let made = match plain {
            true => vm.call_method(class, &vm.names().__new__, core::slice::from_ref(class))?,
            false => vm.call(class, args)?,
        };
        self.push(made);
        Ok(())
    }

    pub(super) fn build(&self, instance: &Value, state: &Value) -> Res<()> {
        let vm = self.vm;
        if let Some(set_state) = vm.get_attr_opt(instance, &vm.names().__setstate__)? {
            return vm.call(&set_state, core::slice::from_ref(state)).map(drop);
        }
        let (state, slots) = match state.downcast::<Tuple>().map(|pair| pair.as_slice()) {
            Some([state, slots]) => (state, Some(slots)),
            _ => (state, None),
        };
        if !state.is_none() {
            let Some(attributes) = state.downcast::<Dict>() else {
                return Err(unpickling_error(vm, "state is not a dictionary"));
            };
            if !self.fill_plain(instance, attributes)? {
                let target = vm.get_attr(instance, &vm.names().__dict__)?;
                for (key, value) in attributes.items() {
                    let key = match key.exact::<Str>(vm) {
                        Some(text) => vm.intern_ref(text)?.into_value(),
                        None => key,
                    };
                    vm.set_item(&target, &key, &value)?;
                }
            }
        }
        if let Some(slots) = slots.filter(|slots| !slots.is_none()) {
            let Some(slots) = slots.downcast::<Dict>() else {
                return Err(unpickling_error(vm, "slot state is not a dictionary"));
            };
            for (name, value) in slots.items() {
                let Some(name) = name.downcast::<Str>() else {
                    return Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(&name))));
                };
                vm.set_attr(instance, name, &value)?;
            }
        }
        Ok(())
    }

    /// Gives a plain instance its attributes without making its `__dict__`. False when that would not be the same.
    pub(super) fn fill_plain(&self, instance: &Value, attributes: &Ref<Dict>) -> Res<bool> {
        let vm = self.vm;
        let class = vm.class(instance);
        let plain = class.def.is_none() && is_generic(class.slots().getattro);
        let own_dict = class.lookup(vm, &vm.names().__dict__);
        if !plain || !own_dict.is_some_and(|found| found.is_a::<GetSetDescriptor>()) {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((at, key, value)) = attributes.next_entry(position) {
            position = at + 1;
            let Some(name) = key.exact::<Str>(vm) else {
                return if at == 0 { Ok(false) } else { self.fill_rest(instance, attributes) };
            };
            let name = if name.is_interned() { name.clone() } else { vm.intern_ref(name)? };
            if !vm.set_own_attribute(instance, &name, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As much as can be said of a state whose keys are not all strings: its dict must be made.
    pub(super) fn fill_rest(&self, instance: &Value, attributes: &Ref<Dict>) -> Res<bool> {
        let target = self.vm.get_attr(instance, &self.vm.names().__dict__)?;
        for (key, value) in attributes.items() {
            self.vm.set_item(&target, &key, &value)?;
        }
        Ok(true)
    }
}
