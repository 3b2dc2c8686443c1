//! The abstract syntax tree: CPython 3.14's, class for class and position for position.
//!
//! [`schema`] declares it once. [`nodes`] are the Rust types (arena-allocated, `Copy`), [`classes`] the declaration as
//! data for the runtime's `_ast` module, [`reflect`] the generic view of any node and the builder of one, [`visit`] the
//! walk over children, [`dump`] the text of `ast.dump`.

mod classes;
mod constant;
mod dump;
mod nodes;
mod reflect;
mod repr;
mod schema;
mod visit;

pub use classes::*;
pub use constant::*;
pub use dump::{DumpOptions, dump};
pub use nodes::*;
pub use reflect::*;
pub use repr::*;
pub use visit::*;
