//! The builtin functions that run code: `exec`, `eval`, `compile`, `__build_class__`, `globals`, `locals`.
//!
//! After CPython Python/bltinmodule.c. [`CodeFunctions::METHODS`] is their table for the module `builtins`.

use super::run_code;
use crate::native::Args;
use crate::objects::cell::Cell;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::objects::function::Function;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Tuple, Type, Value, methods};
use ophi_bytecode::code::flags;
use ophi_compiler::{CompileOptions, DEEP_STACK, Recursion, compile_source};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::{DiagnosticKind, Mode, Source, SyntaxDiagnostic};
use std::sync::Arc;

/// `compile()` flags beside the future features.
pub const ONLY_AST: u32 = 0x400;
pub const TYPE_COMMENTS: u32 = 0x1000;
pub const DONT_IMPLY_DEDENT: u32 = 0x200;
pub const ALLOW_INCOMPLETE: u32 = 0x4000;
pub const TOP_LEVEL_AWAIT: u32 = ophi_compiler::ALLOW_TOP_LEVEL_AWAIT;
const KNOWN_FLAGS: u32 = flags::FUTURE_MASK
    | ONLY_AST
    | TYPE_COMMENTS
    | DONT_IMPLY_DEDENT
    | ALLOW_INCOMPLETE
    | TOP_LEVEL_AWAIT
    | OPTIMIZED_AST
    | 0x0010
    | 0x0100;
pub const OPTIMIZED_AST: u32 = 0x8000 | ONLY_AST;

impl Vm {
    /// A name in the interpreter's `builtins`.
    pub fn get_builtin(&self, name: &str) -> Res {
        let found = match (self.current_builtins(), self.interpreter().builtins.get()) {
            (Some(mapping), _) => match mapping.downcast::<Dict>() {
                Some(builtins) => builtins.get_text(self, name)?,
                None => {
                    let item = self.get_item(&mapping, self.new_str(name)?.as_value());
                    self.catch(item, &crate::objects::exceptions::LOOKUP_ERROR)?
                }
            },
            (None, Some(builtins)) => builtins.get_text(self, name)?,
            (None, None) => None,
        };
        found.ok_or_else(|| self.attribute_error(name))
    }

    /// Compiles a text. `flags`: future features and `compile()`'s switches; `optimize` below 0: the interpreter's own level.
    pub fn compile_text(&self, text: &str, filename: &str, mode: Mode, flags: u32, optimize: i32) -> Res<Ref<Code>> {
        match Source::from_text(text, matches!(mode, Mode::File)) {
            Ok(source) => self.compile_read(&source, filename, mode, flags, optimize),
            Err(diagnostic) => Err(self.raise_diagnostic(&diagnostic, filename)),
        }
    }

    /// MemoryError when tokens, tree and code of a text of so many bytes are likely to be beyond the limit: the stages that make them know no
    /// limit. Where there is none, nothing is estimated.
    pub fn check_room_to_compile(&self, bytes: usize) -> Res<()> {
        const EACH: usize = 64;
        if self.heap().is_limited() { self.check_room(bytes.saturating_mul(EACH)) } else { Ok(()) }
    }

    /// Compiles a source that has been read.
    pub fn compile_read(
        &self,
        source: &Source,
        filename: &str,
        mode: Mode,
        flags: u32,
        optimize: i32,
    ) -> Res<Ref<Code>> {
        self.compile_from(source, filename, mode, flags, optimize, false)
    }

    /// Compiles the program's own file: whoever shows an error in it reads the file again.
    pub fn compile_file(&self, source: &Source, filename: &str) -> Res<Ref<Code>> {
        self.compile_from(source, filename, Mode::File, 0, -1, true)
    }

    /// How deeply the compiler may descend: on the running thread's stack, or on one of its own where memory is not limited
    /// too narrowly for that.
    pub fn compiler_recursion(&self) -> Recursion {
        let may_deepen = !self.heap().is_limited() || self.heap().has_room(DEEP_STACK);
        Recursion { may_deepen, ..Recursion::on_stack(self.stack_limit()) }
    }

