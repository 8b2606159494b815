"""What bundled files look like to a program. Prints nothing that depends on the place."""
import errno
import hashlib
import mmap
import os
import socket
import stat
import subprocess
import sys
import threading

LIB = "/usr/lib/python3.11"
OS = LIB + "/os.py"


def error(call, *args):
    try:
        return "no error: %r" % (call(*args),)
    except OSError as e:
        return errno.errorcode[e.errno]


def check(what, got, wanted):
    if got != wanted:
        print("%s: got %r, wanted %r" % (what, got, wanted))


def look():
    st = os.stat(OS)
    with open(OS, "rb") as f:
        fst = os.fstat(f.fileno())
        check("fstat", fst, st)
        check("size", len(f.read()), st.st_size)
        check("fd link", os.readlink("/proc/self/fd/%d" % f.fileno()), OS)
        m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        f.seek(0)
        check("mmap", m[:], f.read())
        check("write", error(os.write, f.fileno(), b"x"), "EBADF")
    check("mode", stat.filemode(st.st_mode), "-rw-r--r--")
    check("other inode", os.stat(LIB + "/ast.py").st_ino != st.st_ino, True)
    check("by link", os.stat("/usr/bin/python3").st_ino, os.stat("/usr/bin/python3.11").st_ino)
    check("link", os.readlink("/usr/bin/python3"), "python3.11")
    link = os.lstat("/usr/bin/python3")
    check("lstat", (stat.S_ISLNK(link.st_mode), link.st_size), (True, len("python3.11")))
    check("read-only", os.statvfs(LIB).f_flag & os.ST_RDONLY, os.ST_RDONLY)
    check("access", [os.access(OS, m) for m in (os.F_OK, os.R_OK, os.W_OK, os.X_OK)],
          [True, True, False, False])
    check("xattr", os.listxattr(OS), [])
    maps = open("/proc/self/maps").read()
    check("maps", "/usr/bin/python3.11\n" in maps and "/libc.so.6\n" in maps, True)
    check("maps, host", "ferry" in maps or sys.argv[1] in maps, False)


def refuse():
    cases = [
        (open, (OS, "a"), "EROFS"), (open, (OS, "w"), "EROFS"), (open, (LIB + "/new", "w"), "EROFS"),
        (open, (LIB + "/none"), "ENOENT"), (open, (OS + "/x",), "ENOTDIR"), (open, (LIB,), "EISDIR"),
        (open, ("/nowhere/new", "w"), "ENOENT"), (open, (OS, "x"), "EEXIST"),
        (os.mkdir, (LIB,), "EEXIST"), (os.mkdir, (LIB + "/new",), "EROFS"), (os.rmdir, (LIB,), "EROFS"),
        (os.unlink, (OS,), "EROFS"), (os.unlink, (LIB + "/none",), "ENOENT"),
        (os.chmod, (OS, 0), "EROFS"), (os.utime, (OS,), "EROFS"), (os.truncate, (OS, 0), "EROFS"),
        (os.rename, (OS, "/tmp/x"), "EROFS"), (os.link, (OS, "/tmp/x"), "EXDEV"),
        (os.symlink, ("x", OS), "EEXIST"), (os.symlink, ("x", LIB + "/new"), "EROFS"),
        (os.listdir, (OS,), "ENOTDIR"), (os.chdir, (OS,), "ENOTDIR"), (os.execv, (OS, ["x"]), "EACCES"),
        (os.open, (LIB, os.O_RDWR), "EISDIR"), (os.open, (OS, os.O_DIRECTORY), "ENOTDIR"),
        (os.open, ("/usr/bin/python3", os.O_NOFOLLOW), "ELOOP"), (os.readlink, (OS,), "EINVAL"),
        (os.stat, (OS + "/",), "ENOTDIR"),
    ]
    for call, args, wanted in cases:
        check("%s%r" % (call.__name__, args), error(call, *(args if isinstance(args, tuple) else (args,))),
              wanted)


