"""When collections run by themselves: how many of each generation, and how far apart. CPython's free lists move the first one by a few
objects (what comes from a free list is not counted), so the distances are what is compared."""
# zeal: counts collections
import gc


class N:
    pass


def run(name, work, free_lists=False):
    seen, step = [], [0]

    def note(phase, info):
        if phase == "start":
            seen.append((step[0], info["generation"]))

    gc.collect()
    gc.callbacks.append(note)
    gc.collect()
    seen.clear()
    work(step)
    gc.callbacks.remove(note)
    generations = [generation for _, generation in seen]
    between = sorted({b - a for (a, _), (b, _) in zip(seen, seen[1:])})
    print(name, [generations.count(g) for g in range(3)], "" if free_lists else between)


def keep(make):
    def work(step):
        kept = []
        for i in range(30000):
            step[0] = i
            kept.append(make(i))
    return work


def cycles(step):
    for i in range(30000):
        step[0] = i
        n = N()
        n.me = n


def temporaries(step):
    for i in range(30000):
        step[0] = i
        n = [i]


def comprehension(step):
    kept = []
    for i in range(30):
        step[0] = i
        kept.append([[] for _ in range(1000)])


def popped(step):
    kept = []
    for i in range(30000):
        step[0] = i
        kept.append(N())
        if i % 3 == 2:
            kept.pop()


def many(step):
    kept = []
    for i in range(300000):
        step[0] = i
        kept.append(N())


print(gc.get_threshold())
run("instances", keep(lambda i: N()))
run("lists", keep(lambda i: []))
run("tuples", keep(lambda i: (i,)))
run("sets", keep(lambda i: {i}))
run("dicts", keep(lambda i: {1: i}), free_lists=True)
run("closures", keep(lambda i: (lambda: i)))
run("exceptions", keep(ValueError))
run("numbers and texts", keep(lambda i: (str(i), i * 1.5, object()) and None), free_lists=True)
run("cycles", cycles)
run("temporaries", temporaries)
run("comprehension", comprehension)
run("popped", popped, free_lists=True)
run("many", many, free_lists=True)
gc.set_threshold(700, 3, 2)
run("other thresholds", keep(lambda i: N()), free_lists=True)
gc.set_threshold(0)
run("none", keep(lambda i: N()))
gc.set_threshold(2000, 10, 10)
gc.disable()
run("disabled", keep(lambda i: N()))
