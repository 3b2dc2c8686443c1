"""Futures and tasks as the native module makes them: states, callbacks, awaiting, cancelling, contexts, eager tasks, messages."""
import asyncio
import asyncio.tasks
import contextvars
import gc
import weakref

import _asyncio

loop = asyncio.new_event_loop()


def show(label, f):
    try:
        print(label, "->", f())
    except BaseException as exc:
        print(label, "!", type(exc).__name__, exc)


print(asyncio.Future is _asyncio.Future, asyncio.Task is _asyncio.Task is asyncio.tasks._CTask)
print(asyncio.tasks._c_current_task is asyncio.current_task, issubclass(asyncio.Task, asyncio.Future))
print(asyncio.Future.__module__, asyncio.Task[int], asyncio.Future[str])

# A future's life.
f = asyncio.Future(loop=loop)
show("pending", lambda: f)
show("result", f.result)
show("exception", f.exception)
show("callbacks", lambda: f._callbacks)
f.add_done_callback(print)
f.add_done_callback(repr, context=None)
show("callbacks", lambda: [pair[0] for pair in f._callbacks])
show("removed", lambda: f.remove_done_callback(print))
show("bad exception", lambda: f.set_exception(3))
show("stop", lambda: f.set_exception(StopIteration("a")))
show("kept", f.exception)
show("cause", lambda: repr(f.exception().__cause__))
show("twice", lambda: f.set_result(1))
show("cancel", f.cancel)
show("flag", lambda: setattr(f, "_log_traceback", True))
show("deleted", lambda: delattr(f, "_cancel_message"))
show("args", lambda: asyncio.Future(loop))
g = asyncio.Future(loop=loop)
g.cancel("why")
show("cancelled", g.result)
show("again", lambda: g.set_result(1))
show("message", lambda: g._cancel_message)
bare = asyncio.Future.__new__(asyncio.Future)
for name in ("_state", "_callbacks", "_loop", "_log_traceback", "_asyncio_awaited_by"):
    show(name, lambda: getattr(bare, name))
for name in ("result", "done", "cancel", "get_loop", "__await__", "__repr__"):
    show(name, lambda: getattr(bare, name)())

# What await runs.
h = asyncio.Future(loop=loop)
it = iter(h)
show("yields itself", lambda: next(it) is h)
show("blocking", lambda: h._asyncio_future_blocking)
show("misuse", lambda: next(it))
h.set_result("done")
show("value", lambda: it.send(None))
show("throw", lambda: iter(h).throw(ValueError("thrown")))
show("throw what", lambda: iter(h).throw(3))
closed = iter(h)
closed.close()
show("closed", lambda: next(closed))

# Tasks.
show("no coroutine", lambda: asyncio.Task(3, loop=loop))
show("no arguments", lambda: asyncio.Task())
show("outside", lambda: asyncio.current_task())
show("other loop", lambda: _asyncio._enter_task(loop, 3) if False else asyncio.current_task(loop))
var = contextvars.ContextVar("var", default="outside")


async def inner(value):
    await asyncio.sleep(0)
    return value


