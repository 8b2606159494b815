/*
 * The shapes and names of text.h.
 */
#include "aot/ir/text.h"

#include "aot/abi/exits.h"

#include <string.h>

static const struct ir_text_shape shape[IR_OP_COUNT] = {
    [IR_CONST] = {.imm = TEXT_IMM_NUMBER},
    [IR_VCONST2] = {.imm = TEXT_IMM_ADDRESS, .raw = TEXT_RAW_HIGH},
    [IR_GADDR] = {.imm = TEXT_IMM_ADDRESS},
    [IR_GET] = {.imm = TEXT_IMM_SLOT},
    [IR_SET] = {.imm = TEXT_IMM_SLOT},
    [IR_INSN] = {.imm = TEXT_IMM_ADDRESS},
    [IR_ICMP] = {.mod = TEXT_MOD_CMP},
    [IR_COND] = {.mod = TEXT_MOD_COND},
    [IR_FLCONST] = {.imm = TEXT_IMM_NUMBER},
    [IR_JUMP] = {.imm = TEXT_IMM_NUMBER},
    [IR_BR] = {.raw = TEXT_RAW_TARGETS},
    [IR_EXIT] = {.mod = TEXT_MOD_EXIT, .imm = TEXT_IMM_ADDRESS},
    [IR_EXITIF] = {.mod = TEXT_MOD_EXIT, .imm = TEXT_IMM_ADDRESS},
    [IR_EXITIND] = {.mod = TEXT_MOD_EXIT},
    [IR_TRAP] = {.mod = TEXT_MOD_TRAP, .imm = TEXT_IMM_ADDRESS, .raw = TEXT_RAW_CODE},
    [IR_GUARD] = {.mod = TEXT_MOD_TRAP},
    [IR_HELPER] = {.imm = TEXT_IMM_HELPER},
    [IR_FENCE] = {.mod = TEXT_MOD_FENCE},
    [IR_FAILED] = {.imm = TEXT_IMM_ADDRESS},
    [IR_LOAD] = {.mod = TEXT_MOD_SHIFT, .imm = TEXT_IMM_OFFSET},
    [IR_LOADS] = {.mod = TEXT_MOD_SHIFT, .imm = TEXT_IMM_OFFSET},
    [IR_STORE] = {.mod = TEXT_MOD_SHIFT, .imm = TEXT_IMM_OFFSET},
    [IR_RMW] = {.mod = TEXT_MOD_RMW},
    [IR_FRINT] = {.mod = TEXT_MOD_ROUND},
    [IR_FCVTI] = {.mod = TEXT_MOD_ROUND},
    [IR_VFCVTI] = {.mod = TEXT_MOD_ROUND},
};

struct ir_text_shape ir_text_shape(unsigned op)
{
    return op < IR_OP_COUNT ? shape[op] : (struct ir_text_shape){0};
}

#define NAMES_MAX 16

/* Rounding modes with bit 3 follow those without. */
static const char *const names[][NAMES_MAX] = {
    [TEXT_MOD_CMP] = {"eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"},
    [TEXT_MOD_COND] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt",
                       "le", "al", "nv"},
    [TEXT_MOD_RMW] = {"add", "clr", "eor", "set", "smax", "smin", "umax", "umin", "swp"},
    [TEXT_MOD_FENCE] = {"full", "load", "store", "isb"},
    [TEXT_MOD_ROUND] = {"nearest", "up", "down", "zero", "away", "fpcr", NULL, NULL, "nearest|8",
                        "up|8", "down|8", "zero|8", "away|8", "fpcr|8"},
};

const char *ir_text_mod_name(unsigned kind, unsigned value)
{
    if (kind == TEXT_MOD_TRAP) return value < TRAP_COUNT ? trap_name(value) : NULL;
    return value < NAMES_MAX && kind < ARRAY_SIZE(names) ? names[kind][value] : NULL;
}

int ir_text_mod_by_name(unsigned kind, const char *name)
{
    for (unsigned v = 0; v < NAMES_MAX || (kind == TEXT_MOD_TRAP && v < TRAP_COUNT); v++) {
        const char *n = ir_text_mod_name(kind, v);
        if (n && !strcmp(n, name)) return (int)v;
    }
    return -1;
}

const char *ir_text_lanes(unsigned esz)
{
    static const char *const lanes[] = {"16b", "8h", "4s", "2d", "1q"};
    return esz < ARRAY_SIZE(lanes) ? lanes[esz] : NULL;
}

const char *const ir_text_exit[TEXT_EXIT_KINDS] = {"jump", "call", "return", "steady"};
