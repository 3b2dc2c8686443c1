"""Chains nest once for each link: generated programs have tens of thousands of them."""
import ast

LINKS = 25_000


class Chain:
    def __init__(self):
        self.links = 0

    @property
    def b(self):
        self.links += 1
        return self

    def __call__(self):
        self.links += 1
        return self

    def __getitem__(self, key):
        self.links += key
        return self


a = Chain()
for name, link in [("attributes", ".b"), ("calls", "()"), ("subscripts", "[1]"), ("methods", ".b()")]:
    a.links = 0
    exec(compile("a" + link * LINKS, name, "exec"))
    print(name, a.links)

x = 1
print("sums", eval("+".join(["x"] * LINKS)))
print("products", eval("*".join(["x"] * LINKS)))
print("texts", len(eval("+".join(["str(x)"] * LINKS))))
print("trees", eval(compile(ast.parse("-".join(["x"] * (LINKS // 5)), mode="eval"), "tree", "eval")))

for text in ["+".join(["x"] * 500_000), "a" + ".b" * 500_000]:
    try:
        compile(text, "too long", "exec")
    except RecursionError as error:
        print(type(error).__name__, "during compilation" in str(error))
