//! Native modules over the front end and code objects: `marshal`, `_tokenize`, `_opcode`, `_symtable`.

pub mod marshal;
pub mod opcode;
pub mod symtable;
pub mod tokenize;
