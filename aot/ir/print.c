/*
 * The printer: functions and instructions as the text that text.h describes. It prints anything,
 * broken functions too, since the verifier's messages go through it.
 */
#include "aot/ir/text.h"

#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text being written; what doesn't fit is dropped. */
struct line {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(o->at, o->left, format, args);
    va_end(args);
    if (n < 0 || !o->left) return;
    size_t used = (size_t)n < o->left ? (size_t)n : o->left - 1;
    o->at += used;
    o->left -= used;
}

static void put_number(struct line *o, s64 v)
{
    if (v > -65536 && v < 65536)
        put(o, "%" PRId64, v);
    else
        put(o, "0x%" PRIx64, (u64)v);
}

static void put_name(struct line *o, const char *name, s64 number)
{
    if (name)
        put(o, " %s", name);
    else
        put(o, " #%" PRId64, number);
}

static void put_value(struct line *o, ir_ref r)
{
    if (r)
        put(o, "%%%u", r);
    else
        put(o, "-");
}

/* OP.TYPE.LANES SIZE; true when esz has been said. */
static bool put_op(struct line *o, const struct ir_inst *i, const struct ir_op_info *info)
{
    bool scalar = i->type == IR_F16 || i->type == IR_F32 || i->type == IR_F64;
    put(o, "%s", info->name);
    if (i->type != IR_VOID) {
        if (i->type < IR_TYPE_COUNT)
            put(o, ".%s", ir_type_name(i->type));
        else
            put(o, ".#%u", i->type);
    }
    if (info->flags & IR_FL_SIZED && i->esz < 5) {
        put(o, " %u", 1u << i->esz);
        return true;
    }
    if (info->flags & IR_FL_LANES && i->esz < 5 && !(scalar && i->esz == 0)) {
        put(o, ".%s", ir_text_lanes(i->esz));
        return true;
    }
    return false;
}

static void put_mod(struct line *o, const struct ir_inst *i, unsigned kind)
{
    if (kind != TEXT_MOD_REST && kind != TEXT_MOD_EXIT && kind != TEXT_MOD_SHIFT)
        put_name(o, ir_text_mod_name(kind, i->mod), i->mod);
}

static void put_imm(struct line *o, const struct ir_inst *i, unsigned kind)
{
    u64 imm = (u64)i->imm;
    switch (kind) {
    case TEXT_IMM_NUMBER:
        put(o, " ");
        put_number(o, i->imm);
        break;
    case TEXT_IMM_ADDRESS: put(o, " 0x%" PRIx64, imm); break;
    case TEXT_IMM_SLOT:
        put_name(o, imm < SLOT_COUNT ? slot_info((unsigned)imm)->name : NULL, i->imm);
        break;
    case TEXT_IMM_HELPER:
        put_name(o, imm < HELPER_COUNT ? helper_name((unsigned)imm) : NULL, i->imm);
        break;
    default: break;
    }
}

static void put_memory(struct line *o, const struct ir_inst *i)
{
    put(o, "[");
    put_value(o, i->arg[0]);
    if (i->arg[1] || i->mod) {
        put(o, " + ");
        put_value(o, i->arg[1]);
        if (i->mod) put(o, " << %u", i->mod);
    }
    if (i->imm < 0 && i->imm > -65536) {
        put(o, " - %" PRId64, -i->imm);
    } else if (i->imm) {
        put(o, " + ");
        put_number(o, i->imm);
    }
    put(o, "]");
}

/* The arguments from `first` on, without those absent at the end. */
static void put_values(struct line *o, const struct ir_inst *i, unsigned first, unsigned count,
                       const char *before)
{
    while (count > first && !i->arg[count - 1]) count--;
    for (unsigned k = first; k < count; k++) {
        put(o, "%s", k == first ? before : ", ");
        put_value(o, i->arg[k]);
    }
}

