# Writes a C program of random loops over words (tests/fuzz/loops):
#
#   awk -f loops.awk -v seed=SEED -v loops=COUNT [-v faults=1]
#
# Each loop is a function of three pointers, a count and a value, called with places of a pool that lie
# apart, overlap by a few elements, or are the same; the program prints a line per loop, a hash of all
# calls' results and of what the pool holds. With `faults` (arm64 only) a page near the arrays can't be
# written, or read either, in each call, and a line for each fault has a hash of all that its handler
# sees: registers, and memory by another mapping. Numbers come from a generator of our own, as awks differ.

function random(n) {
    state = (state * 16807) % 2147483647
    return int(state / 7) % n
}

function pick(list,    words, n) {
    n = split(list, words, ",")
    return words[1 + random(n)]
}

# An expression of the words in `leaf`, in which `word` is what the turn computes with.
function expression(depth,    kind) {
    if (depth == 0 || random(6) == 0) return random(7) == 0 ? random(2000) - 1000 : leaf()
    kind = random(16)
    if (kind < 9) return "(" expression(depth - 1) pick(" + , - , + , - , * , & , | , ^ ") expression(depth - 1) ")"
    if (kind == 9) return "(~" expression(depth - 1) ")"
    if (kind == 10) return "(- " expression(depth - 1) ")"
    if (kind == 11) return "__builtin_abs(" expression(depth - 1) ")"
    if (kind == 12) return "(" expression(depth - 1) pick(" << , >> ") random(32) ")"
    if (kind == 13) return "(" expression(depth - 1) pick(" << , >> ") "(v & 31))"
    if (kind == 14) return "(int)((unsigned)" expression(depth - 1) " >> " random(32) ")"
    return "(" leaf() " * " pick("3,5,-7,v,w") ")"
}

function leaf(    k) {
    k = random(10)
    if (k == 0) return "v"
    if (k == 1) return "w"
    if (k == 2 && globals) return "shared" random(2)
    return input(pick(inputs))
}

# An element of one of the inputs, at the place of the turn or nearby.
function input(name,    at) {
    at = random(2) ? 0 : random(7) - 3
    return moving ? name "[" at "]" : name "[i" (at < 0 ? " - " (-at) : at ? " + " at : "") "]"
}

# Where a loop goes: `head` opens it, `tail` closes it; `i` (or the pointers) go on by `by` each turn.
function choose_way(by,    k) {
    moving = random(3) == 0
    down = random(4) == 0
    if (moving) {
        step = " p " (down ? "-= " : "+= ") by ", q " (down ? "-= " : "+= ") by ", r " (down ? "-= " : "+= ") by
        k = random(4)
        if (k == 0) { head = "for (int *e = p " (down ? "- " : "+ ") "(long)n * " by "; p != e;" step ") {"; tail = "}" }
        if (k == 1) { head = "for (int *e = p " (down ? "- " : "+ ") "(long)n * " by "; p " (down ? ">" : "<") " e;" step ") {"; tail = "}" }
        if (k == 2) { head = "for (; n > 0; n--," step ") {"; tail = "}" }
        if (k == 3) { head = "if (n) do {"; tail = step "; } while (--n);" }
    } else if (down) {
        k = random(3)
        if (k == 0) { head = "for (long i = (long)n * " by " - " by "; i >= 0; i -= " by ") {"; tail = "}" }
        if (k == 1) { head = "for (int i = n * " by "; (i -= " by ") >= 0;) {"; tail = "}" }
        if (k == 2) { head = "for (unsigned long i = (unsigned long)n * " by "; i != 0;) { i -= " by ";"; tail = "}" }
    } else {
        k = random(7)
        if (k == 0) { head = "for (int i = 0; i < n * " by "; i += " by ") {"; tail = "}" }
        if (k == 1) { head = "for (int i = 0; (unsigned)i < (unsigned)n * " by "; i += " by ") {"; tail = "}" }
        if (k == 2) { head = "for (long i = 0; i != (long)n * " by "; i += " by ") {"; tail = "}" }
        if (k == 3) { head = "for (long i = 0; i <= (long)n * " by " - " by "; i += " by ") {"; tail = "}" }
        if (k == 4) { head = "{ long i = 0; switch (n & 3) { case 0: if (!n) break; do {"; tail = "i += " by "; case 1: case 3:; } while (i < (long)n * " by "); case 2:; } }" }
        if (k == 5) { head = "{ long i = 0; if (!n) goto out; if (v & 1) goto middle; do {"; tail = "middle: i += " by "; } while (i != (long)n * " by "); out:; }" }
        if (k == 6) { head = "for (unsigned long i = 0, e = (unsigned long)n * " by "; i < e; i += " by ") {"; tail = "}" }
    }
}

