/*
 * Directives of the floating-point and Advanced SIMD instructions' texts.
 */
#include "aot/a64/text.h"

static void print_2(struct text *t, u32 w)
{
    if (a64_Q(w)) text_print(t, "2");
}

static void print_bt(struct text *t, u32 w)
{
    text_print(t, "%c", a64_Q(w) ? 't' : 'b');
}

/* --- scalar floating point --- */

static void print_Fto(struct text *t, u32 w)
{
    text_print(t, "%c%u", "sd?h"[a64_fopc(w)], a64_rd(w));
}

static void print_fbits(struct text *t, u32 w)
{
    text_print(t, "#%u", 64 - a64_fscale(w));
}

/* VFPExpandImm: a sign, three bits of exponent (-3 to 4) and four of fraction. */
static void print_float(struct text *t, u32 imm8)
{
    int exponent = (int)((imm8 >> 4 & 7) ^ 4) - 3;
    double value = 1 + (imm8 & 15) / 16.0;
    for (; exponent > 0; exponent--) value *= 2;
    for (; exponent < 0; exponent++) value /= 2;
    text_print(t, "#%.18e", imm8 & 0x80 ? -value : value);
}

static void print_fimm8(struct text *t, u32 w)
{
    print_float(t, a64_imm8(w));
}

/* --- modified immediates --- */

static u32 vector_imm8(u32 w)
{
    return a64_abc(w) << 5 | a64_defgh(w);
}

static void print_fmimm8(struct text *t, u32 w)
{
    print_float(t, vector_imm8(w));
}

static void print_mimm8(struct text *t, u32 w)
{
    u32 cmode = a64_cmode(w);
    text_print(t, "#0x%x", vector_imm8(w));
    if (cmode >= 12)
        text_print(t, ", msl #%u", cmode & 1 ? 16 : 8);
    else if (cmode & 6)
        text_print(t, ", lsl #%u", (cmode >> 1 & (cmode & 8 ? 1 : 3)) * 8);
}

/* The 64-bit form makes a byte of each bit; its scalar form has Q clear. */
static void print_movi(struct text *t, u32 w)
{
    u64 value = 0;
    if (a64_cmode(w) != 14) {
        text_print(t, "v%u.", a64_rd(w));
        text_arrangement(t, a64_cmode(w) >= 8 && a64_cmode(w) < 12 ? 1 : 2, a64_Q(w));
        text_print(t, ", ");
        print_mimm8(t, w);
        return;
    }
    if (!a64_op(w)) {
        text_print(t, a64_Q(w) ? "v%u.16b, #0x%x" : "v%u.8b, #0x%x", a64_rd(w), vector_imm8(w));
        return;
    }
    for (unsigned i = 0; i < 8; i++)
        if (vector_imm8(w) >> i & 1) value |= UINT64_C(0xff) << i * 8;
    text_print(t, a64_Q(w) ? "v%u.2d, #0x%llx" : "d%u, #0x%llx", a64_rd(w),
               (unsigned long long)value);
}

/* --- shifts: immh:immb is the element's size in bits plus or less the shift --- */

static unsigned shift_bits(u32 w)
{
    return 8u << (31 - __builtin_clz(a64_immh(w)));
}

static void print_right(struct text *t, u32 w)
{
    text_print(t, "#%u", 2 * shift_bits(w) - (a64_immh(w) << 3 | a64_immb(w)));
}

static void print_left(struct text *t, u32 w)
{
    text_print(t, "#%u", (a64_immh(w) << 3 | a64_immb(w)) - shift_bits(w));
}

static void print_esize(struct text *t, u32 w)
{
    text_print(t, "#%u", 8u << a64_size(w));
}

/* --- copies: imm5 is the lane, a one, and log2 of the element's bytes zeros --- */

static unsigned copy_size(u32 w)
{
    return (unsigned)__builtin_ctz(a64_imm5(w) | 16);
}

static void print_ins_el(struct text *t, u32 w)
{
    text_print(t, ".%c[%u]", "bhsdq"[copy_size(w)], a64_imm5(w) >> (copy_size(w) + 1));
}

static void print_ins_el2(struct text *t, u32 w)
{
    text_print(t, ".%c[%u]", "bhsdq"[copy_size(w)], a64_imm4(w) >> copy_size(w));
}

static void print_dup_el(struct text *t, u32 w)
{
    text_print(t, "v%u", a64_rn(w));
    print_ins_el(t, w);
}

static void print_Kn(struct text *t, u32 w)
{
    text_register(t, copy_size(w) == 3 ? 'X' : 'W', a64_rn(w), false);
}