static void put_arguments(struct line *o, const struct ir_inst *i, const struct ir_op_info *info,
                          struct ir_text_shape shape)
{
    switch (shape.raw) {
    case TEXT_RAW_TARGETS:
        put(o, " ");
        put_value(o, i->arg[0]);
        put(o, ", ");
        put_number(o, i->imm);
        put(o, ", %u", i->arg[1]);
        return;
    case TEXT_RAW_CODE:
        put(o, " %u", i->arg[1]);
        put_values(o, i, 0, 1, " ");
        return;
    case TEXT_RAW_HIGH: put(o, " 0x%" PRIx64, i->arg[0] | (u64)i->arg[1] << 32); return;
    default: break;
    }
    if (shape.imm == TEXT_IMM_OFFSET) {
        put(o, " ");
        put_memory(o, i);
        put_values(o, i, 2, info->args, ", ");
    } else {
        bool comma = shape.imm == TEXT_IMM_SLOT || shape.imm == TEXT_IMM_HELPER;
        put_values(o, i, 0, info->args, comma ? ", " : " ");
    }
}

static void put_rest(struct line *o, const struct ir_inst *i, struct ir_text_shape shape,
                     bool sized)
{
    if (shape.mod == TEXT_MOD_EXIT) {
        unsigned kind = i->mod & 0x7f;
        put_name(o, kind < TEXT_EXIT_KINDS ? ir_text_exit[kind] : NULL, kind);
        if (i->mod & IR_EXIT_NZCV_DEAD) put(o, " nzcv-dead");
    }
    if (!sized && i->esz) put(o, " esz=%u", i->esz);
    if (shape.mod == TEXT_MOD_REST && i->mod) put(o, " mod=%u", i->mod);
    if (shape.imm == TEXT_IMM_REST && shape.raw != TEXT_RAW_TARGETS && i->imm) {
        put(o, " imm=");
        put_number(o, i->imm);
    }
}

void ir_print_inst(const struct ir_func *f, ir_ref r, char *buf, size_t size)
{
    const struct ir_inst *i = &f->inst[r];
    struct line o = {buf, size};
    if (size) buf[0] = 0;
    if (i->op >= IR_OP_COUNT) {
        put(&o, "operation %u?", i->op);
        return;
    }
    const struct ir_op_info *info = ir_op_info(i->op);
    struct ir_text_shape shape = ir_text_shape(i->op);
    if (ir_value_type(i) != IR_VOID) put(&o, "%%%u = ", r);
    bool sized = put_op(&o, i, info);
    put_mod(&o, i, shape.mod);
    put_imm(&o, i, shape.imm);
    put_arguments(&o, i, info, shape);
    put_rest(&o, i, shape, sized);
}

struct growing {
    char **text;
    size_t *length;
    size_t room;
};

/* Room for n more bytes and a zero. */
static void make_room(struct growing *g, size_t n)
{
    if (*g->text && *g->length + n + 1 <= g->room) return;
    g->room = 2 * (*g->length + n) + 4096;
    char *more = realloc(*g->text, g->room);
    if (!more) abort();
    *g->text = more;
}

#define LINE_MAX_BYTES 256

__attribute__((format(printf, 2, 3))) static void add(struct growing *g, const char *format, ...)
{
    va_list args;
    make_room(g, LINE_MAX_BYTES);
    va_start(args, format);
    int n = vsnprintf(*g->text + *g->length, LINE_MAX_BYTES, format, args);
    va_end(args);
    if (n > 0) *g->length += (size_t)n;
}

void ir_print(const struct ir_func *f, char **text, size_t *length)
{
    struct growing g = {text, length, 0};
    if (!*text) *length = 0;
    add(&g, "func pc=0x%" PRIx64 "\n", f->pc);
    for (u32 n = 0; n < f->block_count; n++) {
        const struct ir_block *b = &f->block[n];
        add(&g, "block %u pc=0x%" PRIx64 "%s%s\n", n, b->pc, b->entry ? " entry" : "",
            b->target ? " target" : "");
        for (ir_ref r = b->first; r < b->end; r++) {
            char line[LINE_MAX_BYTES - 8];
            if (f->inst[r].op == IR_NOP) continue;
            ir_print_inst(f, r, line, sizeof line);
            add(&g, "  %s\n", line);
        }
    }
}
