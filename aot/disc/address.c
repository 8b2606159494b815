/*
 * Addresses of code that code makes (disc.h). The register is followed through the instructions
 * behind, as long as they go on: what is done with it tells whether it points to instructions.
 */
#include "aot/a64/flow.h"
#include "aot/disc/slice.h"
#include "aot/disc/way.h"

#define PAIR_MAX   8  /* instructions from an ADRP to its ADD */
#define FOLLOW_MAX 24 /* instructions in which a use is looked for */
#define PROOF      12 /* instructions at the address that have to look right */
#define ARGUMENTS  8
#define ZR         WAY_ZR

enum use { USE_NONE, USE_CODE, USE_DATA };

/* Registers that hold the address: bits. */
static bool holds(u32 set, unsigned reg)
{
    return reg < ZR && (set >> reg & 1);
}

static bool is_load_or_store(u32 w)
{
    return (w & 0x0a000000) == 0x08000000;
}

static enum use use_in_memory(enum a64_row row, u32 w, u32 set)
{
    switch (row) {
    case A64_LDR_lit:
    case A64_LDRSW_lit:
    case A64_LDR_lit_v:
    case A64_PRFM_lit: return USE_NONE;
    default: break;
    }
    if (holds(set, a64_rn(w))) return USE_DATA;
    switch (row) {
    case A64_STP_off:
    case A64_STP_pre:
    case A64_STP_post: return holds(set, a64_rt(w)) || holds(set, a64_rt2(w)) ? USE_CODE : USE_NONE;
    case A64_STR_u:
    case A64_STUR:
    case A64_STR_pre:
    case A64_STR_post:
    case A64_STR_reg:
    case A64_STLR: return holds(set, a64_rt(w)) && a64_lsize(w) == 3 ? USE_CODE : USE_NONE;
    default: return USE_NONE;
    }
}

static enum use use_in_branch(enum a64_row row, u32 w, u64 pc, u32 set, bool *ends)
{
    u64 target;
    u32 arguments = set & ((1u << ARGUMENTS) - 1);
    switch (a64_flow(row, w, pc, &target)) {
    case A64_FLOW_INDIRECT:
    case A64_FLOW_INDIRECT_CALL:
        if (holds(set, a64_rn(w))) return USE_CODE; /* fall through */
    case A64_FLOW_CALL: return arguments ? USE_CODE : USE_NONE;
    case A64_FLOW_RETURN: *ends = true; return set & 1 ? USE_CODE : USE_NONE;
    case A64_FLOW_JUMP:
    case A64_FLOW_TRAP: *ends = true; return USE_NONE;
    default: return USE_NONE;
    }
}

/* What a data-processing instruction does to the set. A sum with another register is the base of a
 * table. */
static enum use use_in_register(enum a64_row row, u32 w, u32 *set)
{
    switch (row) {
    case A64_ADD_shift:
    case A64_ADD_ext:
    case A64_SUB_shift:
    case A64_SUB_ext:
    case A64_ADD_imm:
    case A64_SUB_imm:
        if (holds(*set, a64_rn(w)) ||
            (row != A64_ADD_imm && row != A64_SUB_imm && holds(*set, a64_rm(w))))
            return USE_DATA;
        break;
    case A64_ORR_shift: /* MOV */
        if (a64_rn(w) == ZR && holds(*set, a64_rm(w)) && !a64_imm6(w)) {
            *set |= 1u << a64_rd(w);
            return USE_NONE;
        }
        break;
    case A64_CSEL:
        if (holds(*set, a64_rn(w)) || holds(*set, a64_rm(w))) {
            *set |= 1u << a64_rd(w);
            return USE_NONE;
        }
        break;
    default: break;
    }
    *set &= ~(1u << a64_rd(w));
    return USE_NONE;
}

static enum use find_use(const struct disc_view *view, u64 pc, unsigned reg)
{
    u32 word[FOLLOW_MAX], set = 1u << reg;
    size_t n = view->code.read(view->code.context, pc, word, FOLLOW_MAX);
    bool ends = false;
    for (size_t i = 0; i < n && !ends && set; i++) {
        enum a64_row row = a64_decode(word[i]);
        enum use use = USE_NONE;
        if (is_load_or_store(word[i]))
            use = use_in_memory(row, word[i], set);
        else if (a64_may_branch(word[i]))
            use = use_in_branch(row, word[i], pc + 4 * i, set, &ends);
        else if (a64_row_info(row)->group == A64_GROUP_base)
            use = use_in_register(row, word[i], &set);
        if (use != USE_NONE) return use;
    }
    return USE_NONE;
}

/* The ADD that completes the ADRP at pc into `reg`: its index in `word`, or 0. */
static size_t find_add(const u32 *word, size_t n, unsigned reg)
{
    for (size_t i = 1; i < n; i++) {
        if (way_is_add(word[i]) && a64_rn(word[i]) == reg) return i;
        if (a64_may_branch(word[i]) && a64_row_flow[a64_decode(word[i])] >= A64_FLOW_JUMP) return 0;
    }
    return 0;
}

bool disc_find_address(const struct disc_view *view, u64 pc, u64 *out)
{
    u32 word[PAIR_MAX];
    size_t n = view->code.read(view->code.context, pc, word, PAIR_MAX), add = 0;
    if (!n || !way_is_adr(word[0])) return false;
    unsigned reg = a64_rd(word[0]);
    *out = way_adr_value(word[0], pc);
    if (word[0] >> 31) { /* ADRP */
        add = find_add(word, n, reg);
        if (!add) return false;
        *out += a64_imm12(word[add]);
        reg = a64_rd(word[add]);
    }
    if (reg >= ZR || !view->is_code(view->context, *out)) return false;
    return find_use(view, pc + 4 * (add + 1), reg) != USE_DATA &&
           disc_looks_like_code(view, *out, PROOF);
}
