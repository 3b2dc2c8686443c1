"""Half a million instances with attributes."""


class Point:
    def __init__(self, x, y, name):
        self.x = x
        self.y = y
        self.name = name


points = [Point(i, i * 0.5, "p") for i in range(300_000)]
print(sum(p.x for p in points))
