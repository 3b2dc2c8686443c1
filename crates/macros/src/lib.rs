//! The attribute macro for native methods and functions.
//!
//! A builtin is a typed Rust function. `#[methods]` on an `impl` block reads the functions marked in it and writes, beside
//! them, one static table of [`MethodDef`]s and [`GetSetDef`]s; behaviour stays in the plain functions. The signature text is
//! the single source of the argument parser, of `__text_signature__` and of the error messages.
//!
//! ```ignore
//! #[methods]                                   // writes `List::METHODS`; `#[methods(EXTRA)]` writes `List::EXTRA`
//! impl List {
//!     /// Insert object before index.
//!     #[method(sig = "(index, object, /)")]
//!     fn insert(vm: &Vm, this: &Ref<List>, index: isize, object: Value) -> Res<()> { ... }
//!     #[classmethod(sig = "(iterable, value=None, /)")]
//!     fn fromkeys(vm: &Vm, cls: &TypeRef, iterable: &Value, value: Option<&Value>) -> Res { ... }
//!     #[function(sig = "(x, /)", name = "sqrt")]       // static methods of types, functions of modules
//!     fn square_root(vm: &Vm, x: f64) -> Res<f64> { ... }
//!     #[method]                                // without `sig`: takes `args: Args` as they come
//!     fn update(vm: &Vm, this: &Ref<List>, args: Args) -> Res<()> { ... }
//!     #[member] fn __name__(vm: &Vm, this: &Ref<List>) -> Res { ... }      // a read-only member_descriptor
//!     #[getter] fn real(vm: &Vm, this: &Ref<List>) -> Res { ... }
//!     #[setter(name = "real")] fn set_real(vm: &Vm, this: &Ref<List>, value: Option<&Value>) -> Res<()> { ... }
//! }
//! ```
//! In `sig` the receiver is left out. Parameters after `/`, `*`, `*args`, `**kwargs` as in Python; a default is written as
//! Python shows it; where CPython shows another text than the one that says what is accepted (named constants, groups of optional
//! arguments, nothing at all), `text = "($self, sub[, start[, end]], /)"` gives it whole. A Rust parameter of type `Option<T>` is `None` when the argument is absent (and, when the default is
//! `None`, also when it is Python's None); other types take a literal default (number, True, False, string).

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, ImplItem, ImplItemFn, ItemImpl, Lit, Meta, PathArguments, Result,
    Token, Type, parse_macro_input,
};

mod signature;
use signature::{Kind, Parameter, parse_signature, wrapped};

/// See the crate's documentation.
#[proc_macro_attribute]
pub fn methods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let table = if attribute.is_empty() {
        Ident::new("METHODS", Span::call_site())
    } else {
        parse_macro_input!(attribute as Ident)
    };
    let block = parse_macro_input!(item as ItemImpl);
    expand(table, block).unwrap_or_else(Error::into_compile_error).into()
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Method,
    ClassMethod,
    Function,
    Getter,
    Setter,
    /// A read-only attribute that shows as a `member_descriptor`.
    Member,
}

#[derive(Default)]
struct Options {
    name: Option<String>,
    signature: Option<String>,
    /// What `__text_signature__` shows, when `signature` does not say; empty: nothing.
    shown: Option<String>,
    doc: Option<String>,
}

fn role_of(attribute: &Attribute) -> Option<Role> {
    let path = attribute.path();
    [
        ("method", Role::Method),
        ("classmethod", Role::ClassMethod),
        ("function", Role::Function),
        ("getter", Role::Getter),
        ("setter", Role::Setter),
        ("member", Role::Member),
    ]
    .into_iter()
    .find(|(name, _)| path.is_ident(name))
    .map(|(_, role)| role)
}

fn options_of(attribute: &Attribute) -> Result<Options> {
    let mut options = Options::default();
    let Meta::List(list) = &attribute.meta else { return Ok(options) };
    let pairs = Punctuated::<syn::MetaNameValue, Token![,]>::parse_terminated.parse2(list.tokens.clone())?;
    for pair in pairs {
        let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = &pair.value else {
            return Err(Error::new_spanned(&pair.value, "a string literal is expected"));
        };
        let text = Some(text.value());
        match pair.path.get_ident().map(Ident::to_string).as_deref() {
            Some("name") => options.name = text,
            Some("sig") => options.signature = text,
            Some("text") => options.shown = text,
            Some("doc") => options.doc = text,
            _ => return Err(Error::new_spanned(&pair.path, "one of name, sig, text, doc is expected")),
        }
    }
    Ok(options)
}

fn doc_of(function: &ImplItemFn) -> String {
    let mut lines = Vec::new();
    for attribute in &function.attrs {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).to_string());
        }
    }
    lines.join("\n").trim_end().to_string()
}

