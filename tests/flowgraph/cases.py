"""The cases of tests/flowgraph, by topic; record.py writes what the reference CPython makes of them.

An instruction is (NAME, oparg or label, line or (line, end line, column, end column)...); a bare string is a label.
"""

NB = dict(ADD=0, AND=1, FLOOR_DIVIDE=2, LSHIFT=3, MULTIPLY=5, REMAINDER=6, OR=7, POWER=8, RSHIFT=9, SUBTRACT=10,
          TRUE_DIVIDE=11, XOR=12, SUBSCR=26)
RET = [("RETURN_VALUE", None, 9)]


def complete(metadata):
    metadata = dict(metadata)
    for key in ("name", "qualname", "filename"):
        metadata.setdefault(key, key)
    metadata.setdefault("consts", {})
    for key in ("names", "varnames", "cellvars", "freevars", "fasthidden"):
        metadata.setdefault(key, {})
    for key in ("argcount", "posonlyargcount", "kwonlyargcount"):
        metadata.setdefault(key, 0)
    metadata.setdefault("firstlineno", 1)
    return metadata


def operate(opcode, arg, *values):
    loads = [("LOAD_CONST", 0 if repr(v) == repr(values[0]) else 1, 1) for v in values]
    return {"instructions": loads + [(opcode, arg, 1)] + RET, "consts": [v for i, v in enumerate(values) if not i or repr(v) != repr(values[0])]}


def code(*instructions, consts=(None,), nlocals=0):
    return {"instructions": list(instructions), "consts": list(consts), "nlocals": nlocals}


folding = {}
inf = float("inf")
nan = float("nan")
NUMBERS = [0, 1, -1, 2, 3, 7, 255, 256, -300, 2**31, 2**63, -2**63, 2**64 - 1, 2**127, 10**40, 2**200, True, False,
           0.0, -0.0, 0.5, -1.5, 3.25, 1e308, 1e-320, inf, -inf, nan, 1e16, 2.0**53, 1j, -2.5j, 1 + 2j, complex(inf, nan),
           complex(-0.0, -0.0), complex(1e308, 1e308), complex(0, inf)]
OTHERS = ["", "a", "ab\ud800\U0001F600z", "x" * 1000, b"", b"bytes", (), (1, 2), ((1, 2, 3),) * 60, tuple(range(20)), None,
          ..., slice(None), slice(1, -1), slice(None, None, -2), slice(10**30, -10**30, -1), slice(0, 5, 0), slice(1.5)]
for name, number in NB.items():
    for a in NUMBERS:
        for b in NUMBERS:
            if abs(number - 8) != 0 or not (isinstance(b, int) and abs(b) > 2**62):
                folding[f"{name} {a!r} {b!r}"] = operate("BINARY_OP", number, a, b)
for number in (0, 5, 6, 26):
    for a in OTHERS:
        for b in OTHERS + [0, 1, -1, 2, 4, 5, -6, 300, 5000, 10**30, True, 1.0]:
            folding[f"{number} {ascii(a)[:40]} {ascii(b)[:40]}"] = operate("BINARY_OP", number, a, b)
            folding[f"{number} {ascii(b)[:40]} {ascii(a)[:40]} r"] = operate("BINARY_OP", number, b, a)
for value in NUMBERS + OTHERS:
    label = ascii(value)[:40]
    for name in ("UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_NOT", "TO_BOOL"):
        folding[f"{name} {label}"] = operate(name, None, value)
    folding[f"positive {label}"] = operate("CALL_INTRINSIC_1", 5, value)

collections = {}
for size in (0, 1, 2, 3, 29, 30, 31):
    for build in ("BUILD_TUPLE", "BUILD_LIST", "BUILD_SET"):
        for use in ("GET_ITER", "CONTAINS_OP", "RETURN_VALUE", "UNPACK_SEQUENCE"):
            loads = [("LOAD_CONST", i % 3, 1 + i % 2) for i in range(size)]
            arg = {"CONTAINS_OP": 0, "UNPACK_SEQUENCE": size}.get(use)
            before = [("LOAD_NAME", 0, 1)] if use == "CONTAINS_OP" else []
            rest = [("LOAD_CONST", 0, 8)] * (size == 0) + RET if use == "UNPACK_SEQUENCE" else RET
            collections[f"{build} {size} {use}"] = code(*before, *loads, (build, size, 3), *([(use, arg, 4)] if use != "RETURN_VALUE" else []), *rest, consts=[1, "b", 2.0])
for items in ([1, 1.0, True], [0, False, "a", "a"], [1, 2, 3], [3, 2, 1]):
    collections[f"set {items}"] = code(("LOAD_NAME", 0, 1), *[("LOAD_CONST", i, 1) for i in range(len(items))], ("BUILD_SET", len(items), 1), ("CONTAINS_OP", 0, 1), *RET, consts=items)
