"""A graph with cycles: nodes that know each other, found again by a breadth-first walk."""
from collections import deque


class Node:
    def __init__(self, number):
        self.number = number
        self.neighbours = set()
        self.parent = None


nodes = [Node(i) for i in range(60_000)]
for node in nodes:
    for step in (1, 7, 131):
        other = nodes[(node.number * step + step) % len(nodes)]
        node.neighbours.add(other)
        other.neighbours.add(node)
seen = {0}
queue = deque([nodes[0]])
while queue:
    node = queue.popleft()
    for other in node.neighbours:
        if other.number not in seen:
            seen.add(other.number)
            other.parent = node
            queue.append(other)
print(len(seen))
