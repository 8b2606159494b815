/*
 * Directives of the load and store instructions' texts.
 */
#include "aot/a64/text.h"

#include <string.h>

/* --- suffixes of the mnemonic --- */

static void print_bh(struct text *t, u32 w)
{
    static const char *const names[] = {"b", "h", "", ""};
    text_print(t, "%s", names[a64_lsize(w)]);
}

static void print_bhw(struct text *t, u32 w)
{
    text_print(t, "%c", "bhw?"[a64_lsize(w)]);
}

static void print_order(struct text *t, u32 w)
{
    text_print(t, "%s%s", a64_A(w) ? "a" : "", a64_R(w) ? "l" : "");
}

static void print_cas_order(struct text *t, u32 w)
{
    text_print(t, "%s%s", a64_casA(w) ? "a" : "", a64_casR(w) ? "l" : "");
}

/* --- registers --- */

static void print_pair(struct text *t, u32 first)
{
    text_register(t, 'P', first, false);
    text_print(t, ", ");
    text_register(t, 'P', first + 1, false);
}

static void print_pair_s(struct text *t, u32 w)
{
    print_pair(t, a64_rs(w));
}

static void print_pair_t(struct text *t, u32 w)
{
    print_pair(t, a64_rt(w));
}

static void print_prfop(struct text *t, u32 w)
{
    static const char *const types[] = {"pld", "pli", "pst"};
    u32 op = a64_rt(w);
    if (op >> 3 == 3 || (op >> 1 & 3) == 3)
        text_print(t, "#0x%02x", op);
    else
        text_print(t, "%sl%u%s", types[op >> 3], (op >> 1 & 3) + 1, op & 1 ? "strm" : "keep");
}

/* --- offsets --- */

static void print_offset(struct text *t, s64 offset)
{
    if (offset) text_print(t, ", #%d", (int)offset);
}

static void print_simm9(struct text *t, u32 w)
{
    print_offset(t, sign_extend(a64_imm9(w), 9));
}

static void print_simm9_always(struct text *t, u32 w)
{
    text_print(t, "#%d", (int)sign_extend(a64_imm9(w), 9));
}

static void print_simm10(struct text *t, u32 w)
{
    print_offset(t, sign_extend(a64_raaS(w) << 9 | a64_imm9(w), 10) * 8);
}

/* Pairs: a vector form has bit 26 set; LDPSW (lopc 1 of the others) loads words. */
static s64 pair_offset(u32 w)
{
    bool vector = w >> 26 & 1;
    return sign_extend(a64_imm7(w), 7) * (4 << (vector ? a64_lopc(w) : a64_lopc(w) >> 1));
}

static void print_simm7(struct text *t, u32 w)
{
    print_offset(t, pair_offset(w));
}

static void print_simm7_always(struct text *t, u32 w)
{
    text_print(t, "#%d", (int)pair_offset(w));
}

/* log2 of the bytes that a load or store of one register accesses. */
static unsigned access_size(u32 w)
{
    bool vector = w >> 26 & 1;
    return vector && a64_vq(w) ? 4 : a64_lsize(w);
}

static void print_uimm12(struct text *t, u32 w)
{
    print_offset(t, (s64)a64_imm12(w) << access_size(w));
}

static void print_offset_register(struct text *t, u32 w)
{
    static const char *const names[] = {NULL, NULL, "uxtw", "lsl", NULL, NULL, "sxtw", "sxtx"};
    u32 option = a64_option(w);
    text_register(t, option & 1 ? 'X' : 'W', a64_rm(w), false);
    if (option == 3 && !a64_S(w)) return;
    text_print(t, ", %s", names[option]);
    if (a64_S(w)) text_print(t, " #%u", access_size(w));
}

/* --- structures --- */

static unsigned multi_registers(u32 w)
{
    switch (a64_mopc(w)) {
    case 0:
    case 2: return 4;
    case 4:
    case 6: return 3;
    case 7: return 1;
    default: return 2;
    }
}

static void print_multi_count(struct text *t, u32 w)
{
    bool interleaved = !(a64_mopc(w) & 2);
    text_print(t, "%u", interleaved ? multi_registers(w) : 1);
}

/* A list of consecutive registers of which all have the suffix. */
static void print_list(struct text *t, u32 first, unsigned count, const char *suffix)
{
    u32 last = (first + count - 1) & 31;
    text_print(t, "{v%u.%s", first, suffix);
    if (count > 2 && last > first) {
        text_print(t, "-v%u.%s", last, suffix);
    } else {
        for (unsigned i = 1; i < count; i++) text_print(t, ", v%u.%s", (first + i) & 31, suffix);
    }
    text_print(t, "}");
}

static void print_arranged_list(struct text *t, u32 w, unsigned count)
{
    char suffix[8];
    struct text s = {.buf = suffix, .size = sizeof suffix};
    text_arrangement(&s, a64_msize(w), a64_Q(w));
    print_list(t, a64_rt(w), count, suffix);
}

static void print_multi_list(struct text *t, u32 w)
{
    print_arranged_list(t, w, multi_registers(w));
}

static void print_post(struct text *t, u32 w, unsigned bytes)
{
    if (a64_rm(w) == 31)
        text_print(t, "#%u", bytes);
    else
        text_register(t, 'X', a64_rm(w), false);
}

static void print_multi_post(struct text *t, u32 w)
{
    print_post(t, w, multi_registers(w) * (a64_Q(w) ? 16 : 8));
}

static unsigned single_registers(u32 w)
{
    return ((a64_sopc(w) & 1) << 1 | a64_sR(w)) + 1;
}

/* log2 of a single structure's element. */
static unsigned single_size(u32 w)
{
    unsigned size = a64_sopc(w) >> 1;
    return size == 2 ? 2 + (a64_msize(w) & 1) : size;
}

static void print_single_count(struct text *t, u32 w)
{
    text_print(t, "%u", single_registers(w));
}

static void print_single_list(struct text *t, u32 w)
{
    char suffix[2] = {"bhsd"[single_size(w)], 0};
    u32 lane = a64_Q(w) << 3 | a64_S(w) << 2 | a64_msize(w);
    print_list(t, a64_rt(w), single_registers(w), suffix);
    text_print(t, "[%u]", lane >> single_size(w));
}

static void print_single_post(struct text *t, u32 w)
{
    print_post(t, w, single_registers(w) << single_size(w));
}

static void print_rep_list(struct text *t, u32 w)
{
    print_arranged_list(t, w, single_registers(w));
}

static void print_rep_post(struct text *t, u32 w)
{
    print_post(t, w, single_registers(w) << a64_msize(w));
}

const struct text_directive text_ldst_directives[] = {
    {"bh", print_bh},
    {"bhw", print_bhw},
    {"order", print_order},
    {"cas_order", print_cas_order},
    {"pair_s", print_pair_s},
    {"pair_t", print_pair_t},
    {"prfop", print_prfop},
    {"simm9", print_simm9},
    {"simm9_always", print_simm9_always},
    {"simm10", print_simm10},
    {"simm7", print_simm7},
    {"simm7_always", print_simm7_always},
    {"uimm12", print_uimm12},
    {"offset_register", print_offset_register},
    {"multi_count", print_multi_count},
    {"multi_list", print_multi_list},
    {"multi_post", print_multi_post},
    {"single_count", print_single_count},
    {"single_list", print_single_list},
    {"single_post", print_single_post},
    {"rep_list", print_rep_list},
    {"rep_post", print_rep_post},
    {NULL, NULL},
};
