"""Where sum() compensates the error of floats, and where integers beyond 64 bits keep it from doing so."""


class Whole(int):
    pass


floats = [1e100, 1.0, -1e100]
starts = [0, 5, True, 1 << 62, (1 << 63) - 1, 1 << 63, 1 << 80, -(1 << 63), -(1 << 63) - 1, 1 << 200, Whole(3), 0.0, 0.5, 1j]
heads = [
    [],
    [1],
    [True],
    [1 << 62],
    [1 << 62, 1 << 62],
    [1 << 62, -(1 << 62)],
    [(1 << 63) - 1, 1],
    [(1 << 63) - 1, True],
    [1 << 63, -(1 << 63)],
    [1 << 80, -(1 << 80)],
    [1 << 130, -(1 << 130)],
    [Whole(2)],
    [False, 1 << 62, True],
]
for start in starts:
    for head in heads:
        print(start, head, sum(head + floats, start), sum(head + floats + [2j] + floats, start), sum(head, start))
