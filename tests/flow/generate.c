/*
 * Prints random A64 functions for guest.c: loops in loops, some entered in the middle, switches,
 * ways that meet, loops of one block, calls. Registers and NZCV are what they happen to be; few
 * registers are used often, so that instructions depend on one another. Some functions work on
 * vectors above all, a few or as many as there are.
 *
 *   flow-generate SEED FUNCTIONS
 *
 * x24 to x26 point to memory or just outside, x27 into its middle, x28 counts the turns of all
 * loops down but for those of one block, which x30 counts; x29 and SP are not touched. A function
 * ends with a branch to flow_exit; what it calls are leaves of its own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/splitmix.h"

#define MAX_LINES  700
#define MAX_TABLES 4000
#define LEAVES     3 /* of a function */

static u64 seed;
static unsigned lines, labels; /* of the function; of all */
static unsigned first_leaf;    /* of the function, a label */
static unsigned hot[24], hot_count;
static unsigned vectors, vector_share; /* of the function: how many; instructions in a hundred */

/* A switch's bytes, or halfwords: distances in words from `base` to labels from `first` on. */
static struct table {
    unsigned name, base, first, count;
    bool wide;
} table[MAX_TABLES];
static unsigned tables;

static unsigned below(unsigned n)
{
    return (unsigned)(splitmix(&seed) % n);
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

#define ONE_OF(array) array[below(sizeof(array) / sizeof *(array))]

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    putchar(' ');
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    lines++;
}

static void place(unsigned label)
{
    printf(".L%u:\n", label);
}

/* --- operands -----------------------------------------------------------------------------------
 */

static unsigned reg(void)
{
    return hot_count && chance(75) ? hot[below(hot_count)] : below(24);
}

static unsigned source(void)
{
    return chance(12) ? 24 + below(4) : reg();
}

static unsigned pointer(void)
{
    return 24 + below(3);
}

static char width(void)
{
    return chance(75) ? 'x' : 'w';
}

static unsigned small(void)
{
    static const unsigned values[] = {0, 1, 1, 2, 2, 3, 4, 7, 8, 8, 16, 24, 64, 255};
    return ONE_OF(values);
}

static const char *condition(void)
{
    static const char *const names[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs",
                                        "vc", "hi", "ls", "ge", "lt", "gt", "le"};
    return ONE_OF(names);
}

static void choose_hot(unsigned count)
{
    hot_count = count;
    for (unsigned n = 0; n < count; n++) hot[n] = below(24);
}

/* --- instructions -------------------------------------------------------------------------------
 */

static void compare(void)
{
    char w = width();
    unsigned a = source(), b = source();
    switch (below(8)) {
    case 0:
    case 1:
    case 2: say("cmp %c%u, #%u", w, a, small()); break;
    case 3:
    case 4: say("cmp %c%u, %c%u", w, a, w, b); break;
    case 5: say("cmn %c%u, #%u", w, a, small()); break;
    case 6: say("tst %c%u, %c%u", w, a, w, b); break;
    default: say("cmp %c%u, %c%u, lsl #%u", w, a, w, b, 1 + below(3));
    }
}

static void flags(void)
{
    static const char *const with_constant[] = {"subs", "adds"};
    static const char *const with_register[] = {"subs", "adds", "ands", "bics", "adcs", "sbcs"};
    static const char *const conditional[] = {"ccmp", "ccmn"};
    char w = width();
    unsigned d = reg(), a = chance(50) ? d : source(), b = source();
    switch (below(10)) {
    case 0:
    case 1: say("%s %c%u, %c%u, #%u", ONE_OF(with_constant), w, d, w, a, small()); break;
    case 2: say("%s %c%u, %c%u, %c%u", ONE_OF(with_register), w, d, w, a, w, b); break;
    case 3:
        say("%s %c%u, #%u, #%u, %s", ONE_OF(conditional), w, a, below(32), below(16), condition());
        break;
    case 4: say("ccmp %c%u, %c%u, #%u, %s", w, a, w, b, below(16), condition()); break;
    case 5: say("fcmp d%u, d%u", below(8), below(8)); break;
    default: compare();
    }
}

