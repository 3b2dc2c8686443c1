"""Events of trace functions, profile functions and tools, as CPython tells them."""
import sys
import threading


def branches(n):
    total = 0
    for i in range(n):
        if i % 2:
            continue
        while True:
            total += i
            break
    else:
        total += 1
    return [x for x in range(2)] and total


def one_line(): return 1


def failing(d):
    try:
        d['k']
    except KeyError as e:
        try:
            raise ValueError from e
        finally:
            len(d)
    return 3


def generator():
    try:
        got = yield 1
        got = yield from inner()
    except ValueError:
        yield 3
    finally:
        one_line()


def inner():
    while (yield 2): pass
    return 5


class Iterator:
    left = 2

    def __iter__(self): return self

    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return self.left


async def numbers():
    for i in range(2):
        yield i


async def coroutine():
    async for i in numbers(): pass
    return [i async for i in numbers()]


class Base:
    def method(self): return 1


class Derived(Base):
    def method(self):
        return super().method()


def work():
    branches(3)
    one_line()
    try:
        failing({})
    except ValueError:
        pass
    g = generator()
    next(g)
    g.send(1)
    g.send(True)
    g.throw(ValueError)
    g.close()
    for i in inner(): pass
    for i in Iterator(): pass
    try:
        coroutine().send(None)
    except StopIteration as e:
        e.value
    Derived().method()
    "".join(["a"])
    one_line(*())
    match [1, {'a': 2}]:
        case [1, {'b': x}]: pass
        case [_, {'a': x}] if x: pass


def shown(x):
    return repr(x) if isinstance(x, (int, str)) or x is None else type(x).__name__


def is_ours(code):
    return code.co_filename == __file__ and code.co_name not in ('report', 'install', 'callback')


def report(title, log):
    print(title, len(log))
    for line in log:
        print(' ', *line)


log = []


def tracer(frame, event, arg):
    if not is_ours(frame.f_code):
        return None
    what = shown(arg[1]) if event == 'exception' else shown(arg)
    log.append((frame.f_code.co_name, event, frame.f_lineno, what))
    return tracer


def opcode_tracer(frame, event, arg):
    frame.f_trace_opcodes = True
    if event == 'opcode':
        log.append((frame.f_code.co_name, frame.f_lasti, frame.f_lineno))
    return opcode_tracer


def profiler(frame, event, arg):
    if is_ours(frame.f_code):
        log.append((frame.f_code.co_name, event, frame.f_lineno, getattr(arg, '__name__', '')))


sys.settrace(tracer)
work()
sys.settrace(None)
report('trace', log)
log.clear()
sys.settrace(opcode_tracer)
failing({1: 2, 'k': 3})
sys.settrace(None)
report('opcodes', log)
log.clear()
sys.setprofile(profiler)
work()
sys.setprofile(None)
report('profile', log)

monitoring = sys.monitoring
events = monitoring.events
monitoring.use_tool_id(3, 'test')


def install(names, disable):
    wanted = 0
    for name in names.split():
        event = getattr(events, name)

        def callback(code, *args, name=name, local=event < events.RAISE):
            if is_ours(code):
                log.append((code.co_name, name, *map(shown, args)))
            if disable and local:
                return monitoring.DISABLE

        monitoring.register_callback(3, event, callback)
        wanted |= event
    monitoring.set_events(3, wanted)


for names, disable in [
    ('LINE', False),
    ('LINE', True),
    ('LINE PY_START', True),
    ('PY_START PY_RESUME PY_RETURN PY_YIELD PY_UNWIND PY_THROW', False),
    ('RAISE RERAISE EXCEPTION_HANDLED STOP_ITERATION', False),
    ('BRANCH_LEFT BRANCH_RIGHT JUMP', False),
    ('BRANCH_LEFT BRANCH_RIGHT LINE INSTRUCTION', True),
    ('BRANCH', True),
    ('CALL C_RETURN C_RAISE', False),
]:
    log.clear()
    install(names, disable)
    work()
    work()
    monitoring.set_events(3, 0)
    monitoring.restart_events()
    monitoring.clear_tool_id(3)
    report(names + ' DISABLE' * disable, log)

# Another tool joins in the middle; one function is watched on its own.
monitoring.use_tool_id(4, 'other')
log.clear()
monitoring.register_callback(4, events.LINE, lambda code, line: log.append(('other', code.co_name, line)))
monitoring.set_local_events(4, branches.__code__, events.LINE)
install('LINE PY_START', False)
branches(1)
monitoring.set_local_events(4, branches.__code__, 0)
branches(1)
monitoring.set_events(3, 0)
monitoring.free_tool_id(3)
monitoring.free_tool_id(4)
report('two tools', log)


def jumper(frame, event, arg):
    if event == 'line' and frame.f_lineno == jumps.__code__.co_firstlineno + 2:
        frame.f_lineno += 2
    return jumper


def jumps():
    out = [1]
    out.append(2)
    out.append(3)
    out.append(4)
    return out


sys.settrace(jumper)
result = jumps()
sys.settrace(None)
print(result)


def other_thread():
    started.set()
    stop.wait()
    one_line()


log.clear()
started, stop = threading.Event(), threading.Event()
thread = threading.Thread(target=other_thread)
thread.start()
started.wait()
threading.settrace_all_threads(tracer)
stop.set()
thread.join()
threading.settrace_all_threads(None)
report('threads', [entry for entry in log if entry[0] == 'one_line'])


# A frame that stands where another stood remembers nothing of it.
def ends_by_raising():
    raise LookupError


def traced_again():
    seen = []

    def tracer(frame, event, argument):
        seen.append((frame.f_lineno - ends_by_raising.__code__.co_firstlineno, event))
        return tracer

    sys.settrace(tracer)
    try:
        ends_by_raising()
    except LookupError:
        pass
    sys.settrace(None)
    return [entry for entry in seen if 0 <= entry[0] <= 1]


for _ in range(3):
    print(traced_again())
