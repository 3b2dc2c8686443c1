//! Native modules, a file or a folder each, on `ophi-runtime` and `ophi-host`.
//!
//! What touches the system goes through `support::host`; a call that may block goes through `support::blocking`, which
//! gives up the GIL and retries after signals (PEP 475).

pub mod io;
pub mod support;