fn expand(table: Ident, mut block: ItemImpl) -> Result<Tokens> {
    let owner = block.self_ty.clone();
    let mut shims = Vec::new();
    let mut methods = Vec::new();
    let mut members = Vec::new();
    let mut accessors: Vec<(String, String, Option<Tokens>, Option<Tokens>)> = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let Some(at) = function.attrs.iter().position(|a| role_of(a).is_some()) else { continue };
        let attribute = function.attrs.remove(at);
        let role = role_of(&attribute).unwrap_or(Role::Function);
        let options = options_of(&attribute)?;
        let doc = options.doc.clone().unwrap_or_else(|| doc_of(function));
        let rust_name = function.sig.ident.clone();
        let name = options.name.clone().unwrap_or_else(|| {
            let n = rust_name.to_string();
            n.strip_prefix("r#").unwrap_or(&n).to_string()
        });
        let shim = format_ident!("__{}_{}", if role == Role::Setter { "set" } else { "call" }, rust_name);
        match role {
            Role::Getter | Role::Setter | Role::Member => {
                let receiver = receiver_expression(function, &name)?;
                if role != Role::Setter {
                    shims.push(quote! {
                                #[doc(hidden)]
                    #[allow(non_snake_case)]
                                fn #shim(vm: &::ophi_runtime::Vm, this: &::ophi_runtime::Value) -> ::ophi_runtime::Res {
                                    let this = #receiver;
                                    ::ophi_runtime::IntoRes::into_res(<#owner>::#rust_name(vm, this), vm)
                                }
                            });
                } else {
                    shims.push(quote! {
                                #[doc(hidden)]
                    #[allow(non_snake_case)]
                                fn #shim(
                                    vm: &::ophi_runtime::Vm,
                                    this: &::ophi_runtime::Value,
                                    value: Option<&::ophi_runtime::Value>,
                                ) -> ::ophi_runtime::Res<()> {
                                    let this = #receiver;
                                    <#owner>::#rust_name(vm, this, value)
                                }
                            });
                }
                let path = quote!(Some(<#owner>::#shim));
                if role == Role::Member {
                    members.push(quote! {
                        ::ophi_runtime::native::GetSetDef { name: #name, doc: #doc, get: #path, set: None }
                    });
                    continue;
                }
                let entry = match accessors.iter_mut().find(|a| a.0 == name) {
                    Some(entry) => entry,
                    None => {
                        accessors.push((name, String::new(), None, None));
                        accessors.last_mut().ok_or_else(|| Error::new(Span::call_site(), "no accessor"))?
                    }
                };
                if role == Role::Getter {
                    entry.1 = doc;
                    entry.2 = Some(path);
                } else {
                    entry.3 = Some(path);
                }
            }
            _ => {
                let (shim_code, call, signature) = method_shim(&owner, function, role, &shim, &name, &options)?;
                shims.push(shim_code);
                let kind = match role {
                    Role::Method => quote!(Instance),
                    Role::ClassMethod => quote!(Class),
                    _ => quote!(Static),
                };
                methods.push(quote! {
                    ::ophi_runtime::native::MethodDef {
                        name: #name,
                        doc: #doc,
                        signature: #signature,
                        kind: ::ophi_runtime::native::MethodKind::#kind,
                        call: #call,
                    }
                });
            }
        }
    }
    let accessors = accessors.into_iter().map(|(name, doc, get, set)| {
        let get = get.unwrap_or(quote!(None));
        let set = set.unwrap_or(quote!(None));
        quote!(::ophi_runtime::native::GetSetDef { name: #name, doc: #doc, get: #get, set: #set })
    });
    let generics = &block.generics;
    Ok(quote! {
        #block
        impl #generics #owner {
            #(#shims)*
            pub const #table: &'static ::ophi_runtime::native::MethodTable = &::ophi_runtime::native::MethodTable {
                methods: &[#(#methods),*],
                accessors: &[#(#accessors),*],
                members: &[#(#members),*],
            };
        }
    })
}

/// How the shim turns `this: &Value` into what the function's second parameter wants.
fn receiver_expression(function: &ImplItemFn, name: &str) -> Result<Tokens> {
    let Some(FnArg::Typed(second)) = function.sig.inputs.iter().nth(1) else {
        return Err(Error::new_spanned(&function.sig, "the second parameter is the receiver"));
    };
    let Type::Reference(reference) = &*second.ty else {
        return Err(Error::new_spanned(&second.ty, "the receiver is taken by reference"));
    };
    if let Some(inner) = generic_argument(&reference.elem, "Ref") {
        return Ok(quote!(::ophi_runtime::native::receiver::<#inner>(vm, this, #name)?));
    }
    Ok(quote!(this))
}

fn generic_argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident != wrapper {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

fn method_shim(
    owner: &Type,
    function: &ImplItemFn,
    role: Role,
    shim: &Ident,
    name: &str,
    options: &Options,
) -> Result<(Tokens, Tokens, Tokens)> {
    let rust_name = &function.sig.ident;
    let leading = if role == Role::Function { 1 } else { 2 };
    let receiver = match role {
        Role::Method => {
            let r = receiver_expression(function, name)?;
            quote!(let this = #r;)
        }
        Role::ClassMethod => quote!(let this = ::ophi_runtime::native::class_receiver(vm, this, #name)?;),
        _ => quote!(),
    };
    let pass_receiver = if role == Role::Function { quote!() } else { quote!(this,) };
    let types: Vec<&Type> = function
        .sig
        .inputs
        .iter()
        .skip(leading)
        .map(|input| match input {
            FnArg::Typed(typed) => Ok(&*typed.ty),
            FnArg::Receiver(r) => Err(Error::new_spanned(r, "native functions take no `self`")),
        })
        .collect::<Result<_>>()?;
    let vm = quote!(vm: &::ophi_runtime::Vm, this: &::ophi_runtime::Value);
    let Some(text) = options.signature.as_deref() else {
        let code = quote! {
            #[doc(hidden)]
            #[allow(non_snake_case)]
            #[allow(unused_variables)]
            fn #shim(#vm, args: ::ophi_runtime::Args<'_>) -> ::ophi_runtime::Res {
                #receiver
                ::ophi_runtime::IntoRes::into_res(<#owner>::#rust_name(vm, #pass_receiver args), vm)
            }
        };
        let signature = match options.shown.as_deref() {
            None | Some("") => quote!(None),
            Some(shown) => {
                let shown = wrapped(name, shown);
                quote!(Some(&::ophi_runtime::native::Signature { text: #shown, parameters: &[] }))
            }
        };
        return Ok((code, quote!(::ophi_runtime::native::Call::Many(<#owner>::#shim)), signature));
    };
    let parameters = parse_signature(text).map_err(|why| Error::new_spanned(&function.sig, why))?;
    if parameters.len() != types.len() {
        let message = format!("{} parameters in `sig`, {} in the function", parameters.len(), types.len());
        return Err(Error::new_spanned(&function.sig, message));
    }
    let receiver_name = match role {
        Role::Method => "$self",
        Role::ClassMethod => "$type",
        _ => "",
    };
    let shown = match options.shown.as_deref() {
        Some(shown) => wrapped(name, shown),
        None => wrapped(name, &with_receiver(text, receiver_name)),
    };
    let signature = {
        let rows = parameters.iter().map(|p| {
            let name = &p.name;
            let kind = Ident::new(p.kind.name(), Span::call_site());
            let required = p.default.is_none() && !matches!(p.kind, Kind::VarArgs | Kind::VarKeywords);
            quote! {
                ::ophi_runtime::native::Parameter {
                    name: #name,
                    kind: ::ophi_runtime::native::ParameterKind::#kind,
                    required: #required,
                }
            }
        });
        quote!(Some(&::ophi_runtime::native::Signature { text: #shown, parameters: &[#(#rows),*] }))
    };
    let simple = parameters.iter().all(|p| p.kind == Kind::PositionalOnly && p.default.is_none());
    if simple && parameters.is_empty() {
        let code = quote! {
            #[doc(hidden)]
            #[allow(non_snake_case)]
            #[allow(unused_variables)]
            fn #shim(#vm) -> ::ophi_runtime::Res {
                #receiver
                ::ophi_runtime::IntoRes::into_res(<#owner>::#rust_name(vm, #pass_receiver), vm)
            }
        };
        return Ok((code, quote!(::ophi_runtime::native::Call::NoArgs(<#owner>::#shim)), signature));
    }
    if simple && parameters.len() == 1 {
        let argument = converted(&parameters[0], types[0], quote!(Some(argument)), name, 0)?;
        let code = quote! {
            #[doc(hidden)]
            #[allow(non_snake_case)]
            #[allow(unused_variables)]
            fn #shim(#vm, argument: &::ophi_runtime::Value) -> ::ophi_runtime::Res {
                #receiver
                ::ophi_runtime::IntoRes::into_res(<#owner>::#rust_name(vm, #pass_receiver #argument), vm)
            }
        };
        return Ok((code, quote!(::ophi_runtime::native::Call::One(<#owner>::#shim)), signature));
    }
    let count = parameters.iter().filter(|p| !matches!(p.kind, Kind::VarArgs | Kind::VarKeywords)).count();
    let mut next = 0usize;
    let mut arguments = Vec::new();
    for (parameter, ty) in parameters.iter().zip(&types) {
        match parameter.kind {
            Kind::VarArgs => arguments.push(quote!(rest.positional)),
            Kind::VarKeywords => arguments.push(quote!(rest.keywords)),
            _ => {
                let index = next;
                next += 1;
                arguments.push(converted(parameter, ty, quote!(bound[#index]), name, index + 1)?);
            }
        }
    }
    // The usual call, positional arguments of an allowed number, needs no look at the signature.
    let is_positional = |p: &&Parameter| matches!(p.kind, Kind::PositionalOnly | Kind::Positional);
    let most = parameters.iter().filter(is_positional).count();
    let least = parameters.iter().filter(is_positional).filter(|p| p.default.is_none()).count();
    let keyword_needed = parameters.iter().any(|p| p.kind == Kind::KeywordOnly && p.default.is_none());
    let range =
        if parameters.iter().any(|p| p.kind == Kind::VarArgs) { quote!(#least..) } else { quote!(#least..=#most) };
    let bind = quote!(::ophi_runtime::native::bind(vm, SIGNATURE, #name, args, &mut bound)?);
    let rest = if keyword_needed {
        bind
    } else {
        quote! {
            if args.names.is_none() && (#range).contains(&args.values.len()) {
                ::ophi_runtime::native::bind_positional(args.values, &mut bound, #most)
            } else {
                #bind
            }
        }
    };
    let code = quote! {
        #[doc(hidden)]
            #[allow(non_snake_case)]
        #[allow(unused_variables)]
        fn #shim(#vm, args: ::ophi_runtime::Args<'_>) -> ::ophi_runtime::Res {
            const SIGNATURE: Option<&'static ::ophi_runtime::native::Signature> = #signature;
            let mut bound: [Option<&::ophi_runtime::Value>; #count] = [None; #count];
            let rest = #rest;
            #receiver
            ::ophi_runtime::IntoRes::into_res(<#owner>::#rust_name(vm, #pass_receiver #(#arguments),*), vm)
        }
    };
    Ok((code, quote!(::ophi_runtime::native::Call::Many(<#owner>::#shim)), signature))
}

/// The signature as a caller sees it, the receiver before the parameters.
fn with_receiver(text: &str, receiver: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
    match (receiver.is_empty(), inner.is_empty()) {
        (true, _) => format!("({inner})"),
        (false, true) => format!("({receiver}, /)"),
        (false, false) if inner.contains('/') => format!("({receiver}, {inner})"),
        (false, false) => format!("({receiver}, /, {inner})"),
    }
}

/// The expression that turns `Option<&Value>` into what the parameter's Rust type wants.
fn converted(parameter: &Parameter, ty: &Type, source: Tokens, function: &str, position: usize) -> Result<Tokens> {
    let name = &parameter.name;
    let by_position = parameter.kind == Kind::PositionalOnly;
    let place = quote!(::ophi_runtime::native::Place {
        function: #function, parameter: #name, position: #position, by_position: #by_position
    });
    if let Some(inner) = generic_argument(ty, "Option") {
        let none_is_absent = parameter.default.as_deref() == Some("None");
        let guard = if none_is_absent { quote!(Some(v) if v.is_none() => None,) } else { quote!() };
        return Ok(quote! {
            match #source {
                #guard
                Some(v) => Some(<#inner as ::ophi_runtime::native::FromArg>::from_arg(vm, v, #place)?),
                None => None,
            }
        });
    }
    let default = match parameter.default.as_deref() {
        None => quote!(return Err(::ophi_runtime::native::missing(vm, #place))),
        Some("True") => quote!(true),
        Some("False") => quote!(false),
        Some("None") if is_named(ty, "Value") => quote!(::ophi_runtime::Value::NONE),
        Some("sys.maxsize") => quote!(isize::MAX as #ty),
        Some(text) if text.starts_with('\'') || text.starts_with('"') => {
            let inside = text.trim_matches(|c| c == '\'' || c == '"');
            quote!(::core::convert::From::from(#inside))
        }
        Some(text) => {
            let expression: Expr = syn::parse_str(text)
                .map_err(|_| Error::new_spanned(ty, format!("default {text} of {name} needs an Option parameter")))?;
            if !matches!(expression, Expr::Lit(_) | Expr::Unary(_)) {
                let message = format!("default {text} of {name} needs an Option parameter");
                return Err(Error::new_spanned(ty, message));
            }
            quote!(#expression as #ty)
        }
    };
    Ok(quote! {
        match #source {
            Some(v) => <#ty as ::ophi_runtime::native::FromArg>::from_arg(vm, v, #place)?,
            None => #default,
        }
    })
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}
