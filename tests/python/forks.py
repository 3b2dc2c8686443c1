"""A child process made by fork has one thread; the handles of the others are done, and waiting for them ends."""

import os
import sys
import threading
import time
import warnings


def child_says(work):
    """Runs `work` in a child; what it returned, as text."""
    reading, writing = os.pipe()
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        pid = os.fork()
    if pid == 0:
        text = ascii(work()).encode()
        os.write(writing, text)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return text, status, [(w.category.__name__, str(w.message).replace(str(os.getpid()), "PID")) for w in given]


print(child_says(lambda: "alone"))

stop = threading.Event()
worker = threading.Thread(target=stop.wait, daemon=True)
worker.start()


def seen():
    worker.join(5)
    return (
        worker.is_alive(),
        threading.active_count(),
        threading.current_thread() is threading.main_thread(),
        len(sys._current_frames()),
    )


print(child_says(seen))
print(worker.is_alive(), threading.active_count())

result = []


def from_a_thread():
    result.append(child_says(lambda: (threading.active_count(), threading.current_thread() is threading.main_thread())))


forker = threading.Thread(target=from_a_thread)
forker.start()
forker.join()
print(result)


def uses_threads():
    other = threading.Thread(target=lambda: None)
    other.start()
    other.join()
    lock = threading.Lock()
    return lock.acquire(timeout=0.01), lock.acquire(timeout=0.01), threading.active_count()


print(child_says(uses_threads))
stop.set()
worker.join()

lock = threading.Lock()
lock.acquire()
for timeout in (float("nan"), -2, "soon", None, 1e300):
    try:
        print(lock.acquire(timeout=timeout))
    except Exception as error:
        print(type(error).__name__, error)