/* What counters and pointers do. */
static void step(void)
{
    static const char *const ops[] = {"add", "add", "sub"};
    static const unsigned strides[] = {8, 8, 16, 1, 24, 4};
    const char *op = ONE_OF(ops);
    if (chance(40)) {
        unsigned p = pointer();
        say("%s x%u, x%u, #%u", op, p, p, ONE_OF(strides));
    } else {
        char w = width();
        unsigned d = reg();
        say("%s %c%u, %c%u, #%u", op, w, d, w, d, chance(80) ? 1 + below(8) : 4095);
    }
}

static void divide_or_count(char w, unsigned d, unsigned a, unsigned b)
{
    static const char *const one[] = {"clz", "rbit", "rev", "neg", "mvn"};
    static const char *const two[] = {"udiv", "sdiv", "lslv", "lsrv", "asrv", "rorv"};
    if (chance(50))
        say("%s %c%u, %c%u", ONE_OF(one), w, d, w, a);
    else
        say("%s %c%u, %c%u, %c%u", ONE_OF(two), w, d, w, a, w, b);
}

static void arithmetic(void)
{
    static const char *const simple[] = {"add", "sub", "and", "orr", "eor", "bic", "orn", "eon"};
    static const char *const shifts[] = {"lsl", "lsr", "asr", "ror"};
    static const char *const selects[] = {"csel", "csinc", "csinv", "csneg"};
    static const char *const fields[] = {"ubfx", "sbfx", "bfi", "bfxil"};
    char w = width();
    unsigned d = reg(), a = source(), b = source();
    switch (below(12)) {
    case 0:
    case 1: say("%s %c%u, %c%u, %c%u", ONE_OF(simple), w, d, w, a, w, b); break;
    case 2: say("mov %c%u, %c%u", w, d, w, a); break;
    case 3: say("%s %c%u, %c%u, #%u", ONE_OF(shifts), w, d, w, a, below(32)); break;
    case 4:
    case 5: say("%s %c%u, %c%u, %c%u, %s", ONE_OF(selects), w, d, w, a, w, b, condition()); break;
    case 6: say("madd %c%u, %c%u, %c%u, %c%u", w, d, w, a, w, b, w, source()); break;
    case 7: say("cset %c%u, %s", w, d, condition()); break;
    case 8:
        say("%s %c%u, %c%u, #%u, #%u", ONE_OF(fields), w, d, w, a, below(8), 1 + below(8));
        break;
    case 9: divide_or_count(w, d, a, b); break;
    case 10: say("adc %c%u, %c%u, %c%u", w, d, w, a, w, b); break;
    default: say("mov x%u, #%s", d, chance(50) ? "0x8000000000000000" : "5");
    }
}

static void floating(void)
{
    unsigned d = below(8), a = below(8), b = below(8);
    switch (below(6)) {
    case 0: say("fadd d%u, d%u, d%u", d, a, b); break;
    case 1: say("fneg d%u, d%u", d, a); break;
    case 2: say("fcsel d%u, d%u, d%u, %s", d, a, b, condition()); break;
    case 3: say("fmov d%u, x%u", d, source()); break;
    case 4: say("fmov x%u, d%u", reg(), a); break;
    default: say("fccmp d%u, d%u, #%u, %s", a, b, below(16), condition());
    }
}

/* Vectors as a whole: nothing that depends on FPCR. Stores go to the middle of memory: one that
 * faults need not have written nothing of its sixteen bytes. */
