//! Well-known names, interned once per interpreter: `vm.names().__init__`.
//!
//! Add a name to the list below; the field and its text are the same.

use crate::{Ref, Str};

macro_rules! declare_names {
    ($($name:ident)*) => {
        /// Interned strings; the field's name is the text.
        #[allow(non_snake_case)]
        #[repr(C)]
        pub struct Names { $(pub $name: Ref<Str>,)* }

        const TEXTS: &[&str] = &[$(stringify!($name),)*];
    };
}

impl Names {
    /// Interns every name. Filled through one array: a literal of some hundred fallible fields costs the compiler minutes.
    #[allow(unsafe_code)]
    pub fn new<E>(mut intern: impl FnMut(&'static str) -> Result<Ref<Str>, E>) -> Result<Box<Names>, E> {
        const { assert!(size_of::<Names>() == TEXTS.len() * size_of::<Ref<Str>>()) };
        let mut strings: Vec<Ref<Str>> = Vec::with_capacity(TEXTS.len());
        for text in TEXTS {
            strings.push(intern(text)?);
        }
        let all: *mut [Ref<Str>] = Box::into_raw(strings.into_boxed_slice());
        // SAFETY: `Names` is repr(C) and made of exactly as many `Ref<Str>` as the array (asserted above).
        Ok(unsafe { Box::from_raw(all.cast::<Names>()) })
    }
}

declare_names! {
    __abs__ __abstractmethods__ __add__ __aenter__ __aexit__ __aiter__ __all__ __and__ __anext__ __annotate__ __annotate_func__
    __annotations__ __annotations_cache__ __args__ __await__ __bases__ __bool__ __buffer__ __build_class__ __builtins__ __bytes__
    __call__ __cause__ __ceil__ __class__ __class_getitem__ __classcell__ __classdict__ __classdictcell__ __closure__ __code__
    __complex__ __conditional_annotations__ __contains__ __context__ __debug__ __defaults__ __del__ __delattr__ __delete__
    __delitem__ __dict__ __dir__ __divmod__ __doc__ __enter__ __eq__ __exit__ __file__ __firstlineno__ __float__ __floor__
    __floordiv__ __format__ __func__ __ge__ __get__ __getattr__ __getattribute__ __getitem__ __getnewargs__
    __getnewargs_ex__ __getstate__ __globals__ __gt__ __hash__ __iadd__ __iand__ __ifloordiv__ __ilshift__ __imatmul__ __imod__
    __import__ __imul__ __index__ __init__ __init_subclass__ __instancecheck__ __int__ __invert__ __ior__ __ipow__ __irshift__
    __isabstractmethod__ __isub__ __iter__ __itruediv__ __ixor__ __kwdefaults__ __le__ __len__ __length_hint__ __loader__
    __lshift__ __lt__ __main__ __match_args__ __matmul__ __missing__ __mod__ __module__ __mro__ __mro_entries__ __mul__ __name__
    __ne__ __neg__ __new__ __next__ __notes__ __objclass__ __or__ __orig_bases__ __orig_class__ __origin__ __package__
    __parameters__ __path__ __pos__ __pow__ __prepare__ __qualname__ __radd__ __rand__ __rdivmod__ __reduce__ __reduce_ex__
    __release_buffer__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ __round__ __rpow__
    __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __self__ __set__ __set_name__ __setattr__ __setitem__ __setstate__
    __sizeof__ __slots__ __spec__ __static_attributes__ __str__ __sub__ __subclasscheck__ __subclasshook__ __suppress_context__
    __text_signature__ __traceback__ __truediv__ __trunc__ __type_params__ __typing_subst__
    __typing_is_unpacked_typevartuple__ __typing_prepare_subst__ __typing_unpacked_tuple_args__ __unpacked__ __weakref__
    __wrapped__ __xor__
    _fields _initializing _is_coroutine_marker add append args big builtins clear close code copy count displayhook encoding
    end errors excepthook extend fileno flush format fset get globals index items join key keys last_exc last_traceback
    last_type last_value level little locals meta_path metaclass mode modules msg n_fields n_sequence_fields n_unnamed_fields
    name obj open path path_hooks path_importer_cache pop print_file_and_line ps1 ps2 read readable readline reload
    replace send sep sort stderr stdin stdout strict sys throw unraisablehook update value values warn
    warnoptions write writable offset lineno end_lineno end_offset text filename
}