function place(name, at) {
    return moving ? name "[" at "]" : name "[i" (at ? " + " at : "") "]"
}

function element_wise(    by, stride, outputs, k, line) {
    by = random(3) ? 1 : pick("2,4,8")
    stride = random(6) == 0 ? by * 2 : by
    choose_way(stride)
    outputs = random(4) == 0 ? 2 : 1
    output = outputs == 1 && random(4) == 0 ? "p" : "q" # perhaps in place
    inputs = outputs == 2 ? pick("p,r") : pick("p,p,r,p:r")
    gsub(":", ",", inputs)
    line = ""
    for (k = 0; k < by; k++) {
        line = line "        t = " expression(1 + random(3)) ";\n        " place(output, k) " = t;\n"
        if (outputs == 2) line = line "        " place(inputs == "p" ? "r" : "p", k) " = " (random(2) ? expression(2) : "t") ";\n"
    }
    return line
}

function sums(    k, line, n) {
    choose_way(1)
    inputs = pick("p,q,p:q,p:q:r")
    gsub(":", ",", inputs)
    n = 1 + random(3)
    line = ""
    for (k = 0; k < n; k++) {
        what = pick("leaf,abs,any,any")
        x = what == "leaf" ? input(pick(inputs)) : what == "abs" ? "__builtin_abs(" input(pick(inputs)) ")" : expression(2)
        line = line "        s" k " " pick("+=,+=,+=,+=,-=,^=") " " x ";\n"
    }
    if (random(4) == 0) line = line "        " place("r", 0) " = " pick("s0,s1," input("p")) ";\n"
    return line
}

# The last inputs are in variables, which move on each turn.
function filter(    taps, k, line, from) {
    choose_way(1)
    taps = 1 + random(12)
    from = random(4) ? place("p", 0) : input("p")
    inputs = "p"
    line = "        t = "
    for (k = 0; k < taps; k++) line = line (k ? pick(" + , + , + , - ") : "") pick("c" k " * d" k ",c" k " * d" k ",d" k)
    line = line ";\n"
    if (random(3)) line = line "        t >>= " (random(2) ? random(16) : "(v & 31)") ";\n"
    feedback = random(4) == 0
    if (random(2)) line = line "        " place("q", 0) " = " (feedback ? place("p", 0) " + t" : place("p", 0) " - t") ";\n"
    else line = line "        s0 += __builtin_abs(" place("p", 0) " - t);\n        " place("q", 0) " = t;\n"
    for (k = taps - 1; k > 0; k--) line = line "        d" k " = d" (k - 1) ";\n"
    return line "        d0 = " (feedback ? place("q", 0) : from) ";\n"
}

function fill(    line) {
    choose_way(1)
    inputs = "p"
    line = "        " place("q", 0) " = " pick("0,v,w,v + w,-1," place("p", 0) "," place("p", 0)) ";\n"
    if (random(3) == 0) line = line "        " place("r", 0) " = " pick("v,0," place("p", 0) "," place("p", 0)) ";\n"
    return line
}

function one_loop(number,    body, kind, k) {
    globals = random(5) == 0
    kind = random(8)
    body = kind < 3 ? element_wise() : kind < 5 ? sums() : kind < 7 ? filter() : fill()
    print "__attribute__((noinline)) unsigned loop" number "(int *p, int *q, int *r, int n, int v)\n{"
    print "    int w = shared1 ^ v, t = 1;"
    for (k = 0; k < 12; k++) printf "    %s%s", k % 6 ? "" : "int ", "d" k " = p[-" (k + 1) "], c" k " = q[" (k * 5) "]" (k % 6 == 5 ? ";\n" : ",")
    print "    unsigned s0 = " pick("0,7,(unsigned)v") ", s1 = 0, s2 = 3;"
    print "    " head "\n" body "    " tail
    if (globals) print "    shared0 += 3;"
    print "    return hash(hash(hash(s0, s1), hash(s2, (unsigned)t)), hash(hash((unsigned)d0, (unsigned)d1), hash((unsigned)d5, (unsigned)d11)));\n}\n"
}

