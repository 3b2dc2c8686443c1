//! The two macros of this crate: one declares a trait whose every method refuses, one calls the C library.

/// Declares a trait of host operations. Each gets a default body that refuses with `EPERM`; the written return type is
/// the success type.
macro_rules! door {
    ($(#[$meta:meta])* pub trait $name:ident {
        $($(#[$doc:meta])* fn $method:ident(&self $(, $arg:ident: $kind:ty)* $(,)?) $(-> $result:ty)?;)*
    }) => {
        $(#[$meta])*
        pub trait $name {
            $($(#[$doc])*
            #[allow(clippy::too_many_arguments)]
            fn $method(&self $(, $arg: $kind)*) -> $crate::Outcome<door!(@result $($result)?)> {
                $(let _ = $arg;)*
                Err($crate::HostError::DENIED)
            })*
        }
    };
    (@result $result:ty) => { $result };
    (@result) => { () };
}

/// A C library call that answers -1 and sets errno on failure, as an `Outcome`.
///
/// Contract of every use: each pointer argument comes from a live `CStr`, from a live slice whose length is passed
/// beside it, or from a live local out-parameter of the type the call writes; the call keeps none of them.
macro_rules! os {
    ($call:expr) => {
        // SAFETY: the macro's contract, which the use meets by the arguments written there.
        $crate::error::check(unsafe { $call })
    };
}

/// A C library call that cannot fail, or whose failure the caller reads from the answer. Contract: as `os!`.
macro_rules! os_plain {
    ($call:expr) => {
        // SAFETY: the contract of `os!`, which the use meets by the arguments written there.
        unsafe { $call }
    };
}

/// A zeroed C structure to be filled by a call.
macro_rules! zeroed {
    ($kind:ty) => {
        // SAFETY: the C library's plain structures are valid when all bytes are zero.
        unsafe { std::mem::zeroed::<$kind>() }
    };
}
