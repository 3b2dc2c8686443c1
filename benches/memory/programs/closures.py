"""Functions made at run time, their cells and bound methods."""


def adder(n):
    def add(x):
        return x + n

    return add


class Holder:
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n


functions = [adder(i) for i in range(150_000)]
methods = [Holder(i).get for i in range(100_000)]
lambdas = [lambda x=i: x for i in range(50_000)]
print(sum(f(1) for f in functions) + sum(m() for m in methods) + sum(f() for f in lambdas))
