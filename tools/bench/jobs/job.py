# Objects, dictionaries, strings, big integers, floats, generators, sorting: what scripts do.
import json
import re


class Body:
    __slots__ = ("x", "y", "vx", "vy", "m")

    def __init__(self, i):
        self.x, self.y, self.vx, self.vy, self.m = i * 1.5, i * i * 0.25, 0.0, 0.1 * i, 1.0 + i

    def pull(self, other):
        dx, dy = other.x - self.x, other.y - self.y
        d = (dx * dx + dy * dy + 0.01) ** -1.5
        self.vx += dx * d * other.m * 0.01
        self.vy += dy * d * other.m * 0.01


def bodies(steps):
    all_bodies = [Body(i) for i in range(6)]
    for _ in range(steps):
        for a in all_bodies:
            for b in all_bodies:
                if a is not b:
                    a.pull(b)
        for a in all_bodies:
            a.x += a.vx * 0.01
            a.y += a.vy * 0.01
    return sum(a.x for a in all_bodies)


def words(n):
    x, count = 7, {}
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2147483648
        w = "w%d" % (x % 5003)
        count[w] = count.get(w, 0) + 1
    return sorted(count.items(), key=lambda kv: (-kv[1], kv[0]))[:5]


def queens(n, row=0, cols=0, d1=0, d2=0):
    if row == n:
        return 1
    total, free = 0, ~(cols | d1 | d2) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        total += queens(n, row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1)
    return total


def primes(n):
    sieve = bytearray([1]) * n
    for i in range(2, int(n ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, n, i)))
    return sum(i for i in range(2, n) if sieve[i])


print(bodies(36000))
print(words(2500000))
print(queens(9))
print(primes(3000000))
document = [{"id": i, "name": "n%d" % i, "values": [i * 0.5, None, True]} for i in range(8000)]
for _ in range(4):
    document = json.loads(json.dumps(document))
print(len(document))
print(len(re.findall(r"(\w+)-(\d+)", " ".join("item-%d," % i for i in range(60000)))))
print(len(str(3 ** 8000)))
