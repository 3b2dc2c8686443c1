//! The one declaration of the syntax tree.
//!
//! Problem: Rust types, the runtime's `_ast` classes, conversion to and from Python objects, visitors and `ast.dump`
//! must agree on every class and field. Method: this table states them once, in the shape of CPython 3.14's
//! Parser/Python.asdl; [`super::nodes`] turns it into types, [`super::classes`] into data, [`super::reflect`] into a
//! generic view and builder. Nothing else lists classes or fields.
//!
//! Reading the table. A field is `name: quantity Type`; quantities are `one`, `opt` (`?`), `seq` (`*`) and `holes`
//! (`?*`, a sequence whose elements may be absent). `Ident`, `Str`, `Int` and `Constant` are ASDL's identifier, string,
//! int and constant; `name_` with an underscore stands for a Python name that is a Rust keyword.
//!
//! - `roots`: a sum without positions (`mod`).
//! - `sums`: a sum whose nodes carry positions; Rust has a struct `{ range, kind }` and the enum of kinds.
//! - `choices`: sums of constructors without fields; plain enums.
//! - `products` and `located`: single classes without and with positions.
//! - `singles`: sums of one constructor (`excepthandler`, `type_ignore`), in Rust a struct like a product.
//!
//! The word after a group's Python name says whether `end_lineno` and `end_col_offset` may be missing on nodes made
//! by Python code: `may_end` as in `int? end_lineno`, `must_end` as in `int end_lineno`.

