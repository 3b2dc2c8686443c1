"""Lists of integers and floats."""
whole = [i * 1000 for i in range(600_000)]
real = [i * 0.25 for i in range(600_000)]
pairs = [(i, float(i)) for i in range(200_000)]
print(sum(whole), sum(real), len(pairs))
