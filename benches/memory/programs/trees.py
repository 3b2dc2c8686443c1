"""Deep and wide trees of tuples, and a long chain of lists."""


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else (None, None)


def count(node):
    return 1 + sum(count(child) for child in node if child is not None)


grown = [tree(14) for _ in range(8)]
chain = None
for i in range(200_000):
    chain = [i, chain]
print(sum(map(count, grown)))
