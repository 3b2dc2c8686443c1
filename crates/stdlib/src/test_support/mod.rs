//! Support for CPython's own test suite: the modules its tests import to look behind the language.
//!
//! CPython builds `_testcapi`, `_testinternalcapi`, `_testlimitedcapi` and `_testmultiphase` from C for its tests alone. Ophiolite
//! has no C API, but much of what those modules show exists here as well: the compiler's stages, calling conventions of native
//! functions, how exceptions are displayed, limits of C types. Those parts are here, made of our own machinery and named as
//! CPython's tests name them. What has no meaning without a C API (reference counts of C structures, static types, memory
//! hooks, ...) is absent: asking for it is an AttributeError. No program should import these modules, nothing but tests does, and
//! none is made before it is imported.
//!
//! * [`capi`] `_testcapi`; [`internal`] `_testinternalcapi`; [`limited`] `_testlimitedcapi`; [`multiphase`] `_testmultiphase`

pub mod capi;
pub mod internal;
pub mod limited;
pub mod multiphase;
