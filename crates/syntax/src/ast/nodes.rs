//! The Rust types of the tree, made from the table in [`super::schema`].
//!
//! Every type is `Copy` and borrows from one arena: a node is a few words, sequences are slices, single children are
//! references. Nothing in a tree owns heap memory, so dropping the arena drops the tree whatever its depth.
//! Identifiers are NFKC-normalised UTF-8, as `ast` shows them.

use super::Constant;
use super::schema::for_each_ast_node;

/// Where a node stands, as CPython reports it: lines count from 1, columns are byte offsets into the line's UTF-8.
///
/// Trees made by Python code may carry CPython's "no position", -1: it is stored as `u32::MAX`, so casting to `i32`
/// gives the number the user wrote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Range {
    pub lineno: u32,
    pub col_offset: u32,
    pub end_lineno: u32,
    pub end_col_offset: u32,
}

impl Range {
    pub const fn new(lineno: u32, col_offset: u32, end_lineno: u32, end_col_offset: u32) -> Range {
        Range { lineno, col_offset, end_lineno, end_col_offset }
    }

    /// From where `self` begins to where `last` ends.
    pub const fn to(self, last: Range) -> Range {
        Range { end_lineno: last.end_lineno, end_col_offset: last.end_col_offset, ..self }
    }
}

/// The Rust type of a field, from its quantity and type.
macro_rules! field_type {
    ($a:lifetime one Ident) => { &$a str };
    ($a:lifetime one Str) => { &$a str };
    ($a:lifetime one Int) => { i32 };
    ($a:lifetime one Constant) => { Constant<$a> };
    ($a:lifetime one ExprContext) => { ExprContext };
    ($a:lifetime one BoolOp) => { BoolOp };
    ($a:lifetime one Operator) => { Operator };
    ($a:lifetime one UnaryOp) => { UnaryOp };
    ($a:lifetime one $ty:ident) => { &$a $ty<$a> };
    ($a:lifetime opt Ident) => { Option<&$a str> };
    ($a:lifetime opt Str) => { Option<&$a str> };
    // Both the parser and CPython's reader of Python-made trees store 0 for a missing level.
    ($a:lifetime opt Int) => { i32 };
    ($a:lifetime opt $ty:ident) => { Option<&$a $ty<$a>> };
    ($a:lifetime seq Ident) => { &$a [&$a str] };
    ($a:lifetime seq CmpOp) => { &$a [CmpOp] };
    ($a:lifetime seq $ty:ident) => { &$a [$ty<$a>] };
    ($a:lifetime holes $ty:ident) => { &$a [Option<$ty<$a>>] };
}

macro_rules! declare_nodes {
    (
        roots { $($rname:literal $root:ident {
            $($rclass:ident { $($rfield:ident: $rq:ident $rt:ident),* })*
        })* }
        sums { $($sname:literal $send:ident $sum:ident $kind:ident {
            $($sclass:ident { $($sfield:ident: $sq:ident $st:ident),* })*
        })* }
        choices { $($cname:literal $choice:ident { $($constructor:ident)* })* }
        products { $($pname:literal $product:ident { $($pfield:ident: $pq:ident $pt:ident),* })* }
        located { $($lname:literal $lend:ident $located:ident { $($lfield:ident: $lq:ident $lt:ident),* })* }
        singles_located {
            $($xname:literal $xend:ident $xclass:literal $xsingle:ident { $($xfield:ident: $xq:ident $xt:ident),* })*
        }
        singles { $($yname:literal $yclass:literal $ysingle:ident { $($yfield:ident: $yq:ident $yt:ident),* })* }
    ) => {
        $(
            #[doc = concat!("`ast.", $rname, "`: what one parse yields.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub enum $root<'a> {
                $($rclass { $($rfield: field_type!('a $rq $rt)),* },)*
            }
        )*
        $(
            #[doc = concat!("`ast.", $sname, "` with its positions.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $sum<'a> {
                pub range: Range,
                pub kind: $kind<'a>,
            }

            #[doc = concat!("The classes derived from `ast.", $sname, "`.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub enum $kind<'a> {
                $($sclass { $($sfield: field_type!('a $sq $st)),* },)*
            }
        )*
        $(
            #[doc = concat!("`ast.", $cname, "`.")]
            #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
            pub enum $choice { $($constructor,)* }
        )*
        $(
            #[doc = concat!("`ast.", $pname, "`; has no position.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $product<'a> { $(pub $pfield: field_type!('a $pq $pt),)* }
        )*
        $(
            #[doc = concat!("`ast.", $lname, "`.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $located<'a> { pub range: Range, $(pub $lfield: field_type!('a $lq $lt),)* }
        )*
        $(
            #[doc = concat!("`ast.", $xclass, "`.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $xsingle<'a> { pub range: Range, $(pub $xfield: field_type!('a $xq $xt),)* }
        )*
        $(
            #[doc = concat!("`ast.", $yclass, "`; has no position.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $ysingle<'a> { $(pub $yfield: field_type!('a $yq $yt),)* }
        )*
    };
}

for_each_ast_node!(declare_nodes);

impl Arguments<'_> {
    /// The argument list of `def f():`.
    pub const EMPTY: Arguments<'static> = Arguments {
        posonlyargs: &[],
        args: &[],
        vararg: None,
        kwonlyargs: &[],
        kw_defaults: &[],
        kwarg: None,
        defaults: &[],
    };
}