    fn compile_from(
        &self,
        source: &Source,
        filename: &str,
        mode: Mode,
        flags: u32,
        optimize: i32,
        is_file: bool,
    ) -> Res<Ref<Code>> {
        self.check_room_to_compile(source.text().len())?;
        let mut options = CompileOptions::new(filename.to_string());
        options.recursion = self.compiler_recursion();
        options.flags = flags & (flags::FUTURE_MASK | TOP_LEVEL_AWAIT);
        options.optimize = if optimize < 0 { self.interpreter().optimize.get() } else { optimize.min(2) as u8 };
        let parse = ParseFlags {
            type_comments: flags & TYPE_COMMENTS != 0,
            barry_as_flufl: flags & flags::FUTURE_BARRY_AS_BDFL != 0,
            dont_imply_dedent: flags & DONT_IMPLY_DEDENT != 0,
            allow_incomplete: flags & ALLOW_INCOMPLETE != 0,
            max_int_digits: self.interpreter().int_max_str_digits.get() as u32,
            stack_limit: self.stack_limit(),
            ..ParseFlags::default()
        };
        let compiled = compile_source(source, mode, parse, &options);
        for warning in &compiled.warnings {
            self.syntax_warning(warning, filename)?;
        }
        match compiled.result {
            Ok(code) => Code::from_plain(self, &Arc::new(code)),
            Err(diagnostic) => {
                let raised = self.raise_diagnostic(&diagnostic, filename);
                Err(self.with_metadata(raised, &diagnostic, (!is_file).then_some(source)))
            }
        }
    }

    /// Tells an error of the parser where it had got to, and the source when it is in no file: what the search for mistyped
    /// keywords in the library's `traceback` needs (`_PyPegen_set_syntax_error_metadata`).
    pub fn with_metadata(&self, raised: Raised, diagnostic: &SyntaxDiagnostic, source: Option<&Source>) -> Raised {
        let Some((line, column)) = diagnostic.location.as_ref().and_then(|at| at.last_statement) else { return raised };
        let exception = self.take_raised(raised);
        let text = match source {
            Some(source) => self.new_str(source.text()).map(Ref::into_value),
            None => Ok(Value::NONE),
        };
        let made =
            text.and_then(|text| self.new_tuple(&[Value::int32(line as i32), Value::int32(column as i32), text]));
        match made {
            Ok(metadata) => {
                if let Some(error) = exception.downcast::<exc::syntax_error::SyntaxError>() {
                    error.metadata.set(Some(metadata));
                }
                self.raise_again(exception)
            }
            Err(raised) => raised,
        }
    }

    /// Raises what a diagnostic stands for.
    pub fn raise_diagnostic(&self, diagnostic: &SyntaxDiagnostic, filename: &str) -> Raised {
        let def = match diagnostic.kind {
            DiagnosticKind::ValueError => return self.value_error(&diagnostic.message),
            DiagnosticKind::OverflowError => return self.overflow_error(&diagnostic.message),
            DiagnosticKind::RecursionError => return self.raise_message(&exc::RECURSION_ERROR, &diagnostic.message),
            DiagnosticKind::MemoryError => return self.raise_message(&exc::MEMORY_ERROR, &diagnostic.message),
            _ => super::border::syntax_error_class(diagnostic.kind),
        };
        let made = (|| -> Res {
            let message = self.new_str(&diagnostic.message)?.into_value();
            let Some(at) = &diagnostic.location else { return exc::instantiate(self, def, &[message]) };
            // The compiler has no text: the file, if there is one, is read again for the line.
            let read = || crate::warnings::source_line(self, filename, at.lineno).map(|line| line + "\n");
            let text = match &at.text {
                Some(text) => self.new_str(text)?.into_value(),
                None if at.anonymous || filename.starts_with('<') => Value::NONE,
                None => match read() {
                    Some(text) => self.new_str(&text)?.into_value(),
                    None => Value::NONE,
                },
            };
            self.located_error(def, message, at, &self.new_str(filename)?.into_value(), text)
        })();
        match made {
            Ok(exception) => self.raise(exception),
            Err(raised) => raised,
        }
    }
}

