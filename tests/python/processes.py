"""Processes that share locks, queues and memory; the log; identifiers by time. What the native modules refuse, and how."""
import _multiprocessing
import _posixshmem
import multiprocessing
import os
import syslog
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory


def show(label, f):
    try:
        print(label, "->", f())
    except BaseException as exc:
        print(label, "!", type(exc).__name__, exc)


def put(queue, lock, number):
    with lock:
        queue.put((number, number * number))


def square(number):
    return number * number


def add(value, times):
    for _ in range(times):
        with value.get_lock():
            value.value += 1


def main():
    context = multiprocessing.get_context("fork")
    queue, lock = context.Queue(), context.Lock()
    workers = [context.Process(target=put, args=(queue, lock, i)) for i in range(3)]
    for worker in workers:
        worker.start()
    print(sorted(queue.get() for _ in workers))
    for worker in workers:
        worker.join()
    print([worker.exitcode for worker in workers])
    with context.Pool(2) as pool:
        print(pool.map(square, range(5)))
    value = context.Value("i", 0)
    workers = [context.Process(target=add, args=(value, 50)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(value.value)
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        print(list(executor.map(square, range(4))))
    rlock = context.RLock()
    with rlock, rlock:
        print(rlock)
    show("rlock", rlock.release)
    bounded = context.BoundedSemaphore(1)
    print(bounded.acquire(), bounded.acquire(False), bounded.acquire(True, 0.01))
    bounded.release()
    show("bounded", bounded.release)
    event, barrier = context.Event(), context.Barrier(1)
    event.set()
    print(event.wait(1), barrier.wait())

    memory = shared_memory.SharedMemory(create=True, size=100)
    memory.buf[:3] = b"abc"
    other = shared_memory.SharedMemory(memory.name)
    print(bytes(other.buf[:4]), other.size)
    other.close()
    memory.close()
    memory.unlink()
    items = shared_memory.ShareableList([1, "a", 2.5, None, b"x"])
    print(list(items))
    items.shm.close()
    items.shm.unlink()


main()

name = f"/ophi-golden-{os.getpid()}"
Lock = _multiprocessing.SemLock
print(_multiprocessing.flags, Lock.SEM_VALUE_MAX)
show("no arguments", lambda: Lock())
show("kind", lambda: Lock(5, 1, 1, name, True))
show("null", lambda: Lock(0, 1, 1, "a\0", True))
show("slash", lambda: Lock(0, 1, 1, "/a/b", True))
kept = Lock(0, 1, 1, name, False)
print(kept.name == name, kept.kind, kept.maxvalue, type(kept.handle))
show("again", lambda: Lock(0, 1, 1, name, False))
again = Lock._rebuild(0, 0, 1, name)
print(again.name == name, again._get_value(), again.acquire(), kept._get_value(), kept._is_zero(), kept._is_mine())
again.release()
show("not owned", again.release)
show("unlink", lambda: _multiprocessing.sem_unlink(name))
show("gone", lambda: _multiprocessing.sem_unlink(name))
show("wrong", lambda: _multiprocessing.sem_unlink(3))
lock = Lock(0, 1, 1, name, True)
print(lock.name, lock.acquire(), lock.acquire(), lock._count(), lock._is_mine())
lock._after_fork()
print(lock._count())
semaphore = Lock(1, 1, 3, name, True)
print(semaphore.__enter__(), semaphore.acquire(False), semaphore.acquire(timeout=-1), semaphore.__exit__())
for _ in range(3):
    show("release", semaphore.release)
show("attribute", lambda: setattr(semaphore, "kind", 1))
show("timeout", lambda: Lock(1, 0, 1, name, True).acquire(True, "b"))
show("shm", lambda: _posixshmem.shm_open("/ophi-no-such", 0))
show("shm null", lambda: _posixshmem.shm_open("a\0", 0))
show("shm wrong", lambda: _posixshmem.shm_open(3, 0))
show("shm unlink", lambda: _posixshmem.shm_unlink("/ophi-no-such"))

show("syslog", lambda: syslog.syslog())
show("syslog", lambda: syslog.syslog("a", "b"))
show("syslog", lambda: syslog.syslog(3))
show("syslog", lambda: syslog.syslog("x\0"))
show("openlog", lambda: syslog.openlog(3))
show("openlog", lambda: syslog.openlog("golden", logoption=syslog.LOG_PID, facility=syslog.LOG_USER))
show("mask", lambda: (syslog.setlogmask(syslog.LOG_UPTO(syslog.LOG_EMERG)), syslog.setlogmask(255)))
print(syslog.LOG_MASK(3), syslog.LOG_UPTO(4), syslog.LOG_MASK(40))
show("closelog", syslog.closelog)

first, second = uuid.uuid1(), uuid.uuid1()
print(first.version, first.variant, first != second, 0 <= second.time - first.time < 10**7, first.clock_seq == second.clock_seq)