static void vector(void)
{
    static const char *const bytes[] = {"and", "orr", "eor", "bic", "orn", "bsl", "bit", "bif"};
    static const char *const lanes[] = {"add",  "sub",  "cmeq", "cmgt",  "cmhi",  "cmge", "cmhs",
                                        "zip1", "zip2", "uzp1", "uzp2",  "trn1",  "trn2", "addp",
                                        "smax", "umin", "uabd", "sqadd", "uqsub", "cmtst"};
    static const char *const one[] = {"neg", "abs", "clz", "sqabs"};
    static const char *const shapes[] = {"16b", "8h", "4s", "8b", "4h", "2s"};
    unsigned d = below(vectors), a = below(vectors), b = below(vectors), imm = below(8);
    const char *s = ONE_OF(shapes);
    switch (below(18)) {
    case 0:
    case 1:
    case 2: {
        const char *op = ONE_OF(bytes), *size = chance(80) ? "16b" : "8b";
        say("%s v%u.%s, v%u.%s, v%u.%s", op, d, size, a, size, b, size);
        break;
    }
    case 3:
    case 4:
    case 5:
    case 6:
    case 7: say("%s v%u.%s, v%u.%s, v%u.%s", ONE_OF(lanes), d, s, a, s, b, s); break;
    case 8: say("%s v%u.%s, v%u.%s", ONE_OF(one), d, s, a, s); break;
    case 9: say("shl v%u.%s, v%u.%s, #%u", d, s, a, s, imm); break;
    case 10: say("%s v%u.%s, v%u.%s, #%u", chance(50) ? "ushr" : "sri", d, s, a, s, imm + 1); break;
    case 11: say("ext v%u.16b, v%u.16b, v%u.16b, #%u", d, a, b, below(16)); break;
    case 12: say("tbl v%u.16b, {v%u.16b}, v%u.16b", d, a, b); break;
    case 13: say("mov v%u.s[%u], v%u.s[%u]", d, imm & 3, a, imm >> 1); break;
    case 14: say(chance(50) ? "dup v%u.4s, w%u" : "mov v%u.d[1], x%u", d, source()); break;
    case 15: say("umov w%u, v%u.h[%u]", reg(), a, imm); break;
    case 16: say(chance(50) ? "movi v%u.16b, #%u" : "mvni v%u.4s, #%u", d, 31 * imm); break;
    default:
        if (chance(40))
            say("str q%u, [x27, #%u]", a, 16 * imm);
        else
            say("ldr q%u, [x%u, #%u]", d, 24 + below(4), 16 * imm);
    }
}

/* Two or three registers that need not have host registers at once. */
static void by_index(unsigned d, unsigned p)
{
    static const char *const ops[] = {"ldr", "str"};
    unsigned index = reg();
    say("and x%u, x%u, #0x%x", index, index, chance(50) ? 0x1f : 0xff);
    if (chance(40)) say("cset w%u, %s", d, condition());
    say("%s x%u, [x%u, x%u, lsl #3]", ONE_OF(ops), d, p, index);
}

static void atomic(unsigned d, unsigned p)
{
    static const char *const ops[] = {"ldadd", "cas", "swp", "ldset", "ldsmax"};
    say("%s x%u, x%u, [x%u]", ONE_OF(ops), d, reg(), p);
}

static void access(void)
{
    static const int strides[] = {8, 16, -8, 1};
    static const int offsets[] = {0, 0, 8, 16, 24};
    unsigned d = reg(), p = pointer(), other = reg();
    switch (below(14)) {
    case 0:
    case 1:
    case 2: say("ldr x%u, [x%u, #%d]", d, p, ONE_OF(offsets)); break;
    case 3: say("ldr w%u, [x%u]", d, p); break;
    case 4: say("ldr x%u, [x%u], #%d", d, p, ONE_OF(strides)); break;
    case 5: say("ldr x%u, [x%u, #%d]!", d, p, ONE_OF(strides)); break;
    case 6: say("ldrsb x%u, [x%u]", d, p); break;
    case 7:
    case 8: say("str x%u, [x%u, #%d]", source(), p, ONE_OF(offsets)); break;
    case 9: say("strb w%u, [x%u], #1", d, p); break;
    case 10:
        if (other != d) say("ldp x%u, x%u, [x%u], #16", d, other, p);
        break;
    case 11: say("%s d%u, [x%u, #8]", chance(50) ? "ldr" : "str", below(8), p); break;
    case 12: by_index(d, p); break;
    default: atomic(d, p);
    }
}

static void instructions(unsigned count)
{
    for (; count > 0; count--) {
        unsigned kind = below(100);
        if (chance(vector_share))
            vector();
        else if (kind < 24)
            flags();
        else if (kind < 44)
            step();
        else if (kind < 64)
            arithmetic();
        else if (kind < 68)
            floating();
        else
            access();
    }
}

/* --- flow ---------------------------------------------------------------------------------------
 */