for start, append in (("BUILD_LIST", "LIST_APPEND"), ("BUILD_SET", "SET_ADD")):
    for end in ([("GET_ITER", None, 7)], [("CONTAINS_OP", 0, 7)], [("CALL_INTRINSIC_1", 6, 7)], [("CALL_INTRINSIC_1", 6, 7), ("GET_ITER", None, 8)], [("UNARY_NOT", None, 7)]):
        grown = [("LOAD_NAME", 0, 1), (start, 0, 2)] + [i for n in range(3) for i in (("LOAD_CONST", n, 3), ("NOP", None, 3), (append, 1, 4))]
        drop = [("POP_TOP", None, 8)] if end[0][0] != "CONTAINS_OP" else []
        collections[f"grown {start} {[e[0] for e in end]}"] = code(*grown, *end, *drop, *RET, consts=[1000, "b", 2.0])

jumps = {
    "threads": code("a", ("LOAD_NAME", 0, 1), ("POP_JUMP_IF_FALSE", "b", 1), ("LOAD_NAME", 1, 2), ("POP_TOP", None, 2),
                    "b", ("JUMP", "c", 3), "d", ("LOAD_NAME", 3, 4), ("POP_TOP", None, 4), "c", ("JUMP", "a", 5)),
    "no interrupt through jump": code("a", ("LOAD_NAME", 0, 1), ("POP_TOP", None, 1), ("JUMP_NO_INTERRUPT", "b", 2), "c",
                                      ("LOAD_NAME", 1, 3), ("POP_TOP", None, 3), "b", ("JUMP", "a", 4)),
    "none tests": code(("LOAD_NAME", 0, 1), ("LOAD_CONST", 0, 1), ("IS_OP", 1, 1), ("TO_BOOL", None, 1),
                       ("POP_JUMP_IF_FALSE", "b", 1), ("LOAD_CONST", 0, 2), *RET, "b", ("LOAD_CONST", 1, 3), *RET, consts=[None, "x"]),
    "opposite test": code(("LOAD_NAME", 0, 1), ("JUMP_IF_FALSE", "b", 1), ("POP_TOP", None, 1), ("LOAD_NAME", 1, 2), "b",
                          ("JUMP_IF_TRUE", "c", 2), ("POP_TOP", None, 2), ("LOAD_NAME", 2, 3), "c", *RET),
    "known tests": code(("LOAD_CONST", 0, 1), ("COPY", 1, 1), ("TO_BOOL", None, 1), ("POP_JUMP_IF_TRUE", "b", 1), ("POP_TOP", None, 1),
                        ("LOAD_CONST", 1, 2), "b", *RET, consts=["", "a"]),
    "bare exits": code(("LOAD_NAME", 0, 1), ("POP_JUMP_IF_TRUE", "x", 1), ("LOAD_NAME", 1, 2), ("POP_JUMP_IF_TRUE", "x", 2),
                       ("LOAD_NAME", 2, 3), ("POP_TOP", None, 3), "x", ("LOAD_CONST", 0), ("RETURN_VALUE", None)),
    "unreachable": code(("LOAD_CONST", 0, 1), ("RETURN_VALUE", None, 1), "a", ("LOAD_NAME", 0, 2), ("POP_JUMP_IF_TRUE", "a", 2), ("JUMP", "a", 3)),
    "handler goes cold": code(("SETUP_FINALLY", "h", 1), ("LOAD_NAME", 0, 2), ("POP_TOP", None, 2), ("POP_BLOCK", None, 2),
                              ("JUMP", "end", 2), "h", ("PUSH_EXC_INFO", None, 3), ("POP_TOP", None, 3), ("POP_EXCEPT", None, 4), "end",
                              ("LOAD_CONST", 0, 5), *RET),
    "inconsistent depth": code(("LOAD_NAME", 0, 1), ("POP_JUMP_IF_TRUE", "b", 1), ("LOAD_NAME", 0, 1), "b", ("LOAD_CONST", 0, 2), *RET),
    "underflow": code(("POP_TOP", None, 1), ("LOAD_CONST", 0, 2), *RET),
    "constant out of range": code(("LOAD_CONST", 3, 1), *RET),
}

