//! Native modules over the front end and code objects: `marshal`, `_tokenize`, `_opcode`.

pub mod marshal;
pub mod opcode;
pub mod tokenize;
