"""faulthandler, sys._current_frames and the idents and names of threads."""
import faulthandler
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time


def shown(action):
    """What `action(file)` writes, without addresses, paths and lines of the library."""
    with tempfile.TemporaryFile("w+") as file:
        action(file)
        file.seek(0)
        text = file.read()
    text = re.sub(r"0x[0-9a-f]+", "0x...", text)
    text = re.sub(r" \[[^\]]*\] \(most", " (most", text)
    text = re.sub(r'File "[^"]*[/\\]([^"/\\]+)"', r'File "\1"', text)
    return re.sub(r'("threading.py"), line \d+', r"\1, line N", text)


def inner(file, all_threads):
    faulthandler.dump_traceback(file, all_threads=all_threads)


def sleeper(ready, done):
    ready.set()
    done.wait()


print(shown(lambda file: inner(file, False)))
ready, done = threading.Event(), threading.Event()
thread = threading.Thread(target=sleeper, args=(ready, done), name="sleeper")
thread.start()
ready.wait()
frames = sys._current_frames()
print(len(frames), frames[threading.get_ident()].f_code.co_name, thread.ident in frames)
names = []
frame = frames[thread.ident]
while frame:
    names.append(frame.f_code.co_name)
    frame = frame.f_back
print("sleeper" in names, names[-1])
print(shown(lambda file: inner(file, True)).count("(most recent call first)"))
done.set()
thread.join()


def later(file):
    faulthandler.dump_traceback_later(0.05, file=file)
    time.sleep(0.2)


def called_off(file):
    faulthandler.dump_traceback_later(10, file=file)
    faulthandler.cancel_dump_traceback_later()


def on_signal(file):
    faulthandler.register(signal.SIGUSR1, file=file, all_threads=False)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(faulthandler.unregister(signal.SIGUSR1), faulthandler.unregister(signal.SIGUSR1))


print(shown(later))
print(repr(shown(called_off)))
print(shown(on_signal))

try:
    raise KeyError("x")
except KeyError:
    print(list(sys._current_exceptions().values()))

for call in (
    lambda: faulthandler.dump_traceback_later(0),
    lambda: faulthandler.dump_traceback_later("x"),
    lambda: faulthandler.enable(file=3.5),
    lambda: faulthandler.enable(file=-1),
    lambda: faulthandler.register(signal.SIGSEGV),
    lambda: faulthandler.register(1111),
    lambda: faulthandler.dump_traceback(file="x"),
):
    try:
        call()
    except Exception as error:
        print(type(error).__name__, error)
print(faulthandler.is_enabled(), faulthandler.disable(), faulthandler.enable(), faulthandler.is_enabled(), faulthandler.disable())
for body in ("faulthandler._sigsegv()", "faulthandler._read_null()", "faulthandler._sigfpe()", "faulthandler._sigabrt()"):
    code = f"import faulthandler\nfaulthandler.enable(all_threads=False)\n{body}"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    print(child.returncode, child.stderr.splitlines()[0], child.stderr.splitlines()[3])
hits = []
signal.signal(signal.SIGUSR2, lambda number, frame: hits.append(number))
signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
print(hits == [signal.SIGUSR2])