static void branch(unsigned to)
{
    unsigned kind = below(100);
    if (kind < 65) {
        if (chance(60)) flags();
        if (chance(30)) step();
        if (chance(25)) access();
        say("b.%s .L%u", condition(), to);
    } else if (kind < 82) {
        say("%s %c%u, .L%u", chance(50) ? "cbz" : "cbnz", width(), source(), to);
    } else {
        say("%s w%u, #%u, .L%u", chance(50) ? "tbz" : "tbnz", source(), below(8), to);
    }
}

static void part(unsigned depth, unsigned way_out);

static void call(void)
{
    unsigned leaf = first_leaf + below(LEAVES), d = reg();
    if (chance(75)) {
        say("bl .L%u", leaf);
        return;
    }
    say("adr x%u, .L%u", d, leaf);
    say("blr x%u", d);
}

/* Several ways meet behind it. */
static void choices(void)
{
    static const unsigned counts[] = {1, 1, 2, 3, 6};
    unsigned end = ++labels;
    for (unsigned n = ONE_OF(counts); n > 0; n--) {
        branch(end);
        instructions(below(3));
        if (chance(15)) call();
    }
    place(end);
    if (chance(60)) access();
}

static void either(void)
{
    unsigned other = ++labels, end = ++labels;
    branch(other);
    instructions(1 + below(3));
    say("b .L%u", end);
    place(other);
    instructions(1 + below(3));
    place(end);
}

static struct table *new_table(unsigned count)
{
    struct table *t = &table[tables++];
    *t = (struct table){.name = labels + 1, .base = labels + 2, .first = labels + 3};
    t->count = count;
    t->wide = vector_share || chance(30); /* else what is between takes less than 128 words */
    labels += 2 + count;
    return t;
}

/* To one of the table's labels, or to `end`; to `elsewhere` at times, which the table doesn't have,
 * unless that is 0. */
static void branch_by(const struct table *t, unsigned end, unsigned elsewhere)
{
    unsigned d = reg(), at = (d + 1 + below(23)) % 24;
    say("and w%u, w%u, #7", d, source());
    say("cmp w%u, #%u", d, t->count - 1);
    say("b.hi .L%u", end);
    say("adrp x%u, .L%u", at, t->name);
    say("add x%u, x%u, :lo12:.L%u", at, at, t->name);
    say(t->wide ? "ldrh w%u, [x%u, w%u, uxtw #1]" : "ldrb w%u, [x%u, w%u, uxtw]", at, at, d);
    say("adr x%u, .L%u", d, t->base);
    say("add x%u, x%u, w%u, sxt%c #2", at, d, at, t->wide ? 'h' : 'b');
    if (elsewhere) {
        say("adr x%u, .L%u", d, elsewhere);
        say("tst x%u, #0x60", source());
        say("csel x%u, x%u, x%u, eq", at, d, at);
    }
    say("br x%u", at);
}

static void by_table(void)
{
    unsigned end = ++labels;
    const struct table *t = new_table(3 + below(3));
    branch_by(t, end, 0);
    place(t->base);
    for (unsigned n = 0; n < t->count; n++) {
        place(t->first + n);
        instructions(1 + below(3));
        if (chance(70)) say("b .L%u", end);
    }
    place(end);
}

/* An interpreter's loop: pieces of code that go on to the next by a table, each by itself or all by
 * the same branch. */
static void interpreter(void)
{
    unsigned end = ++labels, elsewhere = ++labels, common = ++labels;
    const struct table *t = new_table(3 + below(5));
    if (chance(50)) choose_hot(ONE_OF(((const unsigned[]){3, 5, 8, 11})));
    place(common);
    branch_by(t, end, chance(20) ? elsewhere : 0);
    place(t->base);
    for (unsigned n = 0; n <= t->count; n++) {
        place(n < t->count ? t->first + n : elsewhere);
        instructions(1 + below(5));
        if (chance(30)) choices();
        if (chance(20)) call();
        say("sub x28, x28, #1");
        say("tbnz x28, #63, .L%u", end);
        if (chance(30))
            say("b .L%u", common);
        else
            branch_by(t, end, chance(20) ? elsewhere : 0);
    }
    place(end);
}

