/*
 * Private to the disassembler: the output buffer and the tables of directives.
 *
 * A row's text is copied to the output but for its directives:
 *   {Rd} {Xn|sp}   a register: class and operand; |sp: number 31 is the stack pointer
 *   {vd} {vd.T}    a vector register, with an arrangement
 *   {#F} {%F}      the field F as #0x hexadecimal, as # decimal
 *   {:NAME}        what the function of that name prints
 * text.c lists classes and arrangements.
 */
#ifndef AOT_A64_TEXT_H
#define AOT_A64_TEXT_H

#include "aot/a64/a64.h"

struct text {
    char *buf;
    size_t size, length; /* length counts what didn't fit, too */
    u32 w;
    u64 pc;
};

struct text_directive {
    const char *name;
    void (*print)(struct text *t, u32 w);
};

/* Each ends with a NULL name. */
extern const struct text_directive text_base_directives[];
extern const struct text_directive text_ldst_directives[];
extern const struct text_directive text_simd_directives[];

__attribute__((format(printf, 2, 3))) void text_print(struct text *t, const char *format, ...);

/* The text of the alias that a word is to be shown as; NULL if it is shown by its own name. */
const char *text_alias(enum a64_row row, u32 w);

/* A register by class and number, as {Rd} does. */
void text_register(struct text *t, char class, u32 number, bool sp);

/* "8h": lanes of 1 << log2_bytes bytes in a half or whole register. */
void text_arrangement(struct text *t, unsigned log2_bytes, bool whole);

/* The names of the conditions, "eq" to "nv". */
const char *text_condition(u32 cond);

/* The name of the system register, or NULL. */
const char *text_system_register(u32 sysreg);

/* The value of a logical instruction's immediate. */
u64 text_bitmask(u32 w);

#endif
