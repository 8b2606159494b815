/*
 * Directives of the base and system instructions' texts.
 */
#include "aot/a64/text.h"

static const char *const conditions[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                         "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};

const char *text_condition(u32 cond)
{
    return conditions[cond & 15];
}

static void print_cond(struct text *t, u32 w)
{
    text_print(t, "%s", text_condition(a64_cond(w)));
}

static void print_inverted_cond(struct text *t, u32 w)
{
    text_print(t, "%s", text_condition(a64_cond(w) ^ 1));
}

static void print_bcond(struct text *t, u32 w)
{
    text_print(t, "%s", text_condition(a64_bcond(w)));
}

/* --- branch targets and addresses --- */

static void print_target(struct text *t, u32 field, unsigned width)
{
    text_print(t, "0x%llx", (unsigned long long)(t->pc + (u64)sign_extend(field, width) * 4));
}

static void print_rel26(struct text *t, u32 w)
{
    print_target(t, a64_imm26(w), 26);
}

static void print_rel19(struct text *t, u32 w)
{
    print_target(t, a64_imm19(w), 19);
}

static void print_rel14(struct text *t, u32 w)
{
    print_target(t, a64_imm14(w), 14);
}

static void print_adr(struct text *t, u32 w)
{
    u64 offset = (u64)sign_extend(a64_immhi(w) << 2 | a64_immlo(w), 21);
    u64 address = a64_sf(w) ? (t->pc & ~UINT64_C(0xfff)) + (offset << 12) : t->pc + offset;
    text_print(t, "0x%llx", (unsigned long long)address);
}

static void print_tbit(struct text *t, u32 w)
{
    text_register(t, a64_b5(w) ? 'X' : 'W', a64_rt(w), false);
    text_print(t, ", #%u", a64_b5(w) << 5 | a64_b40(w));
}

/* --- immediates --- */

static void print_imm12(struct text *t, u32 w)
{
    text_print(t, a64_sh(w) ? "#0x%x, lsl #12" : "#0x%x", a64_imm12(w));
}

u64 text_bitmask(u32 w)
{
    unsigned length = 31 - (unsigned)__builtin_clz(a64_N(w) << 6 | (~a64_imms(w) & 63));
    unsigned size = 1u << length, ones = (a64_imms(w) & (size - 1)) + 1;
    unsigned rotate = a64_immr(w) & (size - 1);
    u64 element = (UINT64_C(1) << ones) - 1;
    if (rotate) element = element >> rotate | element << (size - rotate);
    if (size < 64) element &= (UINT64_C(1) << size) - 1;
    for (; size < 64; size *= 2) element |= element << size;
    return a64_sf(w) ? element : (u32)element;
}

static void print_bitmask(struct text *t, u32 w)
{
    text_print(t, "#0x%llx", (unsigned long long)text_bitmask(w));
}

static void print_hw(struct text *t, u32 w)
{
    if (a64_hw(w)) text_print(t, ", lsl #%u", a64_hw(w) * 16);
}

/* The value that a MOVZ or MOVN moves. */
static void print_wide(struct text *t, u32 w)
{
    u64 value = (u64)a64_imm16(w) << a64_hw(w) * 16;
    if (!(w >> 30 & 1)) value = ~value;
    if (!a64_sf(w)) value = (u32)value;
    text_print(t, "#0x%llx", (unsigned long long)value);
}

/* Operands of the bit field aliases: width, and the two directions of shift. */
static void print_width_to_imms(struct text *t, u32 w)
{
    text_print(t, "#%u, #%u", a64_immr(w), a64_imms(w) - a64_immr(w) + 1);
}

static void print_insert_position(struct text *t, u32 w)
{
    unsigned size = a64_sf(w) ? 64 : 32;
    text_print(t, "#%u, #%u", (size - a64_immr(w)) & (size - 1), a64_imms(w) + 1);
}

static void print_left_shift(struct text *t, u32 w)
{
    text_print(t, "#%u", (a64_sf(w) ? 63 : 31) - a64_imms(w));
}

/* --- modified registers --- */

static void print_shift(struct text *t, u32 w)
{
    static const char *const names[] = {"lsl", "lsr", "asr", "ror"};
    if (a64_shift(w) || a64_imm6(w)) text_print(t, ", %s #%u", names[a64_shift(w)], a64_imm6(w));
}

static void print_extended(struct text *t, u32 w)
{
    static const char *const names[] = {"uxtb", "uxth", "uxtw", "uxtx",
                                        "sxtb", "sxth", "sxtw", "sxtx"};
    u32 option = a64_option(w), amount = a64_imm3(w);
    bool flags = w >> 29 & 1;
    bool stack = a64_rn(w) == 31 || (a64_rd(w) == 31 && !flags);
    bool lsl = stack && option == (a64_sf(w) ? 3 : 2);
    text_register(t, a64_sf(w) && (option & 3) == 3 ? 'X' : 'W', a64_rm(w), false);
    if (lsl && !amount) return;
    text_print(t, ", %s", lsl ? "lsl" : names[option]);
    if (amount) text_print(t, " #%u", amount);
}

static void print_crc(struct text *t, u32 w)
{
    text_print(t, "%s%c", a64_crc_c(w) ? "c" : "", "bhwx"[a64_csz(w)]);
}

/* --- system --- */

static void print_optional_imm16(struct text *t, u32 w)
{
    if (a64_imm16(w)) text_print(t, "#0x%x", a64_imm16(w));
}

static void print_optional_CRm(struct text *t, u32 w)
{
    if (a64_CRm(w) != 15) text_print(t, "#0x%x", a64_CRm(w));
}

static void print_CRn(struct text *t, u32 w)
{
    text_print(t, "C%u", a64_CRn(w));
}

static void print_CRm(struct text *t, u32 w)
{
    text_print(t, "C%u", a64_CRm(w));
}

static void print_optional_Xt(struct text *t, u32 w)
{
    if (a64_rt(w) == 31) return;
    text_print(t, ", ");
    text_register(t, 'X', a64_rt(w), false);
}

static void print_hint(struct text *t, u32 w)
{
    text_print(t, "#0x%x", a64_CRm(w) << 3 | a64_op2(w));
}

static void print_bti(struct text *t, u32 w)
{
    static const char *const names[] = {"", "c", "j", "jc"};
    text_print(t, "%s", names[a64_btype(w)]);
}

static void print_barrier(struct text *t, u32 w)
{
    static const char *const names[] = {NULL,    "oshld", "oshst", "osh",   NULL,    "nshld",
                                        "nshst", "nsh",   NULL,    "ishld", "ishst", "ish",
                                        NULL,    "ld",    "st",    "sy"};
    if (names[a64_CRm(w)])
        text_print(t, "%s", names[a64_CRm(w)]);
    else
        text_print(t, "#0x%02x", a64_CRm(w));
}

static void print_pstate(struct text *t, u32 w)
{
    static const struct {
        u8 op1, op2, max;
        const char *name;
    } names[] = {{0, 3, 1, "uao"}, {0, 4, 1, "pan"}, {0, 5, 1, "spsel"},    {3, 1, 1, "ssbs"},
                 {3, 2, 1, "dit"}, {3, 4, 1, "tco"}, {3, 6, 15, "daifset"}, {3, 7, 15, "daifclr"}};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].op1 != a64_op1(w) || names[i].op2 != a64_op2(w)) continue;
        if (a64_CRm(w) > names[i].max) break;
        text_print(t, "%s, #0x%x", names[i].name, a64_CRm(w));
        return;
    }
    text_print(t, "s0_%u_c4_c%u_%u, ", a64_op1(w), a64_CRm(w), a64_op2(w));
    text_register(t, 'X', a64_rt(w), false);
}

