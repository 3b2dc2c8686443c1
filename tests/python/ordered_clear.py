# What an OrderedDict gives up when it is cleared: the values, then the keys, in order.
from collections import OrderedDict


class Told:
    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __del__(self):
        print(self.name, end=" ")


class Sub(OrderedDict):
    pass


for kind in OrderedDict, Sub:
    ordered = kind((Told(f"key{i}"), Told(f"value{i}")) for i in range(4))
    ordered.clear()
    print("| cleared", len(ordered))
    ordered[Told("key")] = Told("value")
    ordered.popitem()
    print("| popped")
