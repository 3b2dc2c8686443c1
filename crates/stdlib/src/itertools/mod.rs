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
    doc: "Functional tools for creating and using iterators.\n\nInfinite iterators:\ncount(start=0, step=1) --> start, start+step, start+2*step, ...\ncycle(p) --> p0, p1, ... plast, p0, p1, ...\nrepeat(elem [,n]) --> elem, elem, elem, ... endlessly or up to n times\n\nIterators terminating on the shortest input sequence:\naccumulate(p[, func]) --> p0, p0+p1, p0+p1+p2\nbatched(p, n) --> [p0, p1, ..., p_n-1], [p_n, p_n+1, ..., p_2n-1], ...\nchain(p, q, ...) --> p0, p1, ... plast, q0, q1, ...\nchain.from_iterable([p, q, ...]) --> p0, p1, ... plast, q0, q1, ...\ncompress(data, selectors) --> (d[0] if s[0]), (d[1] if s[1]), ...\ndropwhile(predicate, seq) --> seq[n], seq[n+1], starting when predicate fails\ngroupby(iterable[, keyfunc]) --> sub-iterators grouped by value of keyfunc(v)\nfilterfalse(predicate, seq) --> elements of seq where predicate(elem) is False\nislice(seq, [start,] stop [, step]) --> elements from\n       seq[start:stop:step]\npairwise(s) --> (s[0],s[1]), (s[1],s[2]), (s[2], s[3]), ...\nstarmap(fun, seq) --> fun(*seq[0]), fun(*seq[1]), ...\ntee(it, n=2) --> (it1, it2 , ... itn) splits one iterator into n\ntakewhile(predicate, seq) --> seq[0], seq[1], until predicate fails\nzip_longest(p, q, ...) --> (p[0], q[0]), (p[1], q[1]), ...\n\nCombinatoric generators:\nproduct(p, q, ... [repeat=1]) --> cartesian product\npermutations(p[, r])\ncombinations(p, r)\ncombinations_with_replacement(p, r)\n",
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