macro_rules! for_each_ast_node {
    ($receiver:ident) => {
        $receiver! {
            roots {
                "mod" Mod {
                    Module { body: seq Stmt, type_ignores: seq TypeIgnore }
                    Interactive { body: seq Stmt }
                    Expression { body: one Expr }
                    FunctionType { argtypes: seq Expr, returns: one Expr }
                }
            }
            sums {
                "stmt" may_end Stmt StmtKind {
                    FunctionDef {
                        name: one Ident, args: one Arguments, body: seq Stmt, decorator_list: seq Expr,
                        returns: opt Expr, type_comment: opt Str, type_params: seq TypeParam
                    }
                    AsyncFunctionDef {
                        name: one Ident, args: one Arguments, body: seq Stmt, decorator_list: seq Expr,
                        returns: opt Expr, type_comment: opt Str, type_params: seq TypeParam
                    }
                    ClassDef {
                        name: one Ident, bases: seq Expr, keywords: seq Keyword, body: seq Stmt,
                        decorator_list: seq Expr, type_params: seq TypeParam
                    }
                    Return { value: opt Expr }
                    Delete { targets: seq Expr }
                    Assign { targets: seq Expr, value: one Expr, type_comment: opt Str }
                    TypeAlias { name: one Expr, type_params: seq TypeParam, value: one Expr }
                    AugAssign { target: one Expr, op: one Operator, value: one Expr }
                    AnnAssign { target: one Expr, annotation: one Expr, value: opt Expr, simple: one Int }
                    For { target: one Expr, iter: one Expr, body: seq Stmt, orelse: seq Stmt, type_comment: opt Str }
                    AsyncFor {
                        target: one Expr, iter: one Expr, body: seq Stmt, orelse: seq Stmt, type_comment: opt Str
                    }
                    While { test: one Expr, body: seq Stmt, orelse: seq Stmt }
                    If { test: one Expr, body: seq Stmt, orelse: seq Stmt }
                    With { items: seq WithItem, body: seq Stmt, type_comment: opt Str }
                    AsyncWith { items: seq WithItem, body: seq Stmt, type_comment: opt Str }
                    Match { subject: one Expr, cases: seq MatchCase }
                    Raise { exc: opt Expr, cause: opt Expr }
                    Try { body: seq Stmt, handlers: seq ExceptHandler, orelse: seq Stmt, finalbody: seq Stmt }
                    TryStar { body: seq Stmt, handlers: seq ExceptHandler, orelse: seq Stmt, finalbody: seq Stmt }
                    Assert { test: one Expr, msg: opt Expr }
                    Import { names: seq Alias }
                    ImportFrom { module: opt Ident, names: seq Alias, level: opt Int }
                    Global { names: seq Ident }
                    Nonlocal { names: seq Ident }
                    Expr { value: one Expr }
                    Pass {}
                    Break {}
                    Continue {}
                }
                "expr" may_end Expr ExprKind {
                    BoolOp { op: one BoolOp, values: seq Expr }
                    NamedExpr { target: one Expr, value: one Expr }
                    BinOp { left: one Expr, op: one Operator, right: one Expr }
                    UnaryOp { op: one UnaryOp, operand: one Expr }
                    Lambda { args: one Arguments, body: one Expr }
                    IfExp { test: one Expr, body: one Expr, orelse: one Expr }
                    Dict { keys: holes Expr, values: seq Expr }
                    Set { elts: seq Expr }
                    ListComp { elt: one Expr, generators: seq Comprehension }
                    SetComp { elt: one Expr, generators: seq Comprehension }
                    DictComp { key: one Expr, value: one Expr, generators: seq Comprehension }
                    GeneratorExp { elt: one Expr, generators: seq Comprehension }
                    Await { value: one Expr }
                    Yield { value: opt Expr }
                    YieldFrom { value: one Expr }
                    Compare { left: one Expr, ops: seq CmpOp, comparators: seq Expr }
                    Call { func: one Expr, args: seq Expr, keywords: seq Keyword }
                    FormattedValue { value: one Expr, conversion: one Int, format_spec: opt Expr }
                    Interpolation { value: one Expr, str: one Constant, conversion: one Int, format_spec: opt Expr }
                    JoinedStr { values: seq Expr }
                    TemplateStr { values: seq Expr }
                    Constant { value: one Constant, kind: opt Str }
                    Attribute { value: one Expr, attr: one Ident, ctx: one ExprContext }
                    Subscript { value: one Expr, slice: one Expr, ctx: one ExprContext }
                    Starred { value: one Expr, ctx: one ExprContext }
                    Name { id: one Ident, ctx: one ExprContext }
                    List { elts: seq Expr, ctx: one ExprContext }
                    Tuple { elts: seq Expr, ctx: one ExprContext }
                    Slice { lower: opt Expr, upper: opt Expr, step: opt Expr }
                }
                "pattern" must_end Pattern PatternKind {
                    MatchValue { value: one Expr }
                    MatchSingleton { value: one Constant }
                    MatchSequence { patterns: seq Pattern }
                    MatchMapping { keys: seq Expr, patterns: seq Pattern, rest: opt Ident }
                    MatchClass { cls: one Expr, patterns: seq Pattern, kwd_attrs: seq Ident, kwd_patterns: seq Pattern }
                    MatchStar { name: opt Ident }
                    MatchAs { pattern: opt Pattern, name: opt Ident }
                    MatchOr { patterns: seq Pattern }
                }
                "type_param" must_end TypeParam TypeParamKind {
                    TypeVar { name: one Ident, bound: opt Expr, default_value: opt Expr }
                    ParamSpec { name: one Ident, default_value: opt Expr }
                    TypeVarTuple { name: one Ident, default_value: opt Expr }
                }
            }
            choices {
                "expr_context" ExprContext { Load Store Del }
                "boolop" BoolOp { And Or }
                "operator" Operator {
                    Add Sub Mult MatMult Div Mod Pow LShift RShift BitOr BitXor BitAnd FloorDiv
                }
                "unaryop" UnaryOp { Invert Not UAdd USub }
                "cmpop" CmpOp { Eq NotEq Lt LtE Gt GtE Is IsNot In NotIn }
            }
            products {
                "comprehension" Comprehension { target: one Expr, iter: one Expr, ifs: seq Expr, is_async: one Int }
                "arguments" Arguments {
                    posonlyargs: seq Arg, args: seq Arg, vararg: opt Arg, kwonlyargs: seq Arg,
                    kw_defaults: holes Expr, kwarg: opt Arg, defaults: seq Expr
                }
                "withitem" WithItem { context_expr: one Expr, optional_vars: opt Expr }
                "match_case" MatchCase { pattern: one Pattern, guard: opt Expr, body: seq Stmt }
            }
            located {
                "arg" may_end Arg { arg: one Ident, annotation: opt Expr, type_comment: opt Str }
                "keyword" may_end Keyword { arg: opt Ident, value: one Expr }
                "alias" may_end Alias { name: one Ident, asname: opt Ident }
            }
            singles_located {
                "excepthandler" may_end "ExceptHandler" ExceptHandler {
                    type_: opt Expr, name: opt Ident, body: seq Stmt
                }
            }
            singles {
                "type_ignore" "TypeIgnore" TypeIgnore { lineno: one Int, tag: one Str }
            }
        }
    };
}

pub(crate) use for_each_ast_node;
