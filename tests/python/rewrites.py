"""What the compiler rewrites in the tree, and warns about, wherever it stands."""
import ast
import warnings

TEXTS = [
    "@d('%s' %\n   (a,))\ndef f(): pass\n",
    "@d(\n  lambda: __debug__\n)\nclass C:\n  x = 1\n",
    "def f(a='%d' % (x,), *, b=__debug__) -> '%s' % (y,): pass\n",
    "class C(('%r' % (a,))[0]): pass\n",
    "x = (1,\n  2, '%s'\n  % (a,))\n",
    "x = 'a' '%s' % (a,); y = 2\n",
    "x = f'{__debug__} {\"%s\" % (a,)}'\n",
    "if a:\n  pass\nelif '%s' % (b,):\n  pass\nelse:\n  x = __debug__\n",
    "x = __\uff44ebug__\n",
    "def f():\n  def g():\n    while a:\n      x = [__debug__ for i in '%s' % (b,)]\n",
    "def f():\n  try: pass\n  finally:\n    return 1\n",
    "while a:\n  try: pass\n  finally:\n    if b: break\n    else:\n      continue\n",
    "while a:\n  try: pass\n  finally:\n    while b: break\n    def g(): return 1\n",
    "def f():\n  try:\n    return 1\n  finally:\n    with a:\n      return 2\n  return 3\n",
    "try: pass\nexcept* E: pass\nfinally:\n  def g():\n    try: pass\n    finally: return 1\n",
    "match a:\n  case -1: pass\n  case 2 - 3j: x = __debug__\n",
    "def f[T: '%s' % (a,)](): pass\n",
    "type X[T] = '%s' % (T,)\n",
    "lambda x=__debug__: '%s' % (x,)\n",
    "'%s' % (a,)\nx = 1\n",
    "class C:\n  '%s' % (a,)\n  x: '%s' % (a,) = __debug__\n",
]


def show(code, depth=0):
    for unit in code.co_consts:
        if hasattr(unit, "co_code"):
            show(unit, depth + 1)
    consts = [c for c in code.co_consts if not hasattr(c, "co_code")]
    print(" " * depth, code.co_name, consts, code.co_names, code.co_code.hex())


for text in TEXTS:
    for optimize in (0, 1, 2):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            code = compile(text, "text", "exec", optimize=optimize)
            print(repr(text), optimize, [(str(w.message), w.lineno) for w in found])
        show(code)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = compile(ast.parse(text), "text", "exec", optimize=optimize)
        print("of the tree the same:", again.co_code == code.co_code and again.co_consts == code.co_consts)