static void loop(unsigned depth)
{
    static const unsigned counts[] = {2, 3, 4, 6, 9, 12};
    unsigned head = ++labels, test = ++labels, end = ++labels;
    choose_hot(ONE_OF(counts));
    if (chance(20)) say("b .L%u", test);
    place(head);
    part(depth, end);
    place(test);
    instructions(below(4));
    say("sub x28, x28, #1");
    say("tbnz x28, #63, .L%u", end);
    if (chance(20))
        say("cbnz x28, .L%u", head);
    else
        branch(head);
    place(end);
    if (chance(50)) access();
}

/* Loops of one block, one behind the other, with a counter of their own. */
static void turns(void)
{
    for (unsigned n = 1 + below(2); n > 0; n--) {
        unsigned head = ++labels, kind = below(4), count = 1 + below(5);
        say("mov x30, #%d", kind == 3 ? -8 * (int)count : (int)count);
        if (chance(60)) flags();
        place(head);
        if (chance(70)) access();
        instructions(below(4));
        switch (kind) {
        case 0: say("subs x30, x30, #1"); break;
        case 1: say("sub x30, x30, #1\n    cmp x30, #0"); break;
        case 2: say("sub w30, w30, #1\n    cmp w30, #0"); break;
        default: say("add x30, x30, #8\n    cmn x30, #0");
        }
        if (chance(30)) access();
        say("b.ne .L%u", head);
    }
}

static void part(unsigned depth, unsigned way_out)
{
    for (unsigned n = 1 + below(3); n > 0; n--) {
        unsigned kind = lines < MAX_LINES && depth ? below(100) : 0;
        if (kind < 36)
            instructions(1 + below(5));
        else if (kind < 58)
            choices();
        else if (kind < 66)
            either();
        else if (kind < 90)
            loop(depth - 1);
        else if (kind < 93 && way_out)
            branch(way_out);
        else if (kind < 95)
            call();
        else if (kind < 97)
            turns();
        else if (tables < MAX_TABLES)
            kind < 98 ? by_table() : interpreter();
    }
}

/* What the function calls: instructions, and perhaps ways around some. */
static void leaves(unsigned number)
{
    first_leaf = labels + 1;
    labels += LEAVES;
    choose_hot(0);
    for (unsigned n = 0; n < LEAVES; n++) {
        unsigned end = ++labels;
        printf(".type leaf_%u_%u, %%function\nleaf_%u_%u:\n", number, n, number, n);
        place(first_leaf + n);
        instructions(below(4));
        if (chance(40)) branch(end);
        instructions(below(3));
        place(end);
        say("ret");
        printf(".size leaf_%u_%u, . - leaf_%u_%u\n", number, n, number, n);
    }
}

static void choose_vectors(void)
{
    static const unsigned shares[] = {0, 10, 40, 70}, counts[] = {4, 12, 20, 32};
    vector_share = ONE_OF(shares);
    vectors = ONE_OF(counts);
}

static void function(unsigned number)
{
    choose_vectors();
    leaves(number);
    printf(".global flow_%u\n.type flow_%u, %%function\nflow_%u:\n", number, number, number);
    lines = 0;
    choose_hot(chance(50) ? 5 : 0);
    for (unsigned n = 1 + below(3); n > 0; n--) {
        part(2 + below(2), 0);
        if (chance(40)) loop(2);
        if (chance(40)) turns();
    }
    say("b flow_exit");
    printf(".size flow_%u, . - flow_%u\n", number, number);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: flow-generate SEED FUNCTIONS\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 0);
    unsigned count = (unsigned)strtoul(argv[2], NULL, 0);
    printf(".arch armv8.1-a\n.text\n");
    for (unsigned n = 0; n < count; n++) function(n);
    printf(".section .rodata\n");
    for (const struct table *t = table; t < table + tables; t++) {
        printf(" .balign 2\n");
        place(t->name);
        for (unsigned n = 0; n < t->count; n++)
            printf(" .%s (.L%u - .L%u) / 4\n", t->wide ? "hword" : "byte", t->first + n, t->base);
    }
    printf(".balign 8\n.global flow_functions, flow_count\nflow_functions:\n");
    for (unsigned n = 0; n < count; n++) printf(" .quad flow_%u\n", n);
    printf("flow_count: .word %u\n", count);
    return 0;
}
