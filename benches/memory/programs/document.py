"""A JSON document written and read."""
import json

rows = [{"id": i, "name": f"name {i}", "values": [i, i * 0.5, None, True], "nested": {"a": "x", "b": [1, 2]}}
        for i in range(30_000)]
text = json.dumps(rows)
back = json.loads(text)
print(len(text), back == rows)