locals_ = {
    "checks": code(("LOAD_NAME", 0, 1), ("POP_JUMP_IF_TRUE", "b", 1), ("LOAD_CONST", 0, 2), ("STORE_FAST", 0, 2), "b", ("LOAD_FAST", 0, 3),
                   ("LOAD_FAST", 0, 4), ("DELETE_FAST", 0, 5), ("POP_TOP", None, 5), ("POP_TOP", None, 5), ("LOAD_FAST", 0, 6), *RET, nlocals=1),
    "many locals": code(*[i for n in (3, 63, 64, 70) for i in (("LOAD_FAST", n, n), ("POP_TOP", None, n), ("LOAD_FAST", n, n), ("POP_TOP", None, n))],
                        "b", ("LOAD_FAST", 70, 90), *RET, nlocals=80),
    "dead store": code(("LOAD_NAME", 0, 1), ("LOAD_NAME", 1, 1), ("STORE_FAST", 0, 1), ("STORE_FAST", 0, 1), ("LOAD_CONST", 0, 2), *RET),
    "superinstructions": code(*[("LOAD_FAST", n, 1) for n in (1, 2, 3, 16, 4, 5)], *[("STORE_FAST", n, 2) for n in (6, 7, 8, 17, 9)],
                              ("LOAD_FAST", 6, 2), *RET),
    "swaps": code(*[("LOAD_NAME", n, 1) for n in range(4)], ("SWAP", 4, 1), ("NOP", None, 1), ("SWAP", 3, 1), ("SWAP", 2, 1), ("SWAP", 4, 1),
                  ("STORE_FAST", 0, 1), ("STORE_FAST", 1, 1), ("STORE_FAST", 2, 1), *RET),
    "unsafe swap": code(*[("LOAD_NAME", n, 1) for n in range(3)], ("SWAP", 3, 4), ("STORE_FAST", 1, 4), ("STORE_FAST", 1, 4), ("POP_TOP", None, 4), ("LOAD_CONST", 0, 5), *RET),
}
for name, arg, inputs, outputs in [("GET_LEN", None, 1, 2), ("FORMAT_SIMPLE", None, 1, 1), ("LOAD_ATTR", 0, 1, 1), ("LOAD_ATTR", 1, 1, 2),
                                   ("LOAD_SUPER_ATTR", 1, 3, 2), ("END_SEND", None, 2, 1), ("MATCH_KEYS", None, 2, 3), ("LIST_EXTEND", 1, 2, 1),
                                   ("SET_FUNCTION_ATTRIBUTE", 1, 2, 1), ("CHECK_EXC_MATCH", None, 2, 2), ("LOAD_SPECIAL", 0, 1, 2),
                                   ("IMPORT_FROM", 0, 1, 2), ("GET_YIELD_FROM_ITER", None, 1, 1), ("CALL", 0, 2, 1), ("MAP_ADD", 1, 3, 1)]:
    loads = [("LOAD_FAST", n, n) for n in range(inputs)]
    locals_[f"borrow {name} {arg}"] = code(("LOAD_FAST", 9, 1), ("POP_TOP", None, 1), *loads, (name, arg, 5),
                                            *[("POP_TOP", None, 6)] * (outputs - 1), ("STORE_FAST", 8, 7), ("LOAD_CONST", 0, 8), *RET)

assembly = {
    "closure": {"instructions": [("RESUME", 0, 1), ("LOAD_CLOSURE", 0, 1), ("BUILD_TUPLE", 1, 1), ("LOAD_DEREF", 1, 2), ("STORE_DEREF", 2, 2),
                                 ("POP_TOP", None, 2), ("LOAD_CONST", 0, 3), ("RETURN_VALUE", None, 3)],
                "metadata": {"varnames": {"x": 0, "y": 1}, "cellvars": {"y": 0, "z": 1}, "freevars": {"f": 2}, "consts": {2: 0}, "argcount": 2}},
    "exceptions": {"instructions": [("RESUME", 0, 1), ("SETUP_FINALLY", "h", 1), ("LOAD_CONST", 0, 2), ("RETURN_VALUE", None, 2), "h",
                                    ("SETUP_CLEANUP", "c", 3), ("PUSH_EXC_INFO", None, 3), ("POP_TOP", None, 4), ("POP_EXCEPT", None, 4),
                                    ("LOAD_CONST", 0, 5), ("RETURN_VALUE", None, 5), "c", ("COPY", 3), ("POP_EXCEPT", None), ("RERAISE", 1)],
                   "metadata": {"consts": {2: 0}}},
    "far jumps": {"instructions": ["top", ("RESUME", 0, 1), ("LOAD_NAME", 0, 1), ("POP_JUMP_IF_TRUE", "end", 1), ("LOAD_NAME", 300, 2),
                                   ("POP_JUMP_IF_FALSE", "top", 2, 3, 4, 500)] + [("LOAD_NAME", 70000, 3), ("POP_TOP", None, 3)] * 300 + [("JUMP", "top", 5), "end",
                                   ("LOAD_CONST", 0, 200), ("RETURN_VALUE", None, 200)],
                  "metadata": {"consts": {2: 0}}},
    "next location": {"instructions": [("RESUME", 0, 1), ("LOAD_NAME", 0, -2, -2, -2, -2), ("POP_TOP", None, -2, -2, -2, -2), ("LOAD_CONST", 0, 7),
                                       ("RETURN_VALUE", None, 7)], "metadata": {"consts": {2: 0}}},
}

TOPICS = {"folding": folding, "collections": collections, "jumps": jumps, "locals": locals_, "assembly": assembly}