def walk():
    names = os.listdir(LIB)
    check("listdir", "os.py" in names and "json" in names and len(names) == len(set(names)), True)
    check("entries", [e.name for e in os.scandir(LIB) if e.is_dir() and e.name == "json"], ["json"])
    fd = os.open(LIB, os.O_RDONLY | os.O_DIRECTORY)
    check("by descriptor", sorted(os.listdir(fd)), sorted(names))
    check("again", sorted(os.listdir(fd)), sorted(names))
    check("stat at", os.stat("os.py", dir_fd=fd), os.stat(OS))
    check("directory", (stat.S_ISDIR(os.fstat(fd).st_mode), error(os.read, fd, 10)), (True, "EISDIR"))
    check("in /proc", sorted(os.listdir("/proc/self/fd/%d" % fd)), sorted(names))
    # A directory that only has something of the bundle's shows the host's names too.
    os.makedirs("/usr/local/share/mine", exist_ok=True)
    check("merged", {"local", "lib", "bin"} <= set(os.listdir("/usr")), True)
    open("/usr/local/new", "w").write("x")
    check("written beside", os.listdir("/usr/local").count("new"), 1)


def change_directory():
    os.chdir(LIB)
    check("getcwd", (os.getcwd(), os.readlink("/proc/self/cwd")), (LIB, LIB))
    check("relative", (os.path.exists("os.py"), os.path.exists("../python3.11/json/tool.py")), (True, True))
    os.chdir("json")
    check("below", (os.getcwd(), "tool.py" in os.listdir(".")), (LIB + "/json", True))
    fd = os.open("..", os.O_RDONLY)
    os.fchdir(fd)
    check("fchdir", os.getcwd(), LIB)
    code = "import os; print(os.getcwd(), os.readlink('/proc/self/exe'))"
    for name in ("/usr/bin/python3", "/proc/self/exe", sys.executable):
        out = subprocess.run([name, "-c", code], capture_output=True, text=True).stdout
        wanted = LIB if name != sys.executable else "/"
        check("child " + name, out, "%s /usr/bin/python3.11\n" % wanted)
    os.chdir("/tmp")
    check("the host's", (os.getcwd(), os.path.exists("../usr/lib/python3.11/os.py")), ("/tmp", True))


def at_once():
    want = open(OS).read()
    bad = []

    def read():
        for _ in range(20):
            if open(OS).read() != want:
                bad.append(1)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for t in threads:
        t.start()
    for n in range(30):
        pid = os.fork()
        if pid == 0:
            os._exit(n if open(OS).read() == want else 99)
        check("fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), n)
    for t in threads:
        t.join()
    check("threads", bad, [])


def digest(data):
    return hashlib.sha256(data).hexdigest()


def libraries():
    """Large ELF files get their contents when somebody is about to look."""
    path = "/usr/lib/aarch64-linux-gnu/libssl.so.3"
    want = digest(open(path, "rb").read())

    def opened():
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.read(fd, 100)
        return fd

    def rest(fd):
        os.lseek(fd, 0, os.SEEK_SET)
        return digest(os.read(fd, 10**8))

    check("read", rest(opened()), want)
    check("pread", len(os.pread(opened(), 100, 4050)), 100)
    other = os.dup(opened())
    check("dup", (os.lseek(other, 0, os.SEEK_CUR), rest(other)), (100, want))
    fd = opened()
    check("by /proc", digest(open("/proc/self/fd/%d" % fd, "rb").read()), want)
    fd = opened()
    pid = os.fork()
    if pid == 0:
        os._exit(rest(fd) != want)
    check("fork", os.waitpid(pid, 0)[1], 0)
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [opened()])
    check("sent", rest(socket.recv_fds(right, 10, 1)[1][0]), want)
    code = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    out = subprocess.run(["/usr/bin/python3", "-c", code], stdin=fd, capture_output=True, text=True).stdout
    check("inherited", out, want + "\n")
    bad = []

    def read():
        for _ in range(20):
            fd = opened()
            if rest(fd) != want:
                bad.append(1)
            os.close(fd)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for t in threads:
        t.start()
    for _ in range(5):
        subprocess.run(["/usr/bin/python3", "-S", "-c", "pass"])
    for t in threads:
        t.join()
    check("read while others start", bad, [])


look()
libraries()
refuse()
walk()
change_directory()
at_once()
print("done")