function fault_handler(    k) {
    print "static void on_fault(int sig, siginfo_t *info, void *context)\n{"
    print "    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;"
    print "    unsigned h = (unsigned)(m->pstate >> 28);"
    print "    for (int k = 0; k < 29; k++) {"
    print "        long r = (long)m->regs[k], stack = (long)m->sp;"
    print "        if (labs(r - stack) < 1 << 20) r -= stack;"
    print "        h = hash(hash(h, (unsigned)r), (unsigned)(r >> 32));\n    }"
    print "    for (int e = 3000; e < 13000; e++) h = hash(h, (unsigned)shadow[e]);"
    print "    printf(\"  fault at %ld, element %ld: %08x\\n\", (long)m->pc - (long)loop0, ((long)info->si_addr - (long)pool) / 4, h);"
    print "    mprotect(pool, SIZE, PROT_READ | PROT_WRITE);\n}\n"
}

# The same place each time: loops compute with addresses.
function fault_setup() {
    print "    int fd = memfd_create(\"pool\", 0);\n    ftruncate(fd, SIZE);"
    print "    pool = mmap((void *)0x30000000, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);"
    print "    shadow = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);"
    print "    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};"
    print "    sigaction(SIGSEGV, &sa, NULL);"
}

# Registers that calls leave as they like hold 0.
function fault_call(    k, zero, names) {
    for (k = 5; k < 19; k++) {
        zero = zero "mov x" k ", #0; "
        names = names (k > 5 ? ", " : "") "\"x" k "\""
    }
    print "            int *at[3] = {p, q, r}, v = (int)next(), page = (int)(at[next() % 3] - pool) / 1024 + (int)(next() % 3) - 1;"
    print "            mprotect(pool + 1024 * page, 4096, next() % 2 ? PROT_READ : PROT_NONE);"
    print "            __asm__ volatile(\"" zero "\" : : : " names ");"
    print "            h = hash(h, loop[k](p, q, r, n, v));"
    print "            mprotect(pool, SIZE, PROT_READ | PROT_WRITE);"
}

BEGIN {
    state = seed * 7919 + 12345
    for (k = 0; k < 10; k++) random(2)
    if (faults) print "#define _GNU_SOURCE\n#include <signal.h>\n#include <stdlib.h>\n#include <sys/mman.h>\n#include <ucontext.h>\n#include <unistd.h>"
    print "#include <stdio.h>\n\n#define SIZE 65536"
    print faults ? "static int *pool, *shadow;" : "static int pool[SIZE / 4];"
    print "int shared0 = 5, shared1 = 9;\nstatic unsigned state = " seed ";\n"
    print "static unsigned hash(unsigned a, unsigned b)\n{\n    return (a ^ (b + 0x9e3779b9u + (a << 6) + (a >> 2))) * 2654435761u;\n}\n"
    print "static unsigned next(void)\n{\n    state = state * 1664525u + 1013904223u;\n    return state >> 8;\n}\n"
    for (number = 0; number < loops; number++) one_loop(number)
    print "static unsigned (*const loop[])(int *, int *, int *, int, int) = {"
    for (number = 0; number < loops; number++) print "    loop" number ","
    print "};\n"
    print "static int away(void)\n{"
    print "    int near = (int)(next() % 81) - 40;"
    print "    switch (next() % 8) {"
    print "    case 0: return near;\n    case 1: return 0;\n    case 2: return near > 0 ? 1 : -1;"
    print "    default: return near > 0 ? 1700 + near : near - 1700;\n    }\n}\n"
    if (faults) fault_handler()
    print "int main(void)\n{"
    if (faults) fault_setup()
    # Twice, as what is hot has other code by then.
    print "    for (unsigned n = 0; n < 2 * sizeof loop / sizeof loop[0]; n++) {"
    print "        unsigned k = n % (sizeof loop / sizeof loop[0]);"
    print "        unsigned h = 0;"
    print "        for (int call = 0; call < 8; call++) {"
    print "            int *p = pool + 8192 + (int)(next() % 1024), *q = p + away(), *r = next() % 3 ? q + away() : p + away();"
    print "            int n = next() % 6 ? (int)(next() % 100) : (int)(next() % 200), wide = next() % 2;"
    print "            for (int e = 0; e < 16384; e++) pool[e] = wide ? (int)(next() * 977u) : (int)(next() % 512) - 256;"
    if (faults) fault_call()
    else print "            h = hash(h, loop[k](p, q, r, n, (int)next()));"
    print "            for (int e = 0; e < 16384; e++) h = hash(h, (unsigned)pool[e]);"
    print "            shared1 += call;\n        }"
    print "        printf(\"%u %08x %d %d\\n\", k, h, shared0, shared1);\n    }\n    return 0;\n}"
}