static void print_sysreg(struct text *t, u32 w)
{
    const char *name = text_system_register(a64_sysreg(w));
    if (name)
        text_print(t, "%s", name);
    else
        text_print(t, "s%u_%u_c%u_c%u_%u", 2 + (a64_sysreg(w) >> 14), a64_op1(w), a64_CRn(w),
                   a64_CRm(w), a64_op2(w));
}

static void print_word(struct text *t, u32 w)
{
    text_print(t, "0x%08x", w);
}

const struct text_directive text_base_directives[] = {
    {"cond", print_cond},
    {"inverted_cond", print_inverted_cond},
    {"bcond", print_bcond},
    {"rel26", print_rel26},
    {"rel19", print_rel19},
    {"rel14", print_rel14},
    {"adr", print_adr},
    {"tbit", print_tbit},
    {"imm12", print_imm12},
    {"bitmask", print_bitmask},
    {"hw", print_hw},
    {"wide", print_wide},
    {"width_to_imms", print_width_to_imms},
    {"insert_position", print_insert_position},
    {"left_shift", print_left_shift},
    {"shift", print_shift},
    {"extended", print_extended},
    {"crc", print_crc},
    {"optional_imm16", print_optional_imm16},
    {"optional_CRm", print_optional_CRm},
    {"CRn", print_CRn},
    {"CRm", print_CRm},
    {"optional_Xt", print_optional_Xt},
    {"hint", print_hint},
    {"bti", print_bti},
    {"barrier", print_barrier},
    {"pstate", print_pstate},
    {"sysreg", print_sysreg},
    {"word", print_word},
    {NULL, NULL},
};
