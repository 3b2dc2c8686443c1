# os on the posix module: paths, descriptors, processes, times.
import os, sys, errno, stat, time, signal, select, tempfile, pwd, grp, resource, fcntl

def show(f, *a, **k):
    try:
        r = f(*a, **k)
    except Exception as e:
        r = f"{type(e).__name__}: {e}"
    print(repr(r).replace(top, "TOP") if isinstance(r, (str, bytes)) or not hasattr(r, "n_fields") else type(r).__name__)

top = tempfile.mkdtemp()
os.chdir(top)
show(os.mkdir, "d"); show(os.mkdir, "d"); show(os.rmdir, "no"); show(os.listdir); show(os.listdir, b"."); show(os.stat, "no"); show(os.stat, 5.5); show(os.mkdir, "a\0b")
fd = os.open("f", os.O_RDWR | os.O_CREAT, 0o640); show(os.write, fd, b"hello"); show(os.lseek, fd, 1, 0); show(os.read, fd, 3); show(os.pread, fd, 2, 0); show(os.ftruncate, fd, 2); show(os.fstat, fd); print(os.fstat(fd).st_size, oct(os.stat("f").st_mode), stat.filemode(os.stat("f").st_mode)); show(os.get_inheritable, fd); os.set_inheritable(fd, True); show(os.get_inheritable, fd); show(os.close, fd); show(os.close, fd); show(os.read, fd, 1)
show(os.symlink, "f", "l"); show(os.readlink, "l"); show(os.readlink, b"l"); print(os.lstat("l").st_mode != os.stat("l").st_mode); show(os.link, "f", "h"); print(os.stat("h").st_nlink); show(os.rename, "h", "g"); show(os.rename, "zz", "yy"); show(os.access, "g", os.R_OK); show(os.access, "zz", os.R_OK); show(os.chmod, "g", 0o600); show(os.utime, "g", (1, 2.5)); print(os.stat("g").st_mtime, os.stat("g").st_atime_ns); show(os.utime, "g", ns=(5, 6)); print(os.stat("g").st_mtime_ns); show(os.utime, "g", 5)
print(sorted((e.name, e.is_dir(), e.is_file(), e.is_symlink()) for e in os.scandir()))
for root, dirs, files in os.walk("."): print(root, sorted(dirs), sorted(files))
show(os.unlink, "l"); show(os.remove, "l"); show(os.truncate, "g", 1); print(os.path.getsize("g"))
r, w = os.pipe(); show(os.write, w, b"x" * 10); show(os.readv, r, [bytearray(4), bytearray(4)]); show(select.select, [r], [], [], 0); print(len(select.select([r], [w], [], 0)[1])); p = select.poll(); p.register(r, select.POLLIN); print(p.poll(0) == [(r, select.POLLIN)]); e = select.epoll(); e.register(r); print(e.poll(0) == [(r, 1)]); e.close(); show(e.poll)
pid = os.fork()
if pid == 0: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); show(os.waitpid, -1, 0); show(os.kill, 2**22 + 5, 0)
show(os.strerror, 2); print(errno.errorcode[errno.ENOENT], errno.EAGAIN == errno.EWOULDBLOCK); show(os.sysconf, "SC_PAGESIZE"); show(os.sysconf, "x"); show(os.fspath, 5); show(os.fspath, b"a"); show(os.fsencode, "a\udc80"); show(os.fsdecode, b"\xff"); show(os.urandom, -1); print(len(os.urandom(5)))
os.environ["OPHI_X"] = "1"; print(os.getenv("OPHI_X"), os.environb[b"OPHI_X"]); os.system("echo $OPHI_X"); del os.environ["OPHI_X"]; show(lambda: os.environ["OPHI_X"])
print(os.posix_spawn("/bin/echo", ["echo", "spawned"], {}) > 0, os.wait()[1])
print(os.path.normpath("/a/../b//c/."), os.path.normpath("//x"), os.path.normpath("///x/.."), os.path.normpath(""), os.path.normpath("../.."), os.path.splitroot("//a/b"))
print(os.terminal_size((80, 24)), os.stat_result(range(10)), os.times_result((1, 2, 3, 4, 5)).elapsed); show(os.stat_result, range(5)); show(os.stat_result(range(10)).__reduce__)
print(time.gmtime(0), time.asctime(time.gmtime(86400)), time.strftime("%Y-%m-%d %j %%", time.gmtime(1e9))); show(time.sleep, -1); show(time.gmtime, float("nan")); show(time.strftime, "%Y", (1, 2)); show(time.mktime, (2000, 1, 1, 0, 0, 0, 0, 0, 0)); show(time.strptime, "2001-02-03", "%Y-%m-%d"); print(time.get_clock_info("monotonic"), time.struct_time(range(9)).tm_zone, time.tzname)
def handler(n, frame): print("signal", n, frame is not None)
print(signal.signal(signal.SIGUSR1, handler)); os.kill(os.getpid(), signal.SIGUSR1); print(signal.getsignal(signal.SIGUSR1) is handler); signal.raise_signal(signal.SIGUSR1); show(signal.signal, 0, 0); show(signal.signal, 2, 5); print(signal.getsignal(signal.SIGINT), signal.strsignal(2)); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.signal(signal.SIGALRM, handler); t = time.monotonic(); time.sleep(0.05); print(time.monotonic() - t >= 0.05); show(signal.pthread_sigmask, signal.SIG_BLOCK, [0])
try: os.kill(os.getpid(), signal.SIGINT); time.sleep(1)
except KeyboardInterrupt as e: print("interrupted", e.args)
print(pwd.getpwuid(0).pw_name, grp.getgrgid(0)[0]); show(pwd.getpwnam, "no such"); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0, resource.getrusage(0).ru_maxrss > 0); show(resource.setrlimit, 1, (5, 1)); print(fcntl.fcntl(r, fcntl.F_GETFD)); show(fcntl.flock, 999, 1)
import subprocess; print(subprocess.run(["cat"], input=b"via cat", capture_output=True).stdout, subprocess.run("exit 3", shell=True).returncode); show(subprocess.run, ["/no/such"]); print(subprocess.check_output(["sh", "-c", "pwd"], cwd="/", text=True))
import socket; a, b = socket.socketpair(); a.sendall(b"ping"); print(b.recv(10), a.family, a.type); a.settimeout(0.01); show(a.recv, 1); s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); d, addr = s.accept(); print(addr == c.getsockname()); d.sendall(b"x\ny"); print(c.makefile("rb").readline()); show(socket.getaddrinfo, "127.0.0.1", 80, 0, 1); show(socket.inet_aton, "1.2.3"); show(socket.htons, 70000); show(s.bind, 5)
import shutil; os.chdir("/"); shutil.rmtree(top); print(os.path.exists(top))