/// The text of `compile`'s, `eval`'s and `exec`'s first argument.
pub(crate) fn source_text(
    vm: &Vm,
    source: &Value,
    function: &str,
    what: &str,
    mode: Mode,
) -> Res<Result<Source, SyntaxDiagnostic>> {
    let newline = matches!(mode, Mode::File);
    if let Some(text) = source.downcast::<Str>() {
        return match text.to_utf8() {
            Some(utf8) => Ok(Source::from_text(utf8.into_owned(), newline)),
            None => Err(vm.surrogate_error(text)),
        };
    }
    match vm.buffer_bytes(source)? {
        Some(bytes) => vm.decode_source(&bytes, newline, ophi_syntax::source::Origin::Bytes),
        None => Err(vm.type_error(format!("{function}() arg 1 must be a {what} object"))),
    }
}

fn mode_of(vm: &Vm, mode: &str, flags: u32) -> Res<Mode> {
    match mode {
        "exec" => Ok(Mode::File),
        "eval" => Ok(Mode::Eval),
        "single" => Ok(Mode::Single),
        "func_type" if flags & ONLY_AST != 0 => Ok(Mode::FuncType),
        "func_type" => Err(vm.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST")),
        _ => Err(vm.value_error(if flags & ONLY_AST != 0 {
            "compile() mode must be 'exec', 'eval', 'single' or 'func_type'"
        } else {
            "compile() mode must be 'exec', 'eval' or 'single'"
        })),
    }
}

/// Future features of the code that calls `compile`, `exec` or `eval`.
fn inherited_flags(vm: &Vm) -> u32 {
    vm.current_frame().map_or(0, |fp| fp.code().flags & flags::FUTURE_MASK)
}

/// The functions themselves.
pub struct CodeFunctions;

/// What auditors see of a source: text as its UTF-8, everything else as it is.
fn audited_source(vm: &Vm, source: &Value) -> Res {
    match source.downcast::<Str>() {
        Some(text) => vm.new_bytes_value(&text.to_wtf8()),
        None => Ok(source.clone()),
    }
}

#[methods]
impl CodeFunctions {
    /// Make a code object, for exec() or eval(), of source text or a syntax tree.
    ///
    /// filename is told in error messages. mode is 'exec' for statements, 'eval' for an expression, 'single' for a
    /// statement of the interactive interpreter. flags and dont_inherit decide which future statements count;
    /// optimize is the level of -O, -1 the interpreter's own.
    #[function(sig = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)")]
    #[allow(clippy::too_many_arguments)]
    fn compile(
        vm: &Vm,
        source: &Value,
        filename: &Value,
        mode: std::borrow::Cow<'_, str>,
        flags: i32,
        dont_inherit: bool,
        optimize: i32,
        feature_version: i32,
    ) -> Res {
        let mut flags = flags as u32;
        if flags & !KNOWN_FLAGS != 0 {
            return Err(vm.value_error("compile(): unrecognised flags"));
        }
        if !(-1..=2).contains(&optimize) {
            return Err(vm.value_error("compile(): invalid optimize value"));
        }
        if !dont_inherit {
            flags |= inherited_flags(vm);
        }
        let filename = vm.path_text(filename)?;
        let parsed_mode = mode_of(vm, &mode, flags)?;
        vm.audit("compile", || Ok(vec![audited_source(vm, source)?, vm.new_str(&filename)?.into_value()]))?;
        if flags & ONLY_AST != 0 || vm.is_ast(source)? {
            return vm.compile_ast(source, &filename, parsed_mode, flags, optimize, feature_version);
        }
        match source_text(vm, source, "compile", "string, bytes or AST", parsed_mode)? {
            Ok(source) => Ok(vm.compile_read(&source, &filename, parsed_mode, flags, optimize)?.into_value()),
            Err(diagnostic) => Err(vm.raise_diagnostic(&diagnostic, &filename)),
        }
    }

    /// The value of an expression.
    ///
    /// source is text or a code object; globals is a dict, locals any mapping; without them, those of the caller.
    #[function(sig = "(source, /, globals=None, locals=None)")]
    fn eval(vm: &Vm, source: &Value, globals: Option<&Value>, locals: Option<&Value>) -> Res {
        let given = source;
        let (globals, locals) = namespaces(vm, "eval", globals, locals)?;
        if let Some(code) = source.downcast::<Code>() {
            if code.free_count() > 0 {
                return Err(vm.type_error("code object passed to eval() may not contain free variables"));
            }
            vm.audit("exec", || Ok(vec![code.to_value()]))?;
            return run_code(vm, code, &globals, Some(locals), None);
        }
        let source = match source.downcast::<Str>().and_then(|s| s.to_utf8()) {
            Some(text) => Ok(Source::from_text(text.trim_start_matches([' ', '\t']).to_string(), false)),
            None => source_text(vm, source, "eval", "string, bytes or code", Mode::Eval),
        }?;
        let code = match source {
            Ok(source) => {
                vm.audit("compile", || Ok(vec![audited_source(vm, given)?, vm.new_str("<string>")?.into_value()]))?;
                vm.compile_read(&source, "<string>", Mode::Eval, inherited_flags(vm), -1)?
            }
            Err(diagnostic) => return Err(vm.raise_diagnostic(&diagnostic, "<string>")),
        };
        vm.audit("exec", || Ok(vec![code.to_value()]))?;
        run_code(vm, &code, &globals, Some(locals), None)
    }

    /// Run statements.
    ///
    /// source is text or a code object; globals is a dict, locals any mapping; without them, those of the caller. closure
    /// has a cell for each free variable of a code object.
    #[function(sig = "(source, /, globals=None, locals=None, *, closure=None)")]
    fn exec(vm: &Vm, source: &Value, globals: Option<&Value>, locals: Option<&Value>, closure: Option<&Value>) -> Res {
        let given = source;
        let (globals, locals) = namespaces(vm, "exec", globals, locals)?;
        let closure = closure.filter(|c| !c.is_none());
        if let Some(code) = source.downcast::<Code>() {
            let free = code.free_count();
            match closure {
                None if free > 0 => {
                    return Err(vm.type_error(format!("code object requires a closure of exactly length {free}")));
                }
                Some(_) if free == 0 => {
                    return Err(vm.type_error("cannot use a closure with this code object"));
                }
                Some(cells)
                    if cells
                        .exact::<Tuple>(vm)
                        .is_none_or(|t| t.len() != free || t.as_slice().iter().any(|c| !c.is_a::<Cell>())) =>
                {
                    return Err(vm.type_error(format!("code object requires a closure of exactly length {free}")));
                }
                _ => {}
            }
            vm.audit("exec", || Ok(vec![code.to_value()]))?;
            run_code(vm, code, &globals, Some(locals), closure.cloned())?;
            return Ok(Value::NONE);
        }
        if closure.is_some() {
            return Err(vm.type_error("closure argument can only be used if the source is a code object"));
        }
        let code = match source_text(vm, source, "exec", "string, bytes or code", Mode::File)? {
            Ok(source) => {
                vm.audit("compile", || Ok(vec![audited_source(vm, given)?, vm.new_str("<string>")?.into_value()]))?;
                vm.compile_read(&source, "<string>", Mode::File, inherited_flags(vm), -1)?
            }
            Err(diagnostic) => return Err(vm.raise_diagnostic(&diagnostic, "<string>")),
        };
        vm.audit("exec", || Ok(vec![code.to_value()]))?;
        run_code(vm, &code, &globals, Some(locals), None)?;
        Ok(Value::NONE)
    }

    /// The dict of global variables: changes in it are changes of the variables.
    #[function(sig = "()")]
    fn globals(vm: &Vm) -> Res {
        match vm.current_globals() {
            Some(globals) => Ok(globals.into_value()),
            None => Err(vm.system_error("frame does not exist")),
        }
    }

    /// The local variables as a dict: in a function a copy, elsewhere the variables themselves.
    #[function(sig = "()")]
    fn locals(vm: &Vm) -> Res {
        vm.current_locals()
    }

    /// __build_class__(func, name, /, *bases, [metaclass], **kwds) -> class
    ///
    /// What a class statement calls; func runs the body.
    #[function(name = "__build_class__")]
    fn build_class(vm: &Vm, args: Args<'_>) -> Res {
        let [func, name, ..] = args.pos() else {
            return Err(vm.type_error("__build_class__: not enough arguments"));
        };
        build_class(vm, func, name, Args { values: &args.values[2..], names: args.names })
    }
}

/// Globals and locals of `exec` and `eval`.
fn namespaces(vm: &Vm, function: &str, globals: Option<&Value>, locals: Option<&Value>) -> Res<(Ref<Dict>, Value)> {
    let globals = globals.filter(|g| !g.is_none());
    let locals = locals.filter(|l| !l.is_none());
    if let Some(locals) = locals
        && !locals.is_a::<Dict>()
        && vm.class(locals).slots().getitem.is_none()
    {
        return Err(vm.type_error(if function == "eval" {
            "locals must be a mapping".to_string()
        } else {
            format!("locals must be a mapping or None, not {}", vm.type_name(locals))
        }));
    }
    let dict = match globals {
        Some(given) => match given.downcast::<Dict>() {
            Some(dict) => dict.clone(),
            None if function == "eval" => {
                return Err(vm.type_error(if vm.class(given).slots().getitem.is_some() {
                    "globals must be a real dict; try eval(code, {}, mapping)"
                } else {
                    "globals must be a dict"
                }));
            }
            None => {
                return Err(vm.type_error(format!("exec() globals must be a dict, not {}", vm.type_name(given))));
            }
        },
        None => match vm.current_globals() {
            Some(globals) => globals,
            None => return Err(vm.system_error(format!("{function}: globals and locals cannot be NULL"))),
        },
    };
    let locals = match (locals, globals) {
        (Some(locals), _) => locals.clone(),
        (None, Some(_)) => dict.to_value(),
        (None, None) => vm.current_locals()?,
    };
    let name = &vm.names().__builtins__;
    if dict.get_str(vm, name).is_none() {
        let builtins = match vm.current_builtins() {
            Some(builtins) => builtins,
            None => match vm.interpreter().builtins.get() {
                Some(builtins) => builtins.into_value(),
                None => return Err(vm.system_error("there are no builtins yet")),
            },
        };
        dict.set_str(vm, name, builtins)?;
    }
    Ok((dict, locals))
}

/// The bases of a class statement, with `__mro_entries__` asked; `None` when nothing was replaced.
fn resolve_bases(vm: &Vm, bases: &[Value]) -> Res<Option<Vec<Value>>> {
    let mut resolved: Option<Vec<Value>> = None;
    let all = vm.new_tuple(bases)?;
    for (i, base) in bases.iter().enumerate() {
        let entries = if base.is_a::<Type>() { None } else { vm.get_attr_opt(base, &vm.names().__mro_entries__)? };
        match entries {
            None => {
                if let Some(resolved) = &mut resolved {
                    resolved.push(base.clone());
                }
            }
            Some(method) => {
                let given = vm.call(&method, core::slice::from_ref(&all))?;
                let Some(tuple) = given.downcast::<Tuple>() else {
                    return Err(vm.type_error("__mro_entries__ must return a tuple"));
                };
                let list = resolved.get_or_insert_with(|| bases[..i].to_vec());
                list.extend_from_slice(tuple.as_slice());
            }
        }
    }
    Ok(resolved)
}

fn build_class(vm: &Vm, func: &Value, name: &Value, rest: Args<'_>) -> Res {
    let Some(function) = func.exact::<Function>(vm) else {
        return Err(vm.type_error("__build_class__: func must be a function"));
    };
    if !name.is_a::<Str>() {
        return Err(vm.type_error("__build_class__: name is not a string"));
    }
    let original = rest.pos();
    let resolved = resolve_bases(vm, original)?;
    let bases: &[Value] = resolved.as_deref().unwrap_or(original);
    let mut metaclass = None;
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (key, value) in rest.keywords().iter() {
        if key.downcast::<Str>().is_some_and(|k| k.eq_str("metaclass")) {
            metaclass = Some(value.clone());
        } else {
            keys.push(key.clone());
            values.push(value.clone());
        }
    }
    let explicit = metaclass.is_some();
    let mut metaclass = match metaclass {
        Some(metaclass) => metaclass,
        None => match bases.first() {
            Some(base) => vm.class(base).to_value(),
            None => vm.ty(&crate::objects::r#type::TYPE).to_value(),
        },
    };
    let is_class = metaclass.is_a::<Type>();
    let _ = explicit;
    if let Some(meta) = metaclass.downcast::<Type>() {
        let winner = crate::objects::r#type::construct::calculate_metaclass(vm, meta, bases)?;
        metaclass = winner.into_value();
    }
    let names = if keys.is_empty() { None } else { Some(Tuple::from_vec(vm, keys)?) };
    let bases_tuple = vm.new_tuple(bases)?;
    let call_with = |callable: &Value, positional: &[Value]| -> Res {
        let mut all = positional.to_vec();
        all.extend_from_slice(&values);
        vm.call_args(callable, Args { values: &all, names: names.as_ref() })
    };
    let namespace = match vm.get_attr_opt(&metaclass, &vm.names().__prepare__)? {
        Some(prepare) => call_with(&prepare, &[name.clone(), bases_tuple.clone()])?,
        None => Dict::new(vm)?.into_value(),
    };
    if !namespace.is_a::<Dict>() && vm.class(&namespace).slots().getitem.is_none() {
        let who = match metaclass.downcast::<Type>() {
            Some(meta) if is_class => meta.name(),
            _ => "<metaclass>".to_string(),
        };
        return Err(
            vm.type_error(format!("{who}.__prepare__() must return a mapping, not {}", vm.type_name(&namespace)))
        );
    }
    let cell = super::call_function(vm, function, Args::EMPTY, Some(namespace.clone()))?;
    if resolved.is_some() {
        let original = vm.new_tuple(original)?;
        vm.set_item(&namespace, vm.names().__orig_bases__.as_value(), &original)?;
    }
    let class = call_with(&metaclass, &[name.clone(), bases_tuple, namespace])?;
    if class.is_a::<Type>()
        && let Some(cell) = cell.downcast::<Cell>()
    {
        match cell.value.get() {
            None => {
                let (name, class) = (vm.repr(name)?, vm.repr(&class)?);
                return Err(vm.runtime_error(format!(
                    "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                    name.to_utf8_lossy(),
                    class.to_utf8_lossy()
                )));
            }
            Some(set) if !set.is(&class) => {
                let (name, set, class) = (vm.repr(name)?, vm.repr(&set)?, vm.repr(&class)?);
                return Err(vm.type_error(format!(
                    "__class__ set to {} defining {} as {}",
                    set.to_utf8_lossy(),
                    name.to_utf8_lossy(),
                    class.to_utf8_lossy()
                )));
            }
            Some(_) => {}
        }
    }
    Ok(class)
}
