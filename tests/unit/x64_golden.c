/*
 * The x86-64 encoder and decoder against GNU as (x64_cases.h): every emit function but those of
 * vectors, over a grid of registers and memory shapes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/x64_cases.h"

/* --- the grid -------------------------------------------------------------------------------- */

static const unsigned regs[] = {0, 3, 4, 5, 6, 8, 12, 13, 15};
static const unsigned few_regs[] = {0, 4, 7, 8, 13};
static const unsigned sizes[] = {1, 2, 4, 8};
static const s32 imms[] = {0, 1, -1, 127, -128, 128, -129, 0x7fff, -0x8000, 0x12345678, INT32_MIN};

/* An immediate as an operation of `size` bytes sees it. */
static s32 seen(s32 imm, unsigned size)
{
    return size == 1 ? (s8)imm : size == 2 ? (s16)imm : imm;
}

static const char *const alu_names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
static const char *const shift_names[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", NULL, "sar"};
static const char *const cc_names[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                       "s", "ns", "p", "np", "l", "ge", "le", "g"};

START_TEST(moves)
{
    golden_start();
    EACH(d, regs)
    {
        EACH(s, regs)
        {
            EACH(size, sizes)
            {
                x64_mov_rr(&buf, size, d, s), golden("mov %s,%s", rn(d, size), rn(s, size));
                x64_movzx_rr(&buf, size, d, s);
                golden("%s %s,%s", size < 4 ? "movzx" : "mov", rn(d, size == 8 ? 8 : 4),
                       rn(s, size));
                for (unsigned to = size == 1 ? 2 : 4; to <= 8; to *= 2) {
                    if (to <= size) continue;
                    x64_movsx_rr(&buf, to, size, d, s);
                    golden("%s %s,%s", size < 4 ? "movsx" : "movsxd", rn(d, to), rn(s, size));
                }
                if (size > 1)
                    x64_cmov_rr(&buf, s, size, d, s),
                        golden("cmov%s %s,%s", cc_names[s], rn(d, size), rn(s, size));
            }
        }
        x64_mov_ri(&buf, d, 0x80000000), golden("mov %s,0x80000000", rn(d, 4));
        x64_mov_ri(&buf, d, 0), golden("mov %s,0", rn(d, 4));
        x64_mov_ri(&buf, d, (u64)-5), golden("mov %s,-5", rn(d, 8));
        x64_mov_ri(&buf, d, 0x123456789a), golden("movabs %s,0x123456789a", rn(d, 8));
        x64_movabs(&buf, d, 7), golden("movabs %s,7", rn(d, 8));
        x64_zero(&buf, d), golden("xor %s,%s", rn(d, 4), rn(d, 4));
        x64_push_r(&buf, d), golden("push %s", rn(d, 8));
        x64_pop_r(&buf, d), golden("pop %s", rn(d, 8));
        x64_bswap(&buf, 4, d), golden("bswap %s", rn(d, 4));
        x64_bswap(&buf, 8, d), golden("bswap %s", rn(d, 8));
        for (unsigned cc = 0; cc < 16; cc++)
            x64_setcc_r(&buf, cc, d), golden("set%s %s", cc_names[cc], rn(d, 1));
        x64_jmp_r(&buf, d), golden("jmp %s", rn(d, 8));
        x64_call_r(&buf, d), golden("call %s", rn(d, 8));
    }
    EACH(imm, imms) x64_push_i(&buf, imm), golden("push %d", imm);
    golden_compare();
}
END_TEST

START_TEST(moves_memory)
{
    golden_start();
    EACH(m, mems)
    {
        EACH(r, few_regs) EACH(size, sizes)
        {
            x64_mov_rm(&buf, size, r, m);
            golden(size == 8 || r ? "mov %s,%s" : "{load} mov %s,%s", rn(r, size), mn(size, m));
            x64_mov_mr(&buf, size, m, r), golden("mov %s,%s", mn(size, m), rn(r, size));
            x64_movzx_rm(&buf, size, r, m);
            golden("%s %s,%s", size < 4 ? "movzx" : "mov", rn(r, size == 8 ? 8 : 4), mn(size, m));
            for (unsigned to = size == 1 ? 2 : 4; to <= 8; to *= 2) {
                if (to <= size) continue;
                x64_movsx_rm(&buf, to, size, r, m);
                golden("%s %s,%s", size < 4 ? "movsx" : "movsxd", rn(r, to), mn(size, m));
            }
            if (size > 1) {
                x64_cmov_rm(&buf, r, size, r, m),
                    golden("cmov%s %s,%s", cc_names[r], rn(r, size), mn(size, m));
                x64_movbe_rm(&buf, size, r, m), golden("movbe %s,%s", rn(r, size), mn(size, m));
                x64_movbe_mr(&buf, size, m, r), golden("movbe %s,%s", mn(size, m), rn(r, size));
            }
            if (size > 2) x64_lea(&buf, size, r, m), golden("lea %s,%s", rn(r, size), mn(0, m));
        }
        EACH(imm, imms)
        EACH(size, sizes)
        x64_mov_mi(&buf, size, m, imm), golden("mov %s,%d", mn(size, m), seen(imm, size));
        x64_setcc_m(&buf, 4, m), golden("sete %s", mn(1, m));
        x64_push_m(&buf, m), golden("push %s", mn(8, m));
        x64_pop_m(&buf, m), golden("pop %s", mn(8, m));
        x64_jmp_m(&buf, m), golden("jmp %s", mn(8, m));
        x64_call_m(&buf, m), golden("call %s", mn(8, m));
    }
    golden_compare();
}
END_TEST

START_TEST(alu)
{
    golden_start();
    for (unsigned op = 0; op < 8; op++) EACH(size, sizes)
        {
            const char *name = alu_names[op];
            EACH(d, regs)
            {
                EACH(s, regs)
                x64_alu_rr(&buf, op, size, d, s),
                    golden("%s %s,%s", name, rn(d, size), rn(s, size));
                EACH(imm, imms)
                x64_alu_ri(&buf, op, size, d, imm),
                    golden("%s %s,%d", name, rn(d, size), seen(imm, size));
            }
            EACH(m, mems)
            {
                EACH(r, few_regs)
                {
                    x64_alu_rm(&buf, op, size, r, m),
                        golden("%s %s,%s", name, rn(r, size), mn(size, m));
                    x64_alu_mr(&buf, op, size, m, r),
                        golden("%s %s,%s", name, mn(size, m), rn(r, size));
                }
                EACH(imm, imms)
                x64_alu_mi(&buf, op, size, m, imm),
                    golden("%s %s,%d", name, mn(size, m), seen(imm, size));
            }
        }
    golden_compare();
}
END_TEST

static void unary_and_multiply(unsigned size)
{
    static const char *const un_names[] = {
        [X64_NOT] = "not", [X64_NEG] = "neg",   [X64_MUL] = "mul", [X64_IMUL] = "imul",
        [X64_DIV] = "div", [X64_IDIV] = "idiv", [X64_INC] = "inc", [X64_DEC] = "dec"};
    for (unsigned op = X64_NOT; op <= X64_DEC; op++) {
        EACH(r, regs) x64_un_r(&buf, op, size, r), golden("%s %s", un_names[op], rn(r, size));
        EACH(m, mems) x64_un_m(&buf, op, size, m), golden("%s %s", un_names[op], mn(size, m));
    }
    EACH(a, regs)
    {
        EACH(s, regs) x64_test_rr(&buf, size, a, s), golden("test %s,%s", rn(a, size), rn(s, size));
        EACH(imm, imms)
        x64_test_ri(&buf, size, a, imm), golden("test %s,%d", rn(a, size), seen(imm, size));
        EACH(m, mems) x64_test_mr(&buf, size, m, a), golden("test %s,%s", mn(size, m), rn(a, size));
    }
    EACH(m, mems)
    EACH(imm, imms)
    x64_test_mi(&buf, size, m, imm), golden("test %s,%d", mn(size, m), seen(imm, size));
    if (size == 1) return;
    EACH(d, few_regs)
    {
        EACH(s, regs)
        {
            x64_imul_rr(&buf, size, d, s), golden("imul %s,%s", rn(d, size), rn(s, size));
            EACH(imm, imms)
            x64_imul_rri(&buf, size, d, s, imm),
                golden("imul %s,%s,%d", rn(d, size), rn(s, size), seen(imm, size));
        }
        EACH(m, mems)
        {
            x64_imul_rm(&buf, size, d, m), golden("imul %s,%s", rn(d, size), mn(size, m));
            EACH(imm, imms)
            x64_imul_rmi(&buf, size, d, m, imm),
                golden("imul %s,%s,%d", rn(d, size), mn(size, m), seen(imm, size));
        }
    }
}

START_TEST(unary)
{
    golden_start();
    EACH(size, sizes) unary_and_multiply(size);
    golden_compare();
}
END_TEST

static void double_shifts_and_bits(unsigned size)
{
    static const char *const bit_names[] = {
        [X64_BT] = "bt", [X64_BTS] = "bts", [X64_BTR] = "btr", [X64_BTC] = "btc"};
    EACH(d, regs) EACH(s, regs)
    {
        x64_shiftd_rri(&buf, X64_SHLD, size, d, s, 9),
            golden("shld %s,%s,9", rn(d, size), rn(s, size));
        x64_shiftd_rri(&buf, X64_SHRD, size, d, s, 63),
            golden("shrd %s,%s,63", rn(d, size), rn(s, size));
        x64_shiftd_rrc(&buf, X64_SHLD, size, d, s),
            golden("shld %s,%s,cl", rn(d, size), rn(s, size));
        x64_shiftd_rrc(&buf, X64_SHRD, size, d, s),
            golden("shrd %s,%s,cl", rn(d, size), rn(s, size));
    }
    for (unsigned op = X64_BT; op <= X64_BTC; op++) {
        EACH(d, regs)
        {
            EACH(s, regs)
            x64_bit_rr(&buf, op, size, d, s),
                golden("%s %s,%s", bit_names[op], rn(d, size), rn(s, size));
            x64_bit_ri(&buf, op, size, d, 13), golden("%s %s,13", bit_names[op], rn(d, size));
        }
        EACH(m, mems)
        {
            x64_bit_mr(&buf, op, size, m, 9),
                golden("%s %s,%s", bit_names[op], mn(size, m), rn(9, size));
            x64_bit_mi(&buf, op, size, m, 5), golden("%s %s,5", bit_names[op], mn(size, m));
        }
    }
}

START_TEST(shifts)
{
    static const u8 counts[] = {0, 1, 2, 63};
    golden_start();
    EACH(size, sizes) for (unsigned op = 0; op < 8; op++)
    {
        const char *name = shift_names[op];
        if (!name) continue;
        EACH(r, regs)
        {
            EACH(n, counts)
            {
                x64_shift_ri(&buf, op, size, r, n);
                golden("%s %s,%u", name, rn(r, size), n);
            }
            x64_shift_rc(&buf, op, size, r), golden("%s %s,cl", name, rn(r, size));
        }
        EACH(m, mems)
        {
            EACH(n, counts)
            x64_shift_mi(&buf, op, size, m, n), golden("%s %s,%u", name, mn(size, m), n);
            x64_shift_mc(&buf, op, size, m), golden("%s %s,cl", name, mn(size, m));
        }
    }
    EACH(size, sizes) if (size > 1) double_shifts_and_bits(size);
    golden_compare();
}
END_TEST

static void bit_manipulation(unsigned size)
{
    static const struct {
        unsigned op;
        const char *name;
    } bmi[] = {
#define B(name, text, ...) {X64_##name, text},
        X64_BMI_OPS(B)
#undef B
    };
    static const char *const bls[] = {"", "blsr", "blsmsk", "blsi"};
    for (unsigned i = 0; i < ARRAY_SIZE(bmi); i++) {
        EACH(d, few_regs) EACH(a, few_regs) EACH(s, few_regs)
        {
            x64_bmi_rrr(&buf, bmi[i].op, size, d, a, s);
            golden("%s %s,%s,%s", bmi[i].name, rn(d, size), rn(a, size), rn(s, size));
        }
        EACH(m, mems)
        {
            if (bmi[i].op & X64_BMI_RM_LAST) {
                x64_bmi_rrm(&buf, bmi[i].op, size, 9, 3, m),
                    golden("%s %s,%s,%s", bmi[i].name, rn(9, size), rn(3, size), mn(size, m));
            } else {
                x64_bmi_rmr(&buf, bmi[i].op, size, 3, m, 9),
                    golden("%s %s,%s,%s", bmi[i].name, rn(3, size), mn(size, m), rn(9, size));
            }
        }
    }
    for (unsigned op = X64_BLSR; op <= X64_BLSI; op++) {
        EACH(d, regs)
        EACH(s, regs)
        x64_bls_rr(&buf, op, size, d, s), golden("%s %s,%s", bls[op], rn(d, size), rn(s, size));
        EACH(m, mems)
        x64_bls_rm(&buf, op, size, 11, m), golden("%s %s,%s", bls[op], rn(11, size), mn(size, m));
    }
    EACH(d, regs)
    EACH(s, regs)
    x64_rorx_rri(&buf, size, d, s, 31), golden("rorx %s,%s,31", rn(d, size), rn(s, size));
    EACH(m, mems)
    x64_rorx_rmi(&buf, size, 12, m, 7), golden("rorx %s,%s,7", rn(12, size), mn(size, m));
}

START_TEST(bits_and_crc)
{
    static const struct {
        unsigned op;
        const char *name;
        unsigned min;
    } gp[] = {{X64_BSF, "bsf", 2},     {X64_BSR, "bsr", 2},       {X64_TZCNT, "tzcnt", 2},
              {X64_LZCNT, "lzcnt", 2}, {X64_POPCNT, "popcnt", 2}, {X64_ADCX, "adcx", 4},
              {X64_ADOX, "adox", 4}};
    golden_start();
    EACH(size, sizes)
    {
        for (unsigned i = 0; i < ARRAY_SIZE(gp); i++) {
            if (size < gp[i].min) continue;
            EACH(d, regs)
            EACH(s, regs)
            x64_gp_rr(&buf, gp[i].op, size, d, s),
                golden("%s %s,%s", gp[i].name, rn(d, size), rn(s, size));
            EACH(m, mems)
            x64_gp_rm(&buf, gp[i].op, size, 10, m),
                golden("%s %s,%s", gp[i].name, rn(10, size), mn(size, m));
        }
        unsigned to = size == 8 ? 8 : 4;
        EACH(d, regs)
        EACH(s, regs) x64_crc32_rr(&buf, size, d, s), golden("crc32 %s,%s", rn(d, to), rn(s, size));
        EACH(m, mems) x64_crc32_rm(&buf, size, 9, m), golden("crc32 %s,%s", rn(9, to), mn(size, m));
        if (size >= 4) bit_manipulation(size);
    }
    golden_compare();
}
END_TEST

START_TEST(atomics_and_plain)
{
    golden_start();
    EACH(size, sizes)
    {
        EACH(d, regs)
        EACH(s, regs)
        {
            if (d == X64_RAX && s == X64_RAX) continue; /* as makes it a nop */
            x64_xchg_rr(&buf, size, d, s), golden("xchg %s,%s", rn(d, size), rn(s, size));
        }
        EACH(m, mems) EACH(r, few_regs)
        {
            x64_xchg_mr(&buf, size, m, r), golden("xchg %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_cmpxchg_mr(&buf, size, m, r),
                golden("lock; cmpxchg %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_xadd_mr(&buf, size, m, r),
                golden("lock; xadd %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_alu_mi(&buf, X64_OR, size, m, 0),
                golden("lock; or %s,0", mn(size, m));
        }
    }
    EACH(m, mems)
    {
        x64_lock(&buf), x64_cmpxchg_pair(&buf, 8, m), golden("lock; cmpxchg8b %s", mn(8, m));
        x64_lock(&buf), x64_cmpxchg_pair(&buf, 16, m), golden("lock; cmpxchg16b %s", mn(16, m));
#define M(name, text, byte, ext, bytes)                                                            \
    x64_plain_m(&buf, X64_##name, m), golden("%s %s", text, mn(bytes, m));
        X64_PLAIN_M_OPS(M)
#undef M
    }
#define P(name, text, length, bytes) x64_plain(&buf, X64_##name), golden("%s", text);
    X64_PLAIN_OPS(P)
#undef P
    x64_cdq(&buf, 4), golden("cdq");
    x64_cdq(&buf, 8), golden("cqo");
    x64_ret(&buf, 0), golden("ret");
    x64_ret(&buf, 16), golden("ret 16");
    golden_compare();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {moves,        moves_memory,     alu, unary, shifts,
                                  bits_and_crc, atomics_and_plain};
    return golden_run("x64_golden", tests, ARRAY_SIZE(tests));
}
