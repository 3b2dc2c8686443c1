# Modules of the library that ordinary programs lean on.
import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import json
import re
import threading


@dataclasses.dataclass
class Point:
    x: int
    y: int = 3


class Color(enum.Enum):
    RED = 1
    GREEN = 2


async def answer():
    await asyncio.sleep(0.001)
    return 42


print(json.dumps({"a": [1, 2.5, None, True, "x\u00e9"]}), json.loads('{"k": [1, 2, {"z": null}]}'))
print(re.findall(r"(\w+)@(\w+)", "a@b c@d"), re.sub(r"\d+", lambda m: f"<{m[0]}>", "a1b22"))
print(collections.Counter("abracadabra").most_common(2), collections.deque([1, 2, 3], maxlen=2))
print(list(itertools.islice(itertools.count(5), 3)), list(itertools.combinations("abc", 2)))
print(Point(1), Point(1) == Point(1, 3), Color.RED, list(Color))
print(datetime.date(2024, 2, 29), decimal.Decimal("1.1") + 1, fractions.Fraction(1, 3) + 1)
print(asyncio.run(answer()))
seen = []
threads = [threading.Thread(target=seen.append, args=(i,)) for i in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(seen))
