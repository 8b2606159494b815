# python3: the modules that lean on the runtime most: json, re, decimal, threads, processes, asyncio,
# native libraries
# sqlite3, ctypes.
# native-sed: s/x86_64/aarch64/g
# limit: 120
cat >p.py <<'END'
import json, re, decimal, threading, subprocess, asyncio, sqlite3, ctypes, sys, os, hashlib, zlib, bz2, lzma, struct, math, random, collections, itertools, functools, fractions, signal, time, socket, select, mmap, tempfile, pickle, platform, queue, concurrent.futures, contextlib, faulthandler, multiprocessing, array, heapq, datetime, uuid, base64, csv, io, statistics, textwrap, unicodedata, secrets, traceback, errno, gc, weakref
def head(x): print('==', x, flush=True)
head('json'); d = [{'k%d' % i: [i * 0.37, None, True, 'é\n' * (i % 3)]} for i in range(400)]; s = json.dumps(d, sort_keys=True); print(hashlib.sha256(s.encode()).hexdigest(), json.loads(s) == d)
try: json.loads('{"a": ')
except ValueError as e: print(e)
head('re'); t = ' '.join('word%d=%d' % (i, i * i) for i in range(2000)); print(sum(int(m[2]) for m in re.finditer(r'(\w+?)(?:\d+)=(\d+)', t)), re.sub(r'(?P<a>\d)(\d)', r'\2\g<a>', 'x12y34'), re.split(r'[,;]\s*', 'a, b;c'), re.fullmatch(r'(?:a|ab)(?:c|bcd)(?<=d)', 'abcd'))
head('decimal'); decimal.getcontext().prec = 100; print(decimal.Decimal(2).sqrt(), decimal.Decimal(1).exp(), decimal.Decimal('1e-50') / 3); print(fractions.Fraction(1, 3) ** 20, 3 ** 500 % 10 ** 40, math.factorial(60), math.isqrt(10 ** 60))
head('float'); x = [math.sin(i) * math.exp(i / 500) for i in range(3000)]; print(repr(sum(x)), repr(math.fsum(x)), statistics.stdev(x[:100]), float('nan'), 1e308 * 10, round(2.675, 2), (0.1).hex(), 2 ** 0.5, math.gamma(5.5), math.erf(0.3), divmod(-7.5, 2), int(1e22), cmath if False else complex(1, 2) ** 2)
head('random'); random.seed(42); print(random.random(), random.sample(range(1000), 5), random.gauss(0, 1), random.getrandbits(100))
head('threading'); n = 0; l = threading.Lock(); ev = threading.Event()
def w():
    global n
    ev.wait()
    for _ in range(2000):
        with l: n += 1
ts = [threading.Thread(target=w) for _ in range(8)]; [t.start() for t in ts]; ev.set(); [t.join() for t in ts]; print(n); q = queue.Queue(); threading.Thread(target=lambda: [q.put(i) for i in range(100)]).start(); print(sum(q.get() for _ in range(100)))
with concurrent.futures.ThreadPoolExecutor(4) as ex: print(sum(ex.map(lambda i: zlib.crc32(bytes([i % 256]) * 1000), range(50))))
head('subprocess'); print(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True)); p = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE); print(p.communicate(b'x' * 100000)[0].count(b'x'))
try: subprocess.run(['/nosuch'])
except OSError as e: print(e.errno, e.filename)
try: subprocess.run(['sleep', '5'], timeout=0.3)
except subprocess.TimeoutExpired: print('timeout')
p = subprocess.Popen(['sleep', '9']); p.terminate(); print(p.wait()); print(subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.argv[1:], sys.maxsize)', 'a', 'b c']))
head('asyncio')
async def echo(r, w): w.write((await r.readline()).upper()); await w.drain(); w.close()
async def main():
    srv = await asyncio.start_server(echo, '127.0.0.1', 0); port = srv.sockets[0].getsockname()[1]
    async def one(i): r, w = await asyncio.open_connection('127.0.0.1', port); w.write(b'hello %d\n' % i); x = await r.read(); w.close(); return x
    print(sorted(await asyncio.gather(*[one(i) for i in range(20)]))[:3]); p = await asyncio.create_subprocess_exec('echo', 'sub', stdout=subprocess.PIPE); print(await p.communicate())
    try: await asyncio.wait_for(asyncio.sleep(5), 0.05)
    except asyncio.TimeoutError: print('timeout')
    loop = asyncio.get_running_loop(); f = loop.create_future(); loop.add_signal_handler(signal.SIGUSR1, f.set_result, 'signal'); os.kill(os.getpid(), signal.SIGUSR1); print(await f); print(await loop.run_in_executor(None, sum, range(1000)))
