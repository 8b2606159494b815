/*
 * Switches and computed gotos for tests/unit/disc_tables.c, compiled for the guest by two compilers
 * at several levels. Nothing here runs: what counts is which tables come of it.
 */
int leaf(int);
int leaf2(int, int);
extern int state[64];

#define BODY(n)                                                                                    \
    case n:                                                                                        \
        r = leaf2(r + (n), x);                                                                     \
        r ^= state[(n)&31];                                                                        \
        break;
#define BODY5(n)  BODY(n) BODY((n) + 1) BODY((n) + 2) BODY((n) + 3) BODY((n) + 4)
#define BODY25(n) BODY5(n) BODY5((n) + 5) BODY5((n) + 10) BODY5((n) + 15) BODY5((n) + 20)

int dense(int x)
{
    int r = x;
    switch (x) {
        BODY25(0) default : return -1;
    }
    return r;
}

/* Offsets beyond a byte. */
int large(unsigned x)
{
    int r = 1;
    switch (x) {
        BODY25(10) BODY25(35) BODY25(60) BODY25(85)
    }
    return r;
}

/* Several tables with a tree of comparisons in front. */
int sparse(int x)
{
    int r = 0;
    switch (x) {
        BODY25(-50) BODY25(1000) BODY25(100000) case 77777 : return 3;
    }
    return r;
}

/* The value is in a register of 64 bits. */
long wide(long x)
{
    int r = (int)x;
    switch (x) {
        BODY25(1L << 40) default : return x;
    }
    return r;
}

int character(const unsigned char *s)
{
    int r = 0, x = 2;
    for (;; s++) {
        switch (*s) {
        case 0:
            return r;
            BODY25('a')
            BODY5('0')
        default: r = leaf(r);
        }
    }
}

int small(short x)
{
    int r = 0;
    switch (x) {
        BODY25(-12)
    }
    return r;
}

/* All values of a field have a case. */
int masked(unsigned x)
{
    int r = 0;
    switch (x & 31) {
        BODY25(0) BODY5(25) BODY(30) BODY(31)
    }
    return r;
}

int shifted(unsigned x)
{
    int r = 0;
    switch (x >> 27) {
        BODY25(0) BODY5(25) BODY(30) BODY(31)
    }
    return r;
}

/* One within the other. */
int nested(int x, int y)
{
    int r = 0;
    switch (x) {
        BODY25(1)
    case 26:
        switch (y) {
            BODY25(3) default : return leaf(4);
        }
        r++;
        break;
    case 27:
        switch (y) {
            BODY25(40)
        }
    }
    return r;
}

struct node {
    int size;
    unsigned short kind;
    struct node *next;
};

/* Read again behind the comparison; a loop that calls. */
int field(struct node *n)
{
    int r = 0;
    while (n) {
        int x = n->size;
        switch (n->kind) {
            BODY25(5) default : return r;
        }
        n = n->next;
    }
    return r;
}

/* An interpreter that keeps much across its switch. */
int interpreter(const unsigned char *code, long a, long b, long c, long d, long e, long f, long g)
{
    int r = 0, x = 1;
    for (;;) {
        switch (*code++) {
            BODY25(0)
        case 25: a += b; break;
        case 26: b += c * d; break;
        case 27:
            c -= e;
            leaf((int)f);
            break;
        case 28: d ^= g; break;
        case 29: e = leaf((int)(a + b)); break;
        case 30: f = a + b + c + d + e + g; break;
        case 31: return (int)(a + f);
        default: g = leaf((int)g); x = (int)(a + b + c);
        }
    }
}

/* Words told apart by a letter and their length. */
int words(const char *s, int length)
{
    int r = 0, x = length;
    switch (length) {
        BODY25(2) default : return 0;
    }
    switch (s[1]) {
        BODY25('a') default : return r;
    }
    switch (s[2]) {
        BODY25('b') default : return r + 1;
    }
    return r;
}

/* Nothing checks the index. */
int unchecked(unsigned x)
{
    int r = 0;
    switch (x) {
        BODY25(0) default : __builtin_unreachable();
    }
    return r;
}

int threaded(const unsigned char *code)
{
    static const int at[] = {&&zero - &&first, &&one - &&first, &&two - &&first, &&three - &&first};
    int r = 0;
first:
    r += leaf(2);
    goto *(&&first + at[*code++]);
zero:
    r += leaf(r);
    goto *(&&first + at[*code++]);
one:
    r ^= leaf(1);
    goto *(&&first + at[*code++ & 3]);
two:
    r -= state[r & 15];
    goto *(&&first + at[*code++]);
three:
    return r;
}

int direct(const unsigned char *code)
{
    static const void *const at[] = {&&zero, &&one, &&two, &&three};
    int r = 0;
    goto *at[*code++];
zero:
    r += leaf(r);
    goto *at[*code++];
one:
    r ^= leaf(1);
    goto *at[*code++ & 3];
two:
    r -= state[r & 15];
    goto *at[*code++];
three:
    return r;
}

int leaf(int x)
{
    return x * 3;
}
int leaf2(int x, int y)
{
    return x ^ y;
}
int state[64];
int (*pick(int n))(int, int)
{
    return n ? leaf2 : 0;
}
