"""Auditing events of many operations, in the order in which hooks hear of them."""
import sys, os, marshal, gc, time, socket, _thread, tempfile, pickle, warnings
folder = os.path.realpath(tempfile.mkdtemp())
seen = []
on = False
def show(value):
    text = repr(value).replace(folder, "TMP").replace(sys.executable, "EXE")
    text = text.split(" at 0x")[0]
    return "ID" if text in (str(os.getpid()), str(os.getpgid(0))) else text
def hook(event, args):
    if on and not event.startswith(("import", "sys._getframe")):
        seen.append((event, [show(a) for a in args]))
sys.addaudithook(hook)
class A: pass
class B: pass
class C(A): pass
def f(a=1): pass
path = folder + "/x"
def op(what):
    global on
    seen.clear()
    on = True
    try:
        what()
    except Exception as e:
        seen.append(("raised", [type(e).__name__]))
    finally:
        on = False
    for event, args in seen:
        print("  ", event, *args)
def step(name, what):
    print(name)
    op(what)
step("open", lambda: open(path, "w").close())
step("open b", lambda: open(path, "rb").close())
step("open a", lambda: open(path, "a+").close())
step("os.open", lambda: os.close(os.open(path, os.O_RDONLY)))
step("chmod", lambda: os.chmod(path, 0o600))
step("chown", lambda: os.chown(path, -1, -1))
step("rename", lambda: os.rename(path, path + "y"))
step("replace", lambda: os.replace(path + "y", path))
step("link", lambda: os.link(path, path + "l"))
step("symlink", lambda: os.symlink(path, path + "s"))
step("truncate", lambda: os.truncate(path, 3))
step("utime", lambda: os.utime(path))
step("mkdir", lambda: os.mkdir(path + "d"))
step("rmdir", lambda: os.rmdir(path + "d"))
step("listdir", lambda: os.listdir(folder))
step("scandir", lambda: list(os.scandir(folder)))
step("remove", lambda: [os.remove(path + s) for s in "ls"])
step("unlink", lambda: os.unlink(path))
step("chdir", lambda: os.chdir(folder))
step("kill", lambda: os.kill(os.getpid(), 0))
group = str(os.getpgid(0))
step("killpg", lambda: os.killpg(int(group), 0))
step("system", lambda: os.system("true"))
step("putenv", lambda: os.putenv("AUDIT_X", "1"))
step("unsetenv", lambda: os.unsetenv("AUDIT_X"))
step("marshal", lambda: (marshal.dumps([1.5]), marshal.loads(b"N")))
step("compile", lambda: compile("1", "name", "eval"))
step("eval", lambda: eval("1"))
step("exec", lambda: exec("1"))
step("exec code", lambda: exec(compile("1", "name", "exec")))

step("name", lambda: setattr(C, "__name__", "X"))
step("bases", lambda: setattr(C, "__bases__", (B,)))
step("class", lambda: setattr(A(), "__class__", B))
step("code", lambda: setattr(f, "__code__", f.__code__))
step("defaults", lambda: setattr(f, "__defaults__", None))
step("kwdefaults", lambda: setattr(f, "__kwdefaults__", {}))
step("gc", lambda: (gc.get_referrers(f), gc.get_referents(5), gc.get_objects(2)))
step("sleep", lambda: time.sleep(0.0))
step("gethostname", socket.gethostname)
step("socket", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close())
step("trace", lambda: (sys.settrace(None), sys.setprofile(None)))
step("hooks", lambda: sys.set_asyncgen_hooks(None, None))
step("pickle", lambda: pickle.loads(b"cbuiltins\nlen\n."))
os.chdir("/")
os.rmdir(folder)