asyncio.run(main())
head('sqlite3'); c = sqlite3.connect(':memory:'); c.execute('create table t(a, b)'); c.executemany('insert into t values(?, ?)', ((i, i * i % 101) for i in range(5000))); c.create_function('f', 1, lambda x: x * 2); c.create_aggregate('agg', 1, type('A', (), {'__init__': lambda s: setattr(s, 'n', 0), 'step': lambda s, v: setattr(s, 'n', s.n + v), 'finalize': lambda s: s.n})); print(c.execute('select sum(f(b)), agg(a), count(distinct b) from t').fetchall())
head('ctypes'); libc = ctypes.CDLL(None); libc.snprintf.restype = ctypes.c_int; b = ctypes.create_string_buffer(100); print(libc.snprintf(b, ctypes.c_size_t(100), b'%d %s %.3f', 42, b'str', ctypes.c_double(2.5)), b.value); CMP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)); a = (ctypes.c_int * 8)(5, 3, 8, 1, 9, 2, 7, 4); libc.qsort(a, 8, 4, CMP(lambda x, y: x[0] - y[0])); print(list(a)); libm = ctypes.CDLL('libm.so.6'); libm.pow.restype = ctypes.c_double; libm.pow.argtypes = [ctypes.c_double] * 2; print(libm.pow(2, 0.5))
class S(ctypes.Structure): _fields_ = [('a', ctypes.c_char), ('b', ctypes.c_double), ('c', ctypes.c_int * 3)]
print(ctypes.sizeof(S), S.c.offset)
class DIV(ctypes.Structure): _fields_ = [('quot', ctypes.c_long), ('rem', ctypes.c_long)]
libc.ldiv.restype = DIV; r = libc.ldiv(ctypes.c_long(17), ctypes.c_long(5)); print(r.quot, r.rem)
head('compress'); data = (s * 3).encode(); print([len(f(data)) for f in (zlib.compress, bz2.compress, lzma.compress)], all(g(f(data)) == data for f, g in ((zlib.compress, zlib.decompress), (bz2.compress, bz2.decompress), (lzma.compress, lzma.decompress))), hashlib.md5(data).hexdigest(), hashlib.blake2b(data).hexdigest()[:20], hashlib.sha3_256(data).hexdigest()[:20], hashlib.pbkdf2_hmac('sha256', b'p', b's', 2000).hex()[:20])
head('os'); print(platform.machine(), platform.system(), sys.byteorder, struct.calcsize('P'), os.sysconf('SC_PAGESIZE')); pid = os.fork()
if not pid: os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); r, w = os.pipe(); os.write(w, b'p'); print(select.select([r], [], [], 1)[0] == [r], os.read(r, 5)); m = mmap.mmap(-1, 8192); m[4000:4200] = b'z' * 200; print(m.find(b'z'), m[4199:4201]); a, b = socket.socketpair(); a.sendall(b'abc'); print(b.recv(10)); hits = []; signal.signal(signal.SIGALRM, lambda *x: hits.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02); t = time.monotonic()
while time.monotonic() - t < 0.3: sum(range(1000))
signal.setitimer(signal.ITIMER_REAL, 0); print(len(hits) > 3); sys.setrecursionlimit(3000)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
print(deep(2500))
try: deep(10 ** 6)
except RecursionError: print('recursion')
print(pickle.loads(pickle.dumps({1: (2, [3])}, 5)), datetime.datetime(2024, 2, 29).strftime('%j %A'), unicodedata.normalize('NFD', 'é').encode(), sorted(collections.Counter('mississippi').items()), heapq.nsmallest(3, [5, 1, 4, 2]), list(itertools.islice(itertools.permutations('abc'), 2)), uuid.uuid5(uuid.NAMESPACE_DNS, 'x'), eval('0x10 + 1_000'), f'{3.14159:>10.2f}|{255:#x}')
END
cat >mp.py <<'END'
import multiprocessing as mp, os
def f(x): return x * x
def child(q, v, l):
    for _ in range(100):
        with l: v.value += 1
    q.put('done')
if __name__ == '__main__':
    for method in 'fork', 'spawn', 'forkserver':
        c = mp.get_context(method)
        with c.Pool(3) as p: print(method, sum(p.map(f, range(200))))
        q, v, l = c.Queue(), c.Value('i', 0), c.Lock(); ps = [c.Process(target=child, args=(q, v, l)) for _ in range(3)]; [p.start() for p in ps]; print([q.get() for _ in ps]); [p.join() for p in ps]; print(v.value, [p.exitcode for p in ps])
    a, b = mp.Pipe(); a.send({'x': 1}); print(b.recv()); from multiprocessing import shared_memory; s = shared_memory.SharedMemory(create=True, size=100); s.buf[0] = 7; t = shared_memory.SharedMemory(s.name); print(t.buf[0]); t.close(); s.close(); s.unlink()
END
python3 -X faulthandler p.py; echo $?; python3 mp.py; echo $?; python3 -c 'import sys; sys.exit(7)'; echo $?; python3 -c 'print(1/0)' 2>&1; echo $?; python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'; echo $?; echo 'print(input())' | python3 - 2>&1; python3 -m json.tool <<'END'
{"b": [1, 2], "a": null}
END
python3 -c 'import ctypes; ctypes.string_at(0)'; echo $?; python3 -m timeit -n 1 -r 1 pass | wc -l; python3 -c 'import sys, hashlib; print([k for k in sorted(sys.stdlib_module_names) if not k.startswith("_")][:5], "x".zfill(3))' ; python3 -m zipfile -c z.zip p.py && python3 -m zipfile -l z.zip | wc -l; python3 -m py_compile p.py; echo $?
cat >root.py <<'END'
import os
os.mkdir("root"); open("root/x", "w").close()
pid = os.fork()
if pid == 0:
    os.chroot("root"); os.chdir("/"); print(os.listdir("/"), os.path.exists("/usr"), os.path.exists("/x"), os.getcwd(), flush=True); os._exit(0)
os.waitpid(pid, 0); print(os.path.exists("/usr"), os.path.exists("/x"))
END
python3 root.py
