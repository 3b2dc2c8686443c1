"""Many strings, short and long, and a set and a dict of them."""
words = [f"word number {i}" for i in range(300_000)]
longer = [("text %d " % i) * 8 for i in range(50_000)]
unique = set(words)
counts = {w: len(w) for w in longer}
wide = ["\u4f60\u597d %d" % i for i in range(50_000)]
print(len(unique), sum(counts.values()), len(wide))
