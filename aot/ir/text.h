/*
 * Private to the printer and the parser: what the text of each operation looks like, so that both
 * follow one description.
 *
 *     func pc=ADDRESS
 *     block N pc=ADDRESS [entry]
 *       [%N = ]OP[.TYPE][.LANES] [SIZE] [MOD] [IMM] ARGUMENTS [esz=N] [mod=N] [imm=N]
 *
 * TYPE: left out when void. LANES: 16b 8h 4s 2d 1q, of operations on lanes (scalar types: left out
 * when esz is 0). SIZE: bytes, of operations with a size. MOD, IMM: written in place where the
 * shape says so. ARGUMENTS: %N or - for none, those absent at the end left out; memory operands as
 * [%a + %b << mod + imm]. Fields that have no place of their own follow as esz=, mod=, imm= when
 * they aren't zero. A name that does not exist is written #N. `;` starts a comment.
 *
 * Values are numbered as they are in the function. NOPs aren't printed: the parser fills the gaps
 * that the numbers leave.
 */
#ifndef AOT_IR_TEXT_H
#define AOT_IR_TEXT_H

#include "aot/ir/ir.h"

enum ir_text_mod {
    TEXT_MOD_REST, /* as mod=N at the end */
    TEXT_MOD_CMP,
    TEXT_MOD_COND,
    TEXT_MOD_RMW,
    TEXT_MOD_FENCE,
    TEXT_MOD_TRAP,
    TEXT_MOD_ROUND, /* with |8 for the bit above */
    TEXT_MOD_EXIT,  /* at the end, by name, with nzcv-dead */
    TEXT_MOD_SHIFT  /* of the memory operand */
};

enum ir_text_imm {
    TEXT_IMM_REST,    /* as imm=N at the end */
    TEXT_IMM_NUMBER,  /* decimal when small */
    TEXT_IMM_ADDRESS, /* hexadecimal */
    TEXT_IMM_SLOT,
    TEXT_IMM_HELPER,
    TEXT_IMM_OFFSET /* of the memory operand */
};

/* What is written of the raw numbers that some operations keep in arg[]. */
enum ir_text_raw {
    TEXT_RAW_NONE,
    TEXT_RAW_TARGETS, /* BR: the blocks imm and arg[1] behind the condition */
    TEXT_RAW_CODE,    /* TRAP: arg[1] before the rest */
    TEXT_RAW_HIGH     /* VCONST2: arg[0] and arg[1] as one number */
};

struct ir_text_shape {
    u8 mod; /* enum ir_text_mod */
    u8 imm; /* enum ir_text_imm */
    u8 raw; /* enum ir_text_raw */
};

struct ir_text_shape ir_text_shape(unsigned op);

/* Names of the values of a kind of mod (CMP, COND, RMW, FENCE, TRAP, ROUND); NULL when there is
 * none. */
const char *ir_text_mod_name(unsigned kind, unsigned value);

/* The value of that name, or -1. */
int ir_text_mod_by_name(unsigned kind, const char *name);

/* "16b" to "1q", or NULL. */
const char *ir_text_lanes(unsigned esz);

#define TEXT_EXIT_KINDS 4
extern const char *const ir_text_exit[TEXT_EXIT_KINDS];

#endif
