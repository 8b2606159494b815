/*
 * Text of decoded instructions, Intel syntax in the manner of objdump -Mintel. GNU as reads it
 * back, but for branch targets (absolute here).
 */
#include "aot/x64/disasm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *at, *end; /* end: the place of the last byte, for the terminating 0 */
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = (size_t)(t->end - t->at) + 1;
    int n = vsnprintf(t->at, room, format, args);
    va_end(args);
    if (n > 0) t->at += (size_t)n < room ? (size_t)n : room - 1;
}

static const char *const reg64[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

static void add_reg(struct text *t, unsigned reg, unsigned size)
{
    static const char *const reg8[8] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    if (size == 8)
        add(t, "%s", reg64[reg]);
    else if (reg >= 8)
        add(t, "r%u%s", reg, size == 4 ? "d" : size == 2 ? "w" : "b");
    else if (size == 1)
        add(t, "%s", reg8[reg]);
    else
        add(t, "%s%s", size == 4 ? "e" : "", reg64[reg] + 1);
}

static void add_mem(struct text *t, const struct x64_operand *o, bool broadcast)
{
    struct x64_mem m = o->mem;
    const char *sizes[] = {[0] = "",           [1] = "BYTE PTR ",  [2] = "WORD PTR ",
                           [4] = "DWORD PTR ", [8] = "QWORD PTR ", [16] = "XMMWORD PTR "};
    if (broadcast)
        add(t, "%s BCST ", o->size == 8 ? "QWORD" : "DWORD");
    else
        add(t, "%s", sizes[o->size]);
    if (m.kind == X64_MEM_BASE && m.base < 0 && m.index < 0) {
        add(t, "ds:0x%" PRIx64, (u64)(s64)m.disp);
        return;
    }
    add(t, "[");
    if (m.kind == X64_MEM_RIP) add(t, "rip");
    if (m.base >= 0) add(t, "%s", reg64[m.base]);
    if (m.index >= 0) add(t, "%s%s*%u", m.base >= 0 ? "+" : "", reg64[m.index], 1u << m.scale);
    bool must = m.base < 0 || (m.base & 7) == X64_RBP;
    if (m.disp < 0)
        add(t, "-0x%x", 0u - (u32)m.disp);
    else if (m.disp > 0 || must)
        add(t, "+0x%x", (u32)m.disp);
    add(t, "]");
}

static void add_operand(struct text *t, const struct x64_operand *o, u64 address, bool broadcast)
{
    u64 mask = o->size >= 8 ? UINT64_MAX : (UINT64_C(1) << o->size * 8) - 1;
    switch (o->kind) {
    case X64_OPERAND_REG: add_reg(t, o->reg, o->size); break;
    case X64_OPERAND_XMM: add(t, "xmm%u", o->reg); break;
    case X64_OPERAND_MEM: add_mem(t, o, broadcast); break;
    case X64_OPERAND_IMM: add(t, "0x%" PRIx64, (u64)o->value & mask); break;
    case X64_OPERAND_TARGET: add(t, "0x%" PRIx64, address + (u64)o->value); break;
    }
}

unsigned x64_print(const struct x64_insn *insn, u64 address, char *text, size_t text_size)
{
    if (text_size == 0) return 0;
    struct text t = {text, text + text_size - 1};
    *text = 0;
    add(&t, "%s%s", insn->lock ? "lock " : "", insn->name);
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (i > 0)
            add(&t, ",");
        else
            add(&t, "%*s", strlen(insn->name) < 6 ? (int)(7 - strlen(insn->name)) : 1, "");
        add_operand(&t, &insn->operands[i], address, insn->broadcast);
    }
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const struct x64_operand *o = &insn->operands[i];
        if (o->kind == X64_OPERAND_MEM && o->mem.kind == X64_MEM_RIP)
            add(&t, "        # 0x%" PRIx64, address + insn->length + (u64)(s64)o->mem.disp);
    }
    return (unsigned)(t.at - text);
}

unsigned x64_disasm(const u8 *code, size_t size, u64 address, char *text, size_t text_size)
{
    struct x64_insn insn;
    unsigned length = x64_decode(code, size, &insn);
    if (length) {
        x64_print(&insn, address, text, text_size);
        return length;
    }
    if (text_size) snprintf(text, text_size, "(bad)");
    return size ? 1 : 0;
}
