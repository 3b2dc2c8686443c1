"""Dicts of dicts."""
table = {}
for i in range(60_000):
    table[f"user{i}"] = {"id": i, "score": i * 1.5, "tags": {"a": i % 7, "b": i % 11}}
print(sum(row["tags"]["a"] for row in table.values()))
