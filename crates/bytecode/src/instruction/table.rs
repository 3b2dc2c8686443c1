//! The instruction set of CPython 3.14, one row an instruction: the only place in the project that lists instructions.
//!
//! Source: `Include/opcode_ids.h`, `Include/internal/pycore_opcode_metadata.h` and `Lib/_opcode_metadata.py` of 3.14
//! (facts), proven equal to `_opcode` by the tests. A row reads
//!
//! ```text
//! NAME = number, BASE [+ SECOND], cache units, [flags], |oparg| popped => pushed, "(before -- after) what it does";
//! ```
//!
//! - `BASE`: the instruction this one is a form of; itself in `plain` and `pseudo`. `co_code` shows the base.
//! - cache units: 16-bit words that follow the instruction in the stream (the same for all forms of a base).
//! - flags: see [`super::Flags`].
//!
//! `for_each_op!(callback, extra...)` expands to `callback! { extra... plain { rows } specialised { rows }
//! instrumented { rows } ours { rows } pseudo { rows } }`; a callback matches
//!
//! ```text
//! $($section:ident { $($name:ident = $number:literal, $base:ident $(+ $second:ident)*, $caches:literal,
//!     [$($flag:ident)*], |$oparg:pat_param| $popped:expr => $pushed:expr, $doc:literal;)* })*
//! ```
//!
//! A dispatch table that names `handlers::$name` for every row of the first four sections fails to compile when a
//! handler is missing.
//!
//! # Our own instructions
//!
//! Numbers CPython 3.14 leaves free: 121-127 and 212-233. A row in `ours` uses one of them.
//! - A specialisation: `NAME = 212, BASE, ...` has the base's caches and effect.
//! - A superinstruction: `NAME = 213, FIRST + SECOND, ...` is written over the opcode byte of FIRST when SECOND follows;
//!   nothing else of the stream changes, so the handler reads SECOND's oparg from SECOND's own unit, a jump to SECOND
//!   still works, and un-specialising restores FIRST alone. Its cache column is FIRST's, its effect that of the pair;
//!   both opargs matter, so the effect column may only be used where it does not depend on SECOND's.
//!
//! Such rows never reach `co_code`, `.pyc` files, `dis` without `adaptive`, or another crate's tables: `deopt` maps
//! them to their base.