static void print_Kd(struct text *t, u32 w)
{
    text_print(t, "%c%u", "bhsdq"[copy_size(w)], a64_rd(w));
}

static void print_Qd(struct text *t, u32 w)
{
    text_register(t, a64_Q(w) ? 'X' : 'W', a64_rd(w), false);
}

static void print_umov(struct text *t, u32 w)
{
    text_print(t, copy_size(w) >= 2 ? "mov" : "umov");
}

/* --- indexed elements --- */

static void print_element(struct text *t, u32 reg, char size, u32 index)
{
    text_print(t, "v%u.%c[%u]", reg, size, index);
}

static u32 index_HLM(u32 w)
{
    return a64_H(w) << 2 | a64_L(w) << 1 | a64_M(w);
}

static u32 index_HL(u32 w)
{
    return a64_H(w) << 1 | a64_L(w);
}

static u32 register_M(u32 w)
{
    return a64_M(w) << 4 | a64_rm4(w);
}

static void print_el_h(struct text *t, u32 w)
{
    print_element(t, a64_rm4(w), 'h', index_HLM(w));
}

static void print_el_size(struct text *t, u32 w)
{
    if (a64_size(w) == 1)
        print_el_h(t, w);
    else
        print_element(t, register_M(w), 's', index_HL(w));
}

static void print_el_sz(struct text *t, u32 w)
{
    if (a64_sz(w))
        print_element(t, register_M(w), 'd', a64_H(w));
    else
        print_element(t, register_M(w), 's', index_HL(w));
}

static void print_el_4b(struct text *t, u32 w)
{
    text_print(t, "v%u.4b[%u]", register_M(w), index_HL(w));
}

static void print_el_2h(struct text *t, u32 w)
{
    text_print(t, "v%u.2h[%u]", register_M(w), index_HL(w));
}

static void print_el_complex(struct text *t, u32 w)
{
    if (a64_size(w) == 1)
        print_element(t, register_M(w), 'h', index_HL(w));
    else
        print_element(t, register_M(w), 's', a64_H(w));
}

static void print_rot(struct text *t, u32 w)
{
    text_print(t, "#%u", a64_rot(w) * 90);
}

static void print_rot1(struct text *t, u32 w)
{
    text_print(t, "#%u", a64_rot1(w) ? 270 : 90);
}

static void print_rote(struct text *t, u32 w)
{
    text_print(t, "#%u", a64_rote(w) * 90);
}

/* --- the rest --- */

static void print_imm2(struct text *t, u32 w)
{
    text_print(t, "%u", a64_imm2(w));
}

static void print_longd(struct text *t, u32 w)
{
    text_print(t, "%c%u", "hsd?"[a64_size(w)], a64_rd(w));
}

static void print_pair_n(struct text *t, u32 w)
{
    text_print(t, a64_sz(w) ? "v%u.2d" : "v%u.2s", a64_rn(w));
}

static void print_table(struct text *t, u32 w)
{
    u32 first = a64_rn(w), last = (first + a64_len(w)) & 31;
    text_print(t, "{v%u.16b", first);
    if (a64_len(w) > 1 && last > first) {
        text_print(t, "-v%u.16b", last);
    } else {
        for (u32 i = 1; i <= a64_len(w); i++) text_print(t, ", v%u.16b", (first + i) & 31);
    }
    text_print(t, "}");
}

const struct text_directive text_simd_directives[] = {
    {"2", print_2},
    {"bt", print_bt},
    {"Fto", print_Fto},
    {"fbits", print_fbits},
    {"fimm8", print_fimm8},
    {"fmimm8", print_fmimm8},
    {"mimm8", print_mimm8},
    {"movi", print_movi},
    {"right", print_right},
    {"left", print_left},
    {"esize", print_esize},
    {"ins_el", print_ins_el},
    {"ins_el2", print_ins_el2},
    {"dup_el", print_dup_el},
    {"Kn", print_Kn},
    {"Kd", print_Kd},
    {"Qd", print_Qd},
    {"umov", print_umov},
    {"el_h", print_el_h},
    {"el_size", print_el_size},
    {"el_sz", print_el_sz},
    {"el_4b", print_el_4b},
    {"el_2h", print_el_2h},
    {"el_complex", print_el_complex},
    {"rot", print_rot},
    {"rot1", print_rot1},
    {"rote", print_rote},
    {"imm2", print_imm2},
    {"longd", print_longd},
    {"pair_n", print_pair_n},
    {"table", print_table},
    {NULL, NULL},
};
