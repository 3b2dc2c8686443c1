"""Dicts and sets used as stacks: taking the last entry again and again must leave a table in which a search ends."""
from collections import OrderedDict


def churn(make, add, take):
    table = make()
    for i in range(500):
        key = i * 1.25 + 7
        add(table, key)
        assert key in table
        assert (i,) not in table
        take(table)
        assert key not in table
    return len(table)


def put(table, key):
    table[key] = None


print(churn(dict, put, lambda d: d.popitem()))
print(churn(OrderedDict, put, lambda d: d.popitem()))
print(churn(set, set.add, lambda s: s.pop()))
stack = {"bottom": 0}
for i in range(200):
    for j in range(4):
        stack[str(i * 31 + j)] = j
    assert [stack.popitem()[1] for _ in range(4)] == [3, 2, 1, 0]
    assert str(i) + "x" not in stack
print(stack)
