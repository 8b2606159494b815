# Work that a library does for Python: libs.py zlib|bz2|lzma|hashlib|sqlite3|tls
import sys

text = open("text", "rb").read(6_000_000)


def zlib():
    import zlib

    packed = zlib.compress(text, 6)
    for _ in range(10):
        assert zlib.decompress(packed) == text
    print(len(packed))


def bz2():
    import bz2

    print(len(bz2.decompress(bz2.compress(text))))


def lzma():
    import lzma

    print(len(lzma.decompress(lzma.compress(text, preset=2))))


def hashlib():
    import hashlib

    for name in "md5", "sha1", "sha256", "sha512", "sha3_256":
        digest = hashlib.new(name)
        for _ in range(20):
            digest.update(text)
        print(digest.hexdigest())


def sqlite3():
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute("create table t(a integer primary key, b text, c real)")
    db.executemany("insert into t values(?, ?, ?)", ((i, str(i * 7919 % 100003), i / 3) for i in range(200_000)))
    db.execute("create index tb on t(b)")
    print(db.execute("select count(*), sum(c), min(b) from t where b > '5'").fetchone())
    print(db.execute("select x.a, y.a from t x join t y on x.b = y.b and x.a < y.a order by 1 limit 3").fetchall())
    print(sum(len(r[0]) for r in db.execute("select b || c from t order by b desc")))



def tls():
    import socket
    import ssl
    import threading

    folder = "/usr/lib/python3.11/test/"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder + "ssl_cert.pem", folder + "ssl_key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(folder + "pycacert.pem")
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    total = 0
    for turn in range(40):
        a, b = socket.socketpair()

        def serve():
            with server.wrap_socket(a, server_side=True) as s:
                s.sendall(text)

        thread = threading.Thread(target=serve)
        thread.start()
        with client.wrap_socket(b) as s:
            while data := s.recv(65536):
                total += len(data)
        thread.join()
    print(total)


globals()[sys.argv[1]]()
