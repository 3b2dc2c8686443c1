"""Dataclasses, frozen and plain, with default factories."""
from dataclasses import dataclass, field


@dataclass
class Order:
    number: int
    customer: str
    total: float = 0.0
    lines: list = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    article: str
    price: float


orders = []
for i in range(60_000):
    order = Order(i, f"customer {i % 100}")
    for k in range(3):
        order.lines.append(Line(f"article {k}", k * 1.25))
    order.total = sum(line.price for line in order.lines)
    orders.append(order)
print(sum(o.total for o in orders))
