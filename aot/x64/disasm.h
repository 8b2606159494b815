/*
 * Reading the encoder's output back: for logs, for the report of a fault, and for the tests. It
 * knows what the encoder can emit, from the same tables, and refuses the rest.
 */
#ifndef AOT_X64_DISASM_H
#define AOT_X64_DISASM_H

#include "aot/x64/x64.h"

enum x64_operand_kind {
    X64_OPERAND_NONE,
    X64_OPERAND_REG,    /* general register `reg` of `size` bytes */
    X64_OPERAND_XMM,    /* vector register `reg` */
    X64_OPERAND_MEM,    /* `mem`; `size` bytes, 0 if only its address counts */
    X64_OPERAND_IMM,    /* `value`, as the operation sees it, of `size` bytes */
    X64_OPERAND_TARGET, /* a branch to `value` bytes after the start of the instruction */
};

struct x64_operand {
    u8 kind; /* enum x64_operand_kind */
    u8 reg;
    u8 size;
    struct x64_mem mem; /* X64_MEM_BASE or X64_MEM_RIP */
    s64 value;
};

struct x64_insn {
    char name[22]; /* mnemonic, VEX forms with their "v" */
    u8 length;
    bool lock;
    bool broadcast; /* what is in memory is an element, for all lanes */
    u8 n_operands;
    struct x64_operand operands[4]; /* destination first */
};

/* Decode the instruction at `code`, of which `size` bytes are readable. Returns its length, or 0 if
 * it is truncated or nothing that the encoder emits. */
unsigned x64_decode(const u8 *code, size_t size, struct x64_insn *insn);

/* Write the instruction's text in Intel syntax, as objdump -Mintel does; `address` is where it will
 * run. Returns the number of characters, cut to text_size - 1. */
unsigned x64_print(const struct x64_insn *insn, u64 address, char *text, size_t text_size);

/* Both in one. What cannot be decoded becomes "(bad)" of one byte, so that a loop over code always
 * advances. Returns the length in bytes, 0 only if size is 0. */
unsigned x64_disasm(const u8 *code, size_t size, u64 address, char *text, size_t text_size);

#endif