async def main():
    me = asyncio.current_task()
    print("me", me.get_name(), me in asyncio.all_tasks(), me.get_coro().__name__)
    task = asyncio.create_task(inner(5), name="five")
    print(repr(task).split(" coro")[0])
    print("five", await task, task.done(), task.result())
    numbered = asyncio.create_task(inner(1))
    print(numbered.get_name()[:5], await numbered)
    numbered.set_name(7)
    print(numbered.get_name())
    show("set_result", lambda: numbered.set_result(1))

    async def raises():
        await inner(0)
        raise KeyError("k")

    task = asyncio.create_task(raises())
    try:
        await task
    except KeyError as exc:
        frames = []
        tb = exc.__traceback__
        while tb:
            frames.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        print("raised", exc, frames)

    # Cancelling.
    async def stubborn():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as exc:
            print("asked", exc.args, asyncio.current_task().cancelling(), asyncio.current_task().uncancel())
        return "went on"

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    print(task.cancel("please"), task.cancelling(), task._must_cancel)
    print(await task, task.cancelled())

    async def obedient():
        await asyncio.sleep(10)

    task = asyncio.create_task(obedient())
    task.cancel("early")
    print("must", task._must_cancel)
    try:
        await task
    except asyncio.CancelledError as exc:
        print("cancelled", exc.args, task.cancelled(), repr(task).split(" coro")[0])
    print(task.cancel())

    # Contexts.
    async def sets():
        var.set("inside")
        await asyncio.sleep(0)
        return var.get()

    print(await asyncio.create_task(sets()), var.get())
    context = contextvars.copy_context()
    print(await asyncio.create_task(sets(), context=context), context[var])

    # Wrong yields.
    class Yields:
        def __init__(self, value):
            self.value = value

        def __await__(self):
            return (yield self.value)

    async def bad(value):
        await Yields(value)

    other = asyncio.new_event_loop()
    foreign = asyncio.Future(loop=other)
    for value in (3, asyncio.get_running_loop().create_future()):
        try:
            await asyncio.create_task(bad(value))
        except RuntimeError as exc:
            print(str(exc).split(" in task")[0])
    foreign._asyncio_future_blocking = True
    try:
        await asyncio.create_task(bad(foreign))
    except RuntimeError as exc:
        print(str(exc)[-28:])
    other.close()

    # A foreign future class.
    class Own:
        def __init__(self):
            self._loop = asyncio.get_running_loop()
            self._asyncio_future_blocking = True
            self.callbacks = []

        def get_loop(self):
            return self._loop

        def __await__(self):
            return (yield self)

        def add_done_callback(self, callback, *, context):
            self._loop.call_soon(callback, self, context=context)

        def result(self):
            raise OSError("of the foreign future")

    async def waits():
        await Own()

    try:
        await asyncio.create_task(waits())
    except OSError as exc:
        print("foreign", exc)

    # Who waits for whom.
    async def waiter(future):
        await future

    future = asyncio.get_running_loop().create_future()
    tasks = [asyncio.create_task(waiter(future)) for _ in range(2)]
    await asyncio.sleep(0)
    print(future._asyncio_awaited_by == frozenset(tasks), tasks[0]._fut_waiter is future)
    future.set_result(None)
    await asyncio.gather(*tasks)
    print(future._asyncio_awaited_by)

    # Subclasses.
    class Loud(asyncio.Task):
        def cancel(self, msg=None):
            print("loud", msg)
            return super().cancel(msg)

    task = Loud(asyncio.sleep(5), loop=asyncio.get_running_loop())
    outer = asyncio.create_task(waiter(task))
    await asyncio.sleep(0)
    outer.cancel("go")
    try:
        await outer
    except asyncio.CancelledError as exc:
        print("through", exc.args, task.cancelled())

    # Eager tasks.
    async def at_once():
        return asyncio.current_task().get_name()

    task = asyncio.Task(at_once(), loop=asyncio.get_running_loop(), name="eager", eager_start=True)
    print(task.done(), task.result(), asyncio.current_task() is me)
    task = asyncio.Task(inner("later"), loop=asyncio.get_running_loop(), eager_start=True)
    print(task.done(), await task)
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(inner(i)) for i in range(3)]
    print([part.result() for part in parts])
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    except TimeoutError:
        print("timeout", me.cancelling())
    print(len(asyncio.all_tasks()))


asyncio.run(main())

# What is said of futures and tasks that go too soon.
said = []
loop.set_exception_handler(lambda loop, context: said.append((context["message"], sorted(context))))
lost = asyncio.Future(loop=loop)
lost.set_exception(ValueError("lost"))
alive = weakref.ref(lost)
del lost
gc.collect()
print(alive(), said)
said.clear()
task = asyncio.Task(inner(0), loop=loop)
print(asyncio.all_tasks(loop) == {task})
loop._ready.clear()
del task
gc.collect()
print(said, asyncio.all_tasks(loop))
loop.close()

# Running loops and current tasks by hand, as other event loops do.
_asyncio._set_running_loop(loop)
show("enter", lambda: _asyncio._enter_task(loop, 4))
show("enter again", lambda: _asyncio._enter_task(loop, 5))
show("leave other", lambda: _asyncio._leave_task(loop, 5))
show("swap", lambda: _asyncio._swap_current_task(loop, 5))
show("leave", lambda: _asyncio._leave_task(loop, 5))
show("no such loop", lambda: _asyncio._leave_task(3, 5))
_asyncio._set_running_loop(None)
show("none", asyncio.get_running_loop)