/// Hands the whole instruction table to another macro; see the module text for the shape.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident $(, $($extra:tt)*)?) => {
        $callback! {
            $($($extra)*)?
            // What the compiler emits and `co_code` shows.
            plain {
                CACHE = 0, CACHE, 0, [], |_| 0 => 0, "( -- ) Room for the inline cache of the instruction before it; never executed.";
                BINARY_SLICE = 1, BINARY_SLICE, 0, [ERROR ESCAPES], |_| 3 => 1, "(container, start, stop -- res) container[start:stop].";
                BUILD_TEMPLATE = 2, BUILD_TEMPLATE, 0, [ERROR ESCAPES], |_| 2 => 1, "(strings, interpolations -- template) Makes a string.templatelib.Template (PEP 750).";
                CALL_FUNCTION_EX = 4, CALL_FUNCTION_EX, 0, [EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |_| 4 => 1, "(callable, self_or_null, args, kwargs_or_null -- res) callable(*args, **kwargs).";
                CHECK_EG_MATCH = 5, CHECK_EG_MATCH, 0, [ERROR ESCAPES], |_| 2 => 2, "(exc, type -- rest, match) Splits an exception group for `except*`.";
                CHECK_EXC_MATCH = 6, CHECK_EXC_MATCH, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 2 => 2, "(exc, type -- exc, bool) Does the exception match the `except` clause?";
                CLEANUP_THROW = 7, CLEANUP_THROW, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 3 => 2, "(sub_iter, last_sent, exc -- none, value) StopIteration's value after throw(), or re-raises.";
                DELETE_SUBSCR = 8, DELETE_SUBSCR, 0, [ERROR ESCAPES], |_| 2 => 0, "(container, sub -- ) del container[sub].";
                END_FOR = 9, END_FOR, 0, [ESCAPES NO_SAVE_IP], |_| 1 => 0, "(value -- ) Pops the leftover of an exhausted FOR_ITER; FOR_ITER jumps past it.";
                END_SEND = 10, END_SEND, 0, [ESCAPES PURE], |_| 2 => 1, "(receiver, value -- value) Drops the exhausted receiver of SEND.";
                EXIT_INIT_CHECK = 11, EXIT_INIT_CHECK, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 1 => 0, "(should_be_none -- ) Raises TypeError unless __init__ returned None.";
                FORMAT_SIMPLE = 12, FORMAT_SIMPLE, 0, [ERROR ESCAPES], |_| 1 => 1, "(value -- res) format(value, '') unless it is a str already.";
                FORMAT_WITH_SPEC = 13, FORMAT_WITH_SPEC, 0, [ERROR ESCAPES], |_| 2 => 1, "(value, fmt_spec -- res) format(value, fmt_spec).";
                GET_AITER = 14, GET_AITER, 0, [ERROR ESCAPES], |_| 1 => 1, "(obj -- iter) type(obj).__aiter__(obj), checked for __anext__.";
                GET_ANEXT = 15, GET_ANEXT, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "(aiter -- aiter, awaitable) The awaitable of aiter.__anext__().";
                GET_ITER = 16, GET_ITER, 0, [ERROR ESCAPES], |_| 1 => 1, "(iterable -- iter) iter(iterable).";
                RESERVED = 17, RESERVED, 0, [], |_| 0 => 0, "( -- ) Never emitted.";
                GET_LEN = 18, GET_LEN, 0, [ERROR ESCAPES], |_| 1 => 2, "(obj -- obj, len) Pushes len(obj).";
                GET_YIELD_FROM_ITER = 19, GET_YIELD_FROM_ITER, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 1 => 1, "(iterable -- iter) The iterator `yield from` delegates to; generators as they are.";
                INTERPRETER_EXIT = 20, INTERPRETER_EXIT, 0, [ESCAPES], |_| 1 => 0, "(retval -- ) Leaves the interpreter loop with the result of the frame below.";
                LOAD_BUILD_CLASS = 21, LOAD_BUILD_CLASS, 0, [ERROR ESCAPES], |_| 0 => 1, "( -- bc) Pushes builtins.__build_class__.";
                LOAD_LOCALS = 22, LOAD_LOCALS, 0, [ERROR ESCAPES], |_| 0 => 1, "( -- locals) Pushes the frame's locals mapping.";
                MAKE_FUNCTION = 23, MAKE_FUNCTION, 0, [ERROR ESCAPES], |_| 1 => 1, "(codeobj -- func) Makes a function of a code object and the frame's globals.";
                MATCH_KEYS = 24, MATCH_KEYS, 0, [ERROR ESCAPES], |_| 2 => 3, "(subject, keys -- subject, keys, values_or_none) Mapping pattern: fetches all keys or None.";
                MATCH_MAPPING = 25, MATCH_MAPPING, 0, [], |_| 1 => 2, "(subject -- subject, bool) Is the subject a mapping (Py_TPFLAGS_MAPPING)?";
                MATCH_SEQUENCE = 26, MATCH_SEQUENCE, 0, [], |_| 1 => 2, "(subject -- subject, bool) Is the subject a sequence (Py_TPFLAGS_SEQUENCE)?";
                NOP = 27, NOP, 0, [PURE], |_| 0 => 0, "( -- ) Does nothing; keeps a line number.";
                NOT_TAKEN = 28, NOT_TAKEN, 0, [PURE], |_| 0 => 0, "( -- ) Does nothing; marks for monitoring that a branch was not taken.";
                POP_EXCEPT = 29, POP_EXCEPT, 0, [ESCAPES], |_| 1 => 0, "(exc_value -- ) Restores the exception that was handled before.";
                POP_ITER = 30, POP_ITER, 0, [ESCAPES PURE], |_| 1 => 0, "(iter -- ) Pops the iterator when a `for` loop ends.";
                POP_TOP = 31, POP_TOP, 0, [ESCAPES PURE], |_| 1 => 0, "(value -- ) Drops the top of the stack.";
                PUSH_EXC_INFO = 32, PUSH_EXC_INFO, 0, [], |_| 1 => 2, "(exc -- prev_exc, exc) Makes exc the handled exception and saves the one before.";
                PUSH_NULL = 33, PUSH_NULL, 0, [PURE], |_| 0 => 1, "( -- null) Pushes NULL: no self for the CALL to come.";
                RETURN_GENERATOR = 34, RETURN_GENERATOR, 0, [ERROR ESCAPES], |_| 0 => 1, "( -- gen) Makes a generator of the frame and returns it; resumed, goes on after it.";
                RETURN_VALUE = 35, RETURN_VALUE, 0, [ESCAPES], |_| 1 => 1, "(retval -- ) Leaves the frame; the caller's stack gets retval.";
                SETUP_ANNOTATIONS = 36, SETUP_ANNOTATIONS, 0, [ERROR ESCAPES], |_| 0 => 0, "( -- ) Makes __annotations__ in the locals if missing.";
                STORE_SLICE = 37, STORE_SLICE, 0, [ERROR ESCAPES], |_| 4 => 0, "(v, container, start, stop -- ) container[start:stop] = v.";
                STORE_SUBSCR = 38, STORE_SUBSCR, 1, [ERROR ESCAPES], |_| 3 => 0, "(v, container, sub -- ) container[sub] = v.";
                TO_BOOL = 39, TO_BOOL, 3, [ERROR ESCAPES], |_| 1 => 1, "(value -- bool) bool(value).";
                UNARY_INVERT = 40, UNARY_INVERT, 0, [ERROR ESCAPES], |_| 1 => 1, "(value -- res) ~value.";
                UNARY_NEGATIVE = 41, UNARY_NEGATIVE, 0, [ERROR ESCAPES], |_| 1 => 1, "(value -- res) -value.";
                UNARY_NOT = 42, UNARY_NOT, 0, [PURE], |_| 1 => 1, "(bool -- bool) not value; the value is a bool already.";
                WITH_EXCEPT_START = 43, WITH_EXCEPT_START, 0, [ERROR ESCAPES], |_| 5 => 6, "(exit, exit_self, lasti, unused, exc -- exit, exit_self, lasti, unused, exc, res) Calls __exit__ with the exception.";
                BINARY_OP = 44, BINARY_OP, 5, [ARG ERROR ERROR_NO_POP ESCAPES], |_| 2 => 1, "(lhs, rhs -- res) The binary operation NB_OPS[oparg], in place or not, or lhs[rhs].";
                BUILD_INTERPOLATION = 45, BUILD_INTERPOLATION, 0, [ARG ERROR ESCAPES], |oparg| 2 + (oparg & 1) => 1, "(value, str, [format] -- interpolation) Makes a template Interpolation; oparg >> 2 is the conversion, oparg & 1 tells of a format.";
                BUILD_LIST = 46, BUILD_LIST, 0, [ARG ERROR ERROR_NO_POP ESCAPES], |oparg| oparg => 1, "(values[oparg] -- list) Makes a list.";
                BUILD_MAP = 47, BUILD_MAP, 0, [ARG ERROR ESCAPES], |oparg| oparg * 2 => 1, "(pairs[2 * oparg] -- map) Makes a dict of key, value, key, value...";
                BUILD_SET = 48, BUILD_SET, 0, [ARG ERROR ESCAPES], |oparg| oparg => 1, "(values[oparg] -- set) Makes a set.";
                BUILD_SLICE = 49, BUILD_SLICE, 0, [ARG ERROR], |oparg| oparg => 1, "(args[oparg] -- slice) Makes a slice of two or three arguments.";
                BUILD_STRING = 50, BUILD_STRING, 0, [ARG ERROR], |oparg| oparg => 1, "(pieces[oparg] -- str) Joins str pieces.";
                BUILD_TUPLE = 51, BUILD_TUPLE, 0, [ARG ERROR ERROR_NO_POP], |oparg| oparg => 1, "(values[oparg] -- tuple) Makes a tuple.";
                CALL = 52, CALL, 3, [ARG EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "(callable, self_or_null, args[oparg] -- res) Calls with positional arguments.";
                CALL_INTRINSIC_1 = 53, CALL_INTRINSIC_1, 0, [ARG ERROR ESCAPES], |_| 1 => 1, "(value -- res) The unary helper INTRINSICS_1[oparg].";
                CALL_INTRINSIC_2 = 54, CALL_INTRINSIC_2, 0, [ARG ERROR ESCAPES], |_| 2 => 1, "(value2, value1 -- res) The binary helper INTRINSICS_2[oparg].";
                CALL_KW = 55, CALL_KW, 3, [ARG ERROR ERROR_NO_POP ESCAPES], |oparg| 3 + oparg => 1, "(callable, self_or_null, args[oparg], kwnames -- res) Calls; the last len(kwnames) arguments are keywords.";
                COMPARE_OP = 56, COMPARE_OP, 1, [ARG ERROR ESCAPES], |_| 2 => 1, "(left, right -- res) Rich comparison oparg >> 5; bit 4 asks for a bool.";
                CONTAINS_OP = 57, CONTAINS_OP, 1, [ARG ERROR ESCAPES], |_| 2 => 1, "(left, right -- bool) left in right; oparg 1: not in.";
                CONVERT_VALUE = 58, CONVERT_VALUE, 0, [ARG ERROR ESCAPES], |_| 1 => 1, "(value -- result) str, repr or ascii of the value (oparg 1, 2, 3).";
                COPY = 59, COPY, 0, [ARG PURE], |oparg| oparg => 1 + oparg, "(bottom, ... -- bottom, ..., bottom) Pushes another reference to the oparg-th item from the top.";
                COPY_FREE_VARS = 60, COPY_FREE_VARS, 0, [ARG], |_| 0 => 0, "( -- ) Copies the oparg cells of the closure into the frame.";
                DELETE_ATTR = 61, DELETE_ATTR, 0, [ARG NAME ERROR ESCAPES], |_| 1 => 0, "(owner -- ) del owner.name.";
                DELETE_DEREF = 62, DELETE_DEREF, 0, [ARG FREE ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "( -- ) Empties a cell; NameError if it is empty.";
                DELETE_FAST = 63, DELETE_FAST, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 0, "( -- ) Unbinds a local; UnboundLocalError if it is unbound.";
                DELETE_GLOBAL = 64, DELETE_GLOBAL, 0, [ARG NAME ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "( -- ) del globals()[name].";
                DELETE_NAME = 65, DELETE_NAME, 0, [ARG NAME ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "( -- ) del locals()[name].";
                DICT_MERGE = 66, DICT_MERGE, 0, [ARG ERROR ESCAPES], |oparg| 4 + oparg => 3 + oparg, "(callable, null, args, dict, ..., update -- callable, null, args, dict, ...) dict |= update for a call's **kwargs; a repeated key raises.";
                DICT_UPDATE = 67, DICT_UPDATE, 0, [ARG ERROR ESCAPES], |oparg| 1 + oparg => oparg, "(dict, ..., update -- dict, ...) dict.update(update) of a display.";
                END_ASYNC_FOR = 68, END_ASYNC_FOR, 0, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 2 => 0, "(awaitable, exc -- ) Ends `async for` on StopAsyncIteration, else re-raises; oparg leads back to the END_SEND for monitoring.";
                EXTENDED_ARG = 69, EXTENDED_ARG, 0, [ARG], |_| 0 => 0, "( -- ) Gives the next instruction's oparg eight more high bits.";
                FOR_ITER = 70, FOR_ITER, 1, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "(iter -- iter, next) next(iter), or jumps past the loop's END_FOR.";
                GET_AWAITABLE = 71, GET_AWAITABLE, 0, [ARG ERROR ESCAPES], |_| 1 => 1, "(iterable -- iter) The awaitable's iterator; oparg tells which construct asked, for the error text.";
                IMPORT_FROM = 72, IMPORT_FROM, 0, [ARG NAME ERROR ESCAPES], |_| 1 => 2, "(from -- from, res) from.name for `from m import name`.";
                IMPORT_NAME = 73, IMPORT_NAME, 0, [ARG NAME ERROR ESCAPES], |_| 2 => 1, "(level, fromlist -- res) __import__(name, ..., fromlist, level).";
                IS_OP = 74, IS_OP, 0, [ARG], |_| 2 => 1, "(left, right -- bool) left is right; oparg 1: is not.";
                JUMP_BACKWARD = 75, JUMP_BACKWARD, 1, [ARG JUMP EVAL_BREAK ERROR ESCAPES], |_| 0 => 0, "( -- ) Jumps back oparg units; checks the eval breaker.";
                JUMP_BACKWARD_NO_INTERRUPT = 76, JUMP_BACKWARD_NO_INTERRUPT, 0, [ARG JUMP], |_| 0 => 0, "( -- ) Jumps back oparg units without checking the eval breaker.";
                JUMP_FORWARD = 77, JUMP_FORWARD, 0, [ARG JUMP], |_| 0 => 0, "( -- ) Jumps ahead oparg units.";
                LIST_APPEND = 78, LIST_APPEND, 0, [ARG ERROR], |oparg| 1 + oparg => oparg, "(list, ..., v -- list, ...) Appends to the list oparg below, for comprehensions.";
                LIST_EXTEND = 79, LIST_EXTEND, 0, [ARG ERROR ESCAPES], |oparg| 1 + oparg => oparg, "(list, ..., iterable -- list, ...) Extends the list oparg below.";
                LOAD_ATTR = 80, LOAD_ATTR, 9, [ARG NAME ERROR ESCAPES], |oparg| 1 => 1 + (oparg & 1), "(owner -- attr, self_or_null?) owner.name; oparg & 1: a method look-up for CALL. Name oparg >> 1.";
                LOAD_COMMON_CONSTANT = 81, LOAD_COMMON_CONSTANT, 0, [ARG], |_| 0 => 1, "( -- value) Pushes COMMON_CONSTANTS[oparg].";
                LOAD_CONST = 82, LOAD_CONST, 0, [ARG CONST], |_| 0 => 1, "( -- value) Pushes co_consts[oparg].";
                LOAD_DEREF = 83, LOAD_DEREF, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 1, "( -- value) The value of a cell; NameError if it is empty.";
                LOAD_FAST = 84, LOAD_FAST, 0, [ARG LOCAL PURE], |_| 0 => 1, "( -- value) Pushes a local known to be bound.";
                LOAD_FAST_AND_CLEAR = 85, LOAD_FAST_AND_CLEAR, 0, [ARG LOCAL], |_| 0 => 1, "( -- value_or_null) Pushes a local, bound or not, and unbinds it; saves locals around inlined comprehensions.";
                LOAD_FAST_BORROW = 86, LOAD_FAST_BORROW, 0, [ARG LOCAL PURE], |_| 0 => 1, "( -- value) LOAD_FAST where the local outlives the use.";
                LOAD_FAST_BORROW_LOAD_FAST_BORROW = 87, LOAD_FAST_BORROW_LOAD_FAST_BORROW, 0, [ARG LOCAL], |_| 0 => 2, "( -- value1, value2) Two LOAD_FAST_BORROW: locals oparg >> 4 and oparg & 15.";
                LOAD_FAST_CHECK = 88, LOAD_FAST_CHECK, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 1, "( -- value) Pushes a local; UnboundLocalError if it is unbound.";
                LOAD_FAST_LOAD_FAST = 89, LOAD_FAST_LOAD_FAST, 0, [ARG LOCAL], |_| 0 => 2, "( -- value1, value2) Two LOAD_FAST: locals oparg >> 4 and oparg & 15.";
                LOAD_FROM_DICT_OR_DEREF = 90, LOAD_FROM_DICT_OR_DEREF, 0, [ARG FREE ERROR ERROR_NO_POP ESCAPES], |_| 1 => 1, "(class_dict -- value) The name in the mapping, else in the cell.";
                LOAD_FROM_DICT_OR_GLOBALS = 91, LOAD_FROM_DICT_OR_GLOBALS, 0, [ARG NAME ERROR ERROR_NO_POP ESCAPES], |_| 1 => 1, "(mod_or_class_dict -- value) The name in the mapping, else global or builtin.";
                LOAD_GLOBAL = 92, LOAD_GLOBAL, 4, [ARG NAME ERROR ESCAPES], |oparg| 0 => 1 + (oparg & 1), "( -- res, null?) A global or builtin; oparg & 1 also pushes NULL. Name oparg >> 1.";
                LOAD_NAME = 93, LOAD_NAME, 0, [ARG NAME ERROR ESCAPES], |_| 0 => 1, "( -- value) The name in locals, globals, builtins.";
                LOAD_SMALL_INT = 94, LOAD_SMALL_INT, 0, [ARG], |_| 0 => 1, "( -- value) Pushes the integer oparg.";
                LOAD_SPECIAL = 95, LOAD_SPECIAL, 0, [ARG ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "(owner -- attr, self_or_null) The special method SPECIAL_METHODS[oparg] of the owner's type.";
                LOAD_SUPER_ATTR = 96, LOAD_SUPER_ATTR, 1, [ARG NAME ERROR ESCAPES], |oparg| 3 => 1 + (oparg & 1), "(global_super, class, self -- attr, self_or_null?) super().name without the super object; oparg & 1 method, & 2 two-argument super, name oparg >> 2.";
                MAKE_CELL = 97, MAKE_CELL, 0, [ARG FREE ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "( -- ) Puts the local's value into a new cell in its slot.";
                MAP_ADD = 98, MAP_ADD, 0, [ARG ERROR ESCAPES], |oparg| 2 + oparg => oparg, "(dict, ..., key, value -- dict, ...) dict[key] = value, for comprehensions.";
                MATCH_CLASS = 99, MATCH_CLASS, 0, [ARG ERROR ESCAPES], |_| 3 => 1, "(subject, type, names -- attrs_or_none) Class pattern with oparg positional sub-patterns.";
                POP_JUMP_IF_FALSE = 100, POP_JUMP_IF_FALSE, 1, [ARG JUMP], |_| 1 => 0, "(bool -- ) Jumps ahead if the bool is False.";
                POP_JUMP_IF_NONE = 101, POP_JUMP_IF_NONE, 1, [ARG JUMP], |_| 1 => 0, "(value -- ) Jumps ahead if the value is None.";
                POP_JUMP_IF_NOT_NONE = 102, POP_JUMP_IF_NOT_NONE, 1, [ARG JUMP], |_| 1 => 0, "(value -- ) Jumps ahead unless the value is None.";
                POP_JUMP_IF_TRUE = 103, POP_JUMP_IF_TRUE, 1, [ARG JUMP], |_| 1 => 0, "(bool -- ) Jumps ahead if the bool is True.";
                RAISE_VARARGS = 104, RAISE_VARARGS, 0, [ARG ERROR ERROR_NO_POP ESCAPES], |oparg| oparg => 0, "(args[oparg] -- ) raise; raise exc; raise exc from cause.";
                RERAISE = 105, RERAISE, 0, [ARG ERROR ERROR_NO_POP ESCAPES], |oparg| 1 + oparg => oparg, "(values[oparg], exc -- values[oparg]) Raises exc again; oparg 1: takes lasti from the value below.";
                SEND = 106, SEND, 1, [ARG JUMP ERROR ESCAPES], |_| 2 => 2, "(receiver, v -- receiver, retval) Sends v into the receiver; jumps with its return value when it ends.";
                SET_ADD = 107, SET_ADD, 0, [ARG ERROR ESCAPES], |oparg| 1 + oparg => oparg, "(set, ..., v -- set, ...) Adds to the set oparg below, for comprehensions.";
                SET_FUNCTION_ATTRIBUTE = 108, SET_FUNCTION_ATTRIBUTE, 0, [ARG ERROR ESCAPES], |_| 2 => 1, "(attr, func -- func) Sets defaults 1, kwdefaults 2, annotations 4, closure 8, annotate 16.";
                SET_UPDATE = 109, SET_UPDATE, 0, [ARG ERROR ESCAPES], |oparg| 1 + oparg => oparg, "(set, ..., iterable -- set, ...) Updates the set oparg below.";
                STORE_ATTR = 110, STORE_ATTR, 4, [ARG NAME ERROR ESCAPES], |_| 2 => 0, "(v, owner -- ) owner.name = v.";
                STORE_DEREF = 111, STORE_DEREF, 0, [ARG FREE ESCAPES], |_| 1 => 0, "(v -- ) Stores into a cell.";
                STORE_FAST = 112, STORE_FAST, 0, [ARG LOCAL ESCAPES], |_| 1 => 0, "(value -- ) Stores into a local.";
                STORE_FAST_LOAD_FAST = 113, STORE_FAST_LOAD_FAST, 0, [ARG LOCAL ESCAPES], |_| 1 => 1, "(value1 -- value2) Stores into local oparg >> 4, loads local oparg & 15.";
                STORE_FAST_STORE_FAST = 114, STORE_FAST_STORE_FAST, 0, [ARG LOCAL ESCAPES], |_| 2 => 0, "(value2, value1 -- ) Stores the top into local oparg >> 4, the next into oparg & 15.";
                STORE_GLOBAL = 115, STORE_GLOBAL, 0, [ARG NAME ERROR ESCAPES], |_| 1 => 0, "(v -- ) globals()[name] = v.";
                STORE_NAME = 116, STORE_NAME, 0, [ARG NAME ERROR ESCAPES], |_| 1 => 0, "(v -- ) locals()[name] = v.";
                SWAP = 117, SWAP, 0, [ARG PURE], |oparg| oparg => oparg, "(bottom, ..., top -- top, ..., bottom) Exchanges the top with the oparg-th item.";
                UNPACK_EX = 118, UNPACK_EX, 0, [ARG ERROR ESCAPES], |oparg| 1 => 1 + (oparg & 0xFF) + (oparg >> 8), "(seq -- after[oparg >> 8], rest, before[oparg & 255]) Unpacks around one starred target; the first item ends on top.";
                UNPACK_SEQUENCE = 119, UNPACK_SEQUENCE, 1, [ARG ERROR ESCAPES], |oparg| 1 => oparg, "(seq -- values[oparg]) Unpacks exactly oparg items; the first ends on top.";
                YIELD_VALUE = 120, YIELD_VALUE, 0, [ARG ESCAPES], |_| 1 => 1, "(retval -- value) Suspends the generator with retval; resumed, pushes the value sent.";
                RESUME = 128, RESUME, 0, [ARG EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "( -- ) Start or resumption of a frame: eval breaker and tracing; oparg & 3 is where (start, yield, yield from, await).";
                ENTER_EXECUTOR = 255, ENTER_EXECUTOR, 0, [ARG], |_| 0 => 0, "( -- ) CPython's entry to optimised traces; never in co_code.";
            }
            // Written over their base by the interpreter (PEP 659); same length, same effect, same caches.
            specialised {
                BINARY_OP_INPLACE_ADD_UNICODE = 3, BINARY_OP, 5, [LOCAL DEOPT EXIT ERROR ESCAPES], |_| 2 => 1, "s = s + t (also +=) with the local s as target; does the STORE_FAST after it too.";
                BINARY_OP_ADD_FLOAT = 129, BINARY_OP, 5, [EXIT ERROR], |_| 2 => 1, "float + float.";
                BINARY_OP_ADD_INT = 130, BINARY_OP, 5, [EXIT ERROR ESCAPES], |_| 2 => 1, "Small int + small int.";
                BINARY_OP_ADD_UNICODE = 131, BINARY_OP, 5, [EXIT ERROR], |_| 2 => 1, "Exact str + exact str.";
                BINARY_OP_EXTEND = 132, BINARY_OP, 5, [DEOPT ERROR ESCAPES], |_| 2 => 1, "Another pair of exact types, by a descriptor in the cache.";
                BINARY_OP_MULTIPLY_FLOAT = 133, BINARY_OP, 5, [EXIT ERROR], |_| 2 => 1, "float * float.";
                BINARY_OP_MULTIPLY_INT = 134, BINARY_OP, 5, [EXIT ERROR ESCAPES], |_| 2 => 1, "Small int * small int.";
                BINARY_OP_SUBSCR_DICT = 135, BINARY_OP, 5, [EXIT ERROR ESCAPES], |_| 2 => 1, "dict[key] of an exact dict.";
                BINARY_OP_SUBSCR_GETITEM = 136, BINARY_OP, 5, [DEOPT], |_| 2 => 1, "container[key] with a Python __getitem__.";
                BINARY_OP_SUBSCR_LIST_INT = 137, BINARY_OP, 5, [DEOPT EXIT ESCAPES], |_| 2 => 1, "list[int], non-negative and in range.";
                BINARY_OP_SUBSCR_LIST_SLICE = 138, BINARY_OP, 5, [EXIT ERROR ESCAPES], |_| 2 => 1, "list[slice].";
                BINARY_OP_SUBSCR_STR_INT = 139, BINARY_OP, 5, [DEOPT EXIT ESCAPES], |_| 2 => 1, "str[int], a Latin-1 character.";
                BINARY_OP_SUBSCR_TUPLE_INT = 140, BINARY_OP, 5, [DEOPT EXIT], |_| 2 => 1, "tuple[int], non-negative and in range.";
                BINARY_OP_SUBTRACT_FLOAT = 141, BINARY_OP, 5, [EXIT ERROR], |_| 2 => 1, "float - float.";
                BINARY_OP_SUBTRACT_INT = 142, BINARY_OP, 5, [EXIT ERROR ESCAPES], |_| 2 => 1, "Small int - small int.";
                CALL_ALLOC_AND_ENTER_INIT = 143, CALL, 3, [ARG DEOPT ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "A class with a Python __init__ and the default __new__.";
                CALL_BOUND_METHOD_EXACT_ARGS = 144, CALL, 3, [ARG DEOPT EXIT ESCAPES], |oparg| 2 + oparg => 1, "A bound method of a Python function, simple parameters, right count.";
                CALL_BOUND_METHOD_GENERAL = 145, CALL, 3, [ARG DEOPT EXIT ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "A bound method of a Python function, any parameters.";
                CALL_BUILTIN_CLASS = 146, CALL, 3, [ARG EVAL_BREAK DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A builtin class with vectorcall.";
                CALL_BUILTIN_FAST = 147, CALL, 3, [ARG EVAL_BREAK DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A builtin function taking an argument slice.";
                CALL_BUILTIN_FAST_WITH_KEYWORDS = 148, CALL, 3, [ARG EVAL_BREAK DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A builtin function taking a slice and keywords.";
                CALL_BUILTIN_O = 149, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A builtin function of one argument.";
                CALL_ISINSTANCE = 150, CALL, 3, [ARG DEOPT ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "isinstance(obj, cls).";
                CALL_KW_BOUND_METHOD = 151, CALL_KW, 3, [ARG DEOPT EXIT ERROR ESCAPES], |oparg| 3 + oparg => 1, "CALL_KW of a bound Python method.";
                CALL_KW_NON_PY = 152, CALL_KW, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 3 + oparg => 1, "CALL_KW of anything not written in Python.";
                CALL_KW_PY = 153, CALL_KW, 3, [ARG DEOPT EXIT ERROR ESCAPES], |oparg| 3 + oparg => 1, "CALL_KW of a Python function.";
                CALL_LEN = 154, CALL, 3, [DEOPT ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "len(obj).";
                CALL_LIST_APPEND = 155, CALL, 3, [ARG DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "list.append(obj) whose result is dropped; skips the POP_TOP after it.";
                CALL_METHOD_DESCRIPTOR_FAST = 156, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A method descriptor taking an argument slice.";
                CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS = 157, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A method descriptor taking a slice and keywords.";
                CALL_METHOD_DESCRIPTOR_NOARGS = 158, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A method descriptor without arguments.";
                CALL_METHOD_DESCRIPTOR_O = 159, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "A method descriptor of one argument.";
                CALL_NON_PY_GENERAL = 160, CALL, 3, [ARG EVAL_BREAK EXIT ERROR ESCAPES], |oparg| 2 + oparg => 1, "Anything not written in Python.";
                CALL_PY_EXACT_ARGS = 161, CALL, 3, [ARG DEOPT EXIT], |oparg| 2 + oparg => 1, "A Python function, simple parameters, right count.";
                CALL_PY_GENERAL = 162, CALL, 3, [ARG DEOPT EXIT ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "A Python function, any parameters.";
                CALL_STR_1 = 163, CALL, 3, [ARG EVAL_BREAK DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "str(obj).";
                CALL_TUPLE_1 = 164, CALL, 3, [ARG EVAL_BREAK DEOPT ERROR ESCAPES], |oparg| 2 + oparg => 1, "tuple(obj).";
                CALL_TYPE_1 = 165, CALL, 3, [ARG DEOPT ESCAPES], |oparg| 2 + oparg => 1, "type(obj).";
                COMPARE_OP_FLOAT = 166, COMPARE_OP, 1, [ARG EXIT], |_| 2 => 1, "float against float.";
                COMPARE_OP_INT = 167, COMPARE_OP, 1, [ARG DEOPT EXIT], |_| 2 => 1, "Small int against small int.";
                COMPARE_OP_STR = 168, COMPARE_OP, 1, [ARG EXIT], |_| 2 => 1, "== or != of exact strs.";
                CONTAINS_OP_DICT = 169, CONTAINS_OP, 1, [ARG EXIT ERROR ESCAPES], |_| 2 => 1, "In an exact dict.";
                CONTAINS_OP_SET = 170, CONTAINS_OP, 1, [ARG DEOPT ERROR ESCAPES], |_| 2 => 1, "In an exact set or frozenset.";
                FOR_ITER_GEN = 171, FOR_ITER, 1, [ARG DEOPT], |_| 1 => 2, "Over a generator, entered without a call.";
                FOR_ITER_LIST = 172, FOR_ITER, 1, [ARG JUMP DEOPT EXIT ESCAPES], |_| 1 => 2, "Over a list iterator.";
                FOR_ITER_RANGE = 173, FOR_ITER, 1, [ARG JUMP EXIT ERROR], |_| 1 => 2, "Over a range iterator of small ints.";
                FOR_ITER_TUPLE = 174, FOR_ITER, 1, [ARG JUMP EXIT ESCAPES], |_| 1 => 2, "Over a tuple iterator.";
                JUMP_BACKWARD_JIT = 175, JUMP_BACKWARD, 1, [ARG JUMP EVAL_BREAK ERROR ESCAPES], |_| 0 => 0, "CPython's back-edge with its JIT enabled.";
                JUMP_BACKWARD_NO_JIT = 176, JUMP_BACKWARD, 1, [ARG JUMP EVAL_BREAK ERROR ESCAPES], |_| 0 => 0, "Back-edge that no longer counts for a JIT.";
                LOAD_ATTR_CLASS = 177, LOAD_ATTR, 9, [ARG EXIT], |oparg| 1 => 1 + (oparg & 1), "Attribute of a class.";
                LOAD_ATTR_CLASS_WITH_METACLASS_CHECK = 178, LOAD_ATTR, 9, [ARG EXIT], |oparg| 1 => 1 + (oparg & 1), "Attribute of a class whose metaclass must be checked too.";
                LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN = 179, LOAD_ATTR, 9, [ARG NAME DEOPT], |oparg| 1 => 1 + (oparg & 1), "Instance whose class defines __getattribute__ in Python.";
                LOAD_ATTR_INSTANCE_VALUE = 180, LOAD_ATTR, 9, [ARG DEOPT EXIT ESCAPES], |oparg| 1 => 1 + (oparg & 1), "Inline value of an instance, by shape.";
                LOAD_ATTR_METHOD_LAZY_DICT = 181, LOAD_ATTR, 9, [ARG DEOPT EXIT], |oparg| 1 => 1 + (oparg & 1), "Method of an instance whose dict was never made.";
                LOAD_ATTR_METHOD_NO_DICT = 182, LOAD_ATTR, 9, [ARG EXIT], |oparg| 1 => 1 + (oparg & 1), "Method of an instance without a dict.";
                LOAD_ATTR_METHOD_WITH_VALUES = 183, LOAD_ATTR, 9, [ARG DEOPT EXIT], |oparg| 1 => 1 + (oparg & 1), "Method of an instance with inline values that do not hide it.";
                LOAD_ATTR_MODULE = 184, LOAD_ATTR, 9, [ARG DEOPT ESCAPES], |oparg| 1 => 1 + (oparg & 1), "Global of a module.";
                LOAD_ATTR_NONDESCRIPTOR_NO_DICT = 185, LOAD_ATTR, 9, [ARG EXIT ESCAPES], |oparg| 1 => 1 + (oparg & 1), "Plain class attribute through an instance without a dict.";
                LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES = 186, LOAD_ATTR, 9, [ARG DEOPT EXIT ESCAPES], |oparg| 1 => 1 + (oparg & 1), "Plain class attribute through an instance with inline values.";
                LOAD_ATTR_PROPERTY = 187, LOAD_ATTR, 9, [ARG DEOPT EXIT], |oparg| 1 => 1 + (oparg & 1), "Property with a Python getter.";
                LOAD_ATTR_SLOT = 188, LOAD_ATTR, 9, [ARG DEOPT EXIT], |oparg| 1 => 1 + (oparg & 1), "Member of __slots__.";
                LOAD_ATTR_WITH_HINT = 189, LOAD_ATTR, 9, [ARG NAME DEOPT EXIT ESCAPES], |oparg| 1 => 1 + (oparg & 1), "Attribute in a materialised instance dict, at a remembered index.";
                LOAD_CONST_IMMORTAL = 190, LOAD_CONST, 0, [ARG CONST], |_| 0 => 1, "A constant that needs no reference count.";
                LOAD_CONST_MORTAL = 191, LOAD_CONST, 0, [ARG CONST], |_| 0 => 1, "A constant that needs a reference count.";
                LOAD_GLOBAL_BUILTIN = 192, LOAD_GLOBAL, 4, [ARG DEOPT], |oparg| 0 => 1 + (oparg & 1), "A builtin; both dicts' keys unchanged.";
                LOAD_GLOBAL_MODULE = 193, LOAD_GLOBAL, 4, [ARG DEOPT], |oparg| 0 => 1 + (oparg & 1), "A global; the module dict's keys unchanged.";
                LOAD_SUPER_ATTR_ATTR = 194, LOAD_SUPER_ATTR, 1, [ARG NAME DEOPT ERROR ESCAPES], |oparg| 3 => 1 + (oparg & 1), "super().name as an attribute.";
                LOAD_SUPER_ATTR_METHOD = 195, LOAD_SUPER_ATTR, 1, [ARG NAME DEOPT ERROR ERROR_NO_POP ESCAPES], |oparg| 3 => 1 + (oparg & 1), "super().name as a method.";
                RESUME_CHECK = 196, RESUME, 0, [DEOPT], |_| 0 => 0, "RESUME when nothing changed since the last one.";
                SEND_GEN = 197, SEND, 1, [ARG DEOPT], |_| 2 => 2, "Into a generator or coroutine, entered without a call.";
                STORE_ATTR_INSTANCE_VALUE = 198, STORE_ATTR, 4, [EXIT ESCAPES], |_| 2 => 0, "Inline value of an instance, by shape.";
                STORE_ATTR_SLOT = 199, STORE_ATTR, 4, [DEOPT EXIT ESCAPES], |_| 2 => 0, "Member of __slots__.";
                STORE_ATTR_WITH_HINT = 200, STORE_ATTR, 4, [ARG NAME DEOPT EXIT ESCAPES], |_| 2 => 0, "Attribute in a materialised instance dict.";
                STORE_SUBSCR_DICT = 201, STORE_SUBSCR, 1, [EXIT ERROR ESCAPES], |_| 3 => 0, "dict[key] = v of an exact dict.";
                STORE_SUBSCR_LIST_INT = 202, STORE_SUBSCR, 1, [DEOPT EXIT ESCAPES], |_| 3 => 0, "list[int] = v, non-negative and in range.";
                TO_BOOL_ALWAYS_TRUE = 203, TO_BOOL, 3, [EXIT ESCAPES], |_| 1 => 1, "Type without __bool__ and __len__.";
                TO_BOOL_BOOL = 204, TO_BOOL, 3, [EXIT], |_| 1 => 1, "Already a bool.";
                TO_BOOL_INT = 205, TO_BOOL, 3, [EXIT ESCAPES], |_| 1 => 1, "Exact int.";
                TO_BOOL_LIST = 206, TO_BOOL, 3, [EXIT], |_| 1 => 1, "Exact list.";
                TO_BOOL_NONE = 207, TO_BOOL, 3, [EXIT], |_| 1 => 1, "None.";
                TO_BOOL_STR = 208, TO_BOOL, 3, [EXIT ESCAPES], |_| 1 => 1, "Exact str.";
                UNPACK_SEQUENCE_LIST = 209, UNPACK_SEQUENCE, 1, [ARG DEOPT EXIT], |oparg| 1 => oparg, "Exact list.";
                UNPACK_SEQUENCE_TUPLE = 210, UNPACK_SEQUENCE, 1, [ARG DEOPT EXIT], |oparg| 1 => oparg, "Exact tuple.";
                UNPACK_SEQUENCE_TWO_TUPLE = 211, UNPACK_SEQUENCE, 1, [ARG DEOPT EXIT ESCAPES], |oparg| 1 => oparg, "Exact tuple of two.";
            }
            // Written over their base while `sys.monitoring` watches; the base column names the plain twin.
            instrumented {
                INSTRUMENTED_END_FOR = 234, END_FOR, 0, [ERROR ERROR_NO_POP ESCAPES NO_SAVE_IP], |_| 2 => 1, "END_FOR that tells of the branch; sees the iterator's value below.";
                INSTRUMENTED_POP_ITER = 235, POP_ITER, 0, [ESCAPES], |_| 1 => 0, "POP_ITER with its events.";
                INSTRUMENTED_END_SEND = 236, END_SEND, 0, [ERROR ERROR_NO_POP ESCAPES], |_| 2 => 1, "END_SEND with its events.";
                INSTRUMENTED_FOR_ITER = 237, FOR_ITER, 1, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "FOR_ITER with its events.";
                INSTRUMENTED_INSTRUCTION = 238, INSTRUMENTED_INSTRUCTION, 0, [ERROR ESCAPES], |_| 0 => 0, "INSTRUCTION event before the instruction it hides.";
                INSTRUMENTED_JUMP_FORWARD = 239, JUMP_FORWARD, 0, [ARG], |_| 0 => 0, "JUMP_FORWARD with its events.";
                INSTRUMENTED_NOT_TAKEN = 240, NOT_TAKEN, 0, [], |_| 0 => 0, "NOT_TAKEN with its events.";
                INSTRUMENTED_POP_JUMP_IF_TRUE = 241, POP_JUMP_IF_TRUE, 1, [ARG], |_| 1 => 0, "POP_JUMP_IF_TRUE with its events.";
                INSTRUMENTED_POP_JUMP_IF_FALSE = 242, POP_JUMP_IF_FALSE, 1, [ARG], |_| 1 => 0, "POP_JUMP_IF_FALSE with its events.";
                INSTRUMENTED_POP_JUMP_IF_NONE = 243, POP_JUMP_IF_NONE, 1, [ARG ESCAPES], |_| 1 => 0, "POP_JUMP_IF_NONE with its events.";
                INSTRUMENTED_POP_JUMP_IF_NOT_NONE = 244, POP_JUMP_IF_NOT_NONE, 1, [ARG ESCAPES], |_| 1 => 0, "POP_JUMP_IF_NOT_NONE with its events.";
                INSTRUMENTED_RESUME = 245, RESUME, 0, [ARG EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |_| 0 => 0, "RESUME with its events.";
                INSTRUMENTED_RETURN_VALUE = 246, RETURN_VALUE, 0, [ERROR ESCAPES], |_| 1 => 1, "RETURN_VALUE with its events.";
                INSTRUMENTED_YIELD_VALUE = 247, YIELD_VALUE, 0, [ARG ERROR ERROR_NO_POP ESCAPES], |_| 1 => 1, "YIELD_VALUE with its events.";
                INSTRUMENTED_END_ASYNC_FOR = 248, END_ASYNC_FOR, 0, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 2 => 0, "END_ASYNC_FOR with its events.";
                INSTRUMENTED_LOAD_SUPER_ATTR = 249, LOAD_SUPER_ATTR, 1, [ARG NAME ERROR ESCAPES], |oparg| 3 => 1 + (oparg & 1), "LOAD_SUPER_ATTR with its events.";
                INSTRUMENTED_CALL = 250, CALL, 3, [ARG EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |oparg| 2 + oparg => 1, "CALL with its events.";
                INSTRUMENTED_CALL_KW = 251, CALL_KW, 3, [ARG ERROR ERROR_NO_POP ESCAPES], |oparg| 3 + oparg => 1, "CALL_KW with its events.";
                INSTRUMENTED_CALL_FUNCTION_EX = 252, CALL_FUNCTION_EX, 0, [EVAL_BREAK ERROR ERROR_NO_POP ESCAPES], |_| 4 => 1, "CALL_FUNCTION_EX with its events.";
                INSTRUMENTED_JUMP_BACKWARD = 253, JUMP_BACKWARD, 1, [ARG EVAL_BREAK ERROR ESCAPES], |_| 0 => 0, "JUMP_BACKWARD with its events.";
                INSTRUMENTED_LINE = 254, INSTRUMENTED_LINE, 0, [ESCAPES], |_| 0 => 0, "LINE event before the instruction it hides.";
            }
            // Ours, on numbers CPython leaves free (see the module text).
            ours {
                BINARY_OP_MODULO_INT = 212, BINARY_OP, 5, [DEOPT ERROR ESCAPES], |_| 2 => 1, "int % int, small and the right one positive.";
                BINARY_OP_FLOOR_DIVIDE_INT = 213, BINARY_OP, 5, [DEOPT ERROR ESCAPES], |_| 2 => 1, "int // int, small and the right one positive.";
                BINARY_OP_SHIFT_INT = 214, BINARY_OP, 5, [DEOPT ERROR ESCAPES], |_| 2 => 1, "int << int or int >> int, with a small result.";
                BINARY_OP_TRUE_DIVIDE_FLOAT = 215, BINARY_OP, 5, [DEOPT ERROR ESCAPES], |_| 2 => 1, "float / float.";
                STORE_SUBSCR_SETITEM = 216, STORE_SUBSCR, 1, [DEOPT ERROR ESCAPES], |_| 3 => 0, "container[sub] = v with a Python __setitem__, whose frame is pushed.";
                FOR_ITER_PAIR = 218, FOR_ITER, 1, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "Over enumerate, zip or dict items, with the UNPACK_SEQUENCE 2 that follows.";
                LOAD_FAST_BORROW__LOAD_ATTR = 219, LOAD_FAST_BORROW + LOAD_ATTR, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 1, "local.name, or a method of it (then two values).";
                LOAD_FAST_BORROW__LOAD_SMALL_INT = 220, LOAD_FAST_BORROW + LOAD_SMALL_INT, 0, [ARG LOCAL], |_| 0 => 2, "A local and a small int; with the addition, subtraction or comparison that follows.";
                LOAD_FAST_BORROW__BINARY_OP = 221, LOAD_FAST_BORROW + BINARY_OP, 0, [ARG LOCAL ERROR ESCAPES], |_| 1 => 1, "An operator whose right operand is a local.";
                LOAD_FAST_BORROW__RETURN_VALUE = 222, LOAD_FAST_BORROW + RETURN_VALUE, 0, [ARG LOCAL ESCAPES], |_| 0 => 1, "Returns a local.";
                LOAD_CONST__RETURN_VALUE = 223, LOAD_CONST + RETURN_VALUE, 0, [ARG CONST ESCAPES], |_| 0 => 1, "Returns a constant.";
                LOAD_TWO_BORROW__BINARY_OP = 224, LOAD_FAST_BORROW_LOAD_FAST_BORROW + BINARY_OP, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 1, "An operator on two locals.";
                LOAD_TWO_BORROW__COMPARE_OP = 225, LOAD_FAST_BORROW_LOAD_FAST_BORROW + COMPARE_OP, 0, [ARG LOCAL ERROR ESCAPES], |_| 0 => 1, "A comparison of two locals, with the jump that follows.";
                LOAD_SMALL_INT__COMPARE_OP = 226, LOAD_SMALL_INT + COMPARE_OP, 0, [ARG ERROR ESCAPES], |_| 1 => 1, "A comparison with a small int, with the jump that follows.";
                STORE_FAST__LOAD_FAST_BORROW = 227, STORE_FAST + LOAD_FAST_BORROW, 0, [ARG LOCAL ESCAPES], |_| 1 => 1, "Stores a local and loads one.";
                STORE_FAST__JUMP_BACKWARD = 228, STORE_FAST + JUMP_BACKWARD, 0, [ARG LOCAL EVAL_BREAK ERROR ESCAPES], |_| 1 => 0, "Stores a local and jumps back.";
                POP_TOP__JUMP_BACKWARD = 229, POP_TOP + JUMP_BACKWARD, 0, [EVAL_BREAK ERROR ESCAPES], |_| 1 => 0, "Drops the top and jumps back.";
                FOR_ITER_NATIVE = 217, FOR_ITER, 1, [ARG JUMP ERROR ERROR_NO_POP ESCAPES], |_| 1 => 2, "Over an iterator whose class advances natively.";
                CONTAINS_OP_STR = 231, CONTAINS_OP, 1, [ARG DEOPT ERROR ESCAPES], |_| 2 => 1, "A str in a str, with the jump that follows.";
                WITNESSED = 230, RESERVED, 0, [], |_| 0 => 0, "Counts, and goes on as the instruction that the code's witness keeps.";
            }
            // Known to the compiler only; the assembler lowers them. The effect of a SETUP_ row is that on entering the handler.
            pseudo {
                ANNOTATIONS_PLACEHOLDER = 256, ANNOTATIONS_PLACEHOLDER, 0, [PURE], |_| 0 => 0, "( -- ) Where the module's annotation set-up is put once it is known to be needed.";
                JUMP = 257, JUMP, 0, [ARG JUMP EVAL_BREAK ERROR ESCAPES], |_| 0 => 0, "( -- ) To a label, forward or backward.";
                JUMP_IF_FALSE = 258, JUMP_IF_FALSE, 0, [ARG JUMP ERROR ESCAPES], |_| 1 => 1, "(cond -- cond) To a label if the value is false; becomes COPY, TO_BOOL, POP_JUMP_IF_FALSE.";
                JUMP_IF_TRUE = 259, JUMP_IF_TRUE, 0, [ARG JUMP ERROR ESCAPES], |_| 1 => 1, "(cond -- cond) To a label if the value is true; becomes COPY, TO_BOOL, POP_JUMP_IF_TRUE.";
                JUMP_NO_INTERRUPT = 260, JUMP_NO_INTERRUPT, 0, [ARG JUMP], |_| 0 => 0, "( -- ) JUMP that does not check the eval breaker when it goes back.";
                LOAD_CLOSURE = 261, LOAD_CLOSURE, 0, [ARG LOCAL PURE], |_| 0 => 1, "( -- cell) Pushes the cell itself; becomes LOAD_FAST of its slot.";
                POP_BLOCK = 262, POP_BLOCK, 0, [PURE], |_| 0 => 0, "( -- ) End of a protected range.";
                SETUP_CLEANUP = 263, SETUP_CLEANUP, 0, [PURE ARG EXC], |_| 0 => 2, "( -- lasti, exc) Start of a range whose handler also wants lasti.";
                SETUP_FINALLY = 264, SETUP_FINALLY, 0, [PURE ARG EXC], |_| 0 => 1, "( -- exc) Start of a protected range; the label is its handler.";
                SETUP_WITH = 265, SETUP_WITH, 0, [PURE ARG EXC], |_| 0 => 1, "(entered -- lasti, exc) Start of a `with` body; the label is its handler.";
                STORE_FAST_MAYBE_NULL = 266, STORE_FAST_MAYBE_NULL, 0, [ARG LOCAL ESCAPES], |_| 1 => 0, "(value_or_null -- ) Restores what LOAD_FAST_AND_CLEAR saved; becomes STORE_FAST.";
            }
        }
    };
}
