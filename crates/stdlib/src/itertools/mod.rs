//! `itertools`: lazy iterators, a class each. After CPython Modules/itertoolsmodule.c.
//!
//! Files by kind: [`infinite`], [`chains`] (what joins iterables), [`selecting`], [`combinatoric`], [`groupby`], [`tee`].

pub mod chains;
pub mod combinatoric;
pub mod groupby;
pub mod infinite;
pub mod selecting;
pub mod tee;

use ophi_runtime::native::{Parameter, ParameterKind};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm};

/// A class of iterators: its payload's definition and layout.
macro_rules! iterator {
    ($payload:ident, $def:ident, $name:literal, $doc:expr, $new:ident, $next:ident $(, $tables:expr)?) => {
        impl ophi_runtime::Payload for $payload {
            fn def() -> &'static ophi_runtime::TypeDef {
                &$def
            }
            const LAYOUT: &'static ophi_heap::Layout = ophi_runtime::layout!($name);
        }

        pub static $def: ophi_runtime::TypeDef = ophi_runtime::TypeDef {
            module: "itertools",
            doc: $doc,
            flags: ophi_runtime::TypeFlags::GC.with(ophi_runtime::TypeFlags::BASETYPE),
            slots: ophi_runtime::slots::Slots {
                iter: Some(ophi_runtime::objects::iterators::self_iter),
                iternext: Some($next),
                new: Some($new),
                ..ophi_runtime::slots::Slots::NONE
            },
            $(tables: $tables,)?
            ..ophi_runtime::TypeDef::of::<$payload>($name, &ophi_runtime::objects::object::OBJECT)
        };
    };
}
pub(crate) use iterator;

/// A parameter that may be given by position or name.
pub(crate) const fn parameter(name: &'static str, required: bool) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required }
}

/// A parameter given by name only.
pub(crate) const fn keyword(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
}

pub static MODULE: ModuleDef = ModuleDef {
    name: "itertools",
    doc: "Building blocks for iterators.\n\nEndless: count, cycle, repeat. Up to the shortest or the whole input: accumulate, batched, chain, compress,\ndropwhile, filterfalse, groupby, islice, pairwise, starmap, takewhile, tee, zip_longest. Combinations:\nproduct, permutations, combinations, combinations_with_replacement.\n",
    tables: &[tee::Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [
        &chains::ACCUMULATE,
        &chains::BATCHED,
        &chains::CHAIN,
        &combinatoric::COMBINATIONS,
        &selecting::COMPRESS,
        &infinite::COUNT,
        &combinatoric::COMBINATIONS_WITH_REPLACEMENT,
        &infinite::CYCLE,
        &selecting::DROP_WHILE,
        &selecting::FILTER_FALSE,
        &groupby::GROUP_BY,
        &groupby::GROUPER,
        &selecting::ISLICE,
        &chains::PAIRWISE,
        &combinatoric::PERMUTATIONS,
        &combinatoric::PRODUCT,
        &infinite::REPEAT,
        &chains::STAR_MAP,
        &selecting::TAKE_WHILE,
        &tee::TEE,
        &tee::TEE_DATA,
        &chains::ZIP_LONGEST,
    ] {
        module.add_type(vm, def)?;
    }
    Ok(())
}
