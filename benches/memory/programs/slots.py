"""Instances with __slots__."""


class Node:
    __slots__ = ("key", "left", "right")

    def __init__(self, key):
        self.key = key
        self.left = self.right = None


nodes = [Node(i) for i in range(400_000)]
print(sum(n.key for n in nodes))
