/*
 * The parser: text.h's text to a function, line by line, without a separate lexer. It takes any
 * text: what it gives is safe to print and to verify, but only the verifier says if it is right.
 */
#include "aot/ir/text.h"

#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_INSTRUCTIONS (1u << 20) /* what a value number may ask for */
#define MAX_BLOCKS       (1u << 16)
#define WORD_SIZE        32

struct parser {
    const char *at;
    unsigned line;
    struct ir_func *f;
    struct ir_text_error *error;
    bool failed;
};

/* The first error stays. */
__attribute__((format(printf, 2, 3))) static bool fail(struct parser *p, const char *format, ...)
{
    if (p->failed) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(p->error->message, sizeof p->error->message, format, args);
    va_end(args);
    p->error->line = p->line;
    p->failed = true;
    return false;
}

static bool fail_here(struct parser *p)
{
    int n = (int)strcspn(p->at, "\r\n");
    return fail(p, "unexpected text '%.*s'", n < 20 ? n : 20, p->at);
}

/* --- characters and words --------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '|' || c == '-';
}

/* The next character that is no space; 0 at the end of the line. */
static char peek(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r') p->at++;
    return *p->at == '\n' || *p->at == ';' ? 0 : *p->at;
}

static bool accept(struct parser *p, char c)
{
    if (peek(p) != c) return false;
    p->at++;
    return true;
}

static bool expect(struct parser *p, char c)
{
    if (accept(p, c)) return true;
    return fail(p, "'%c' expected", c);
}

static bool take_word(struct parser *p, char word[WORD_SIZE])
{
    size_t n = 0;
    peek(p);
    while (in_word(*p->at) && n < WORD_SIZE - 1) word[n++] = *p->at++;
    word[n] = 0;
    if (!n || in_word(*p->at)) return fail(p, "a name expected");
    return true;
}

/* True and past it when the next word is this one. */
static bool accept_word(struct parser *p, const char *word)
{
    size_t n = strlen(word);
    peek(p);
    if (strncmp(p->at, word, n) || in_word(p->at[n])) return false;
    p->at += n;
    return true;
}

static int digit_value(char c)
{
    if (is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Decimal or hexadecimal, up to 64 bits. */
static bool take_number(struct parser *p, s64 *out)
{
    bool negative = accept(p, '-');
    unsigned base = 10;
    u64 v = 0;
    peek(p);
    if (p->at[0] == '0' && p->at[1] == 'x') {
        p->at += 2;
        base = 16;
    }
    const char *first = p->at;
    for (int d; (d = digit_value(*p->at)) < (int)base; p->at++)
        if (__builtin_mul_overflow(v, (u64)base, &v) || __builtin_add_overflow(v, (u64)d, &v))
            return fail(p, "number too large");
    if (p->at == first) return fail(p, "a number expected");
    *out = (s64)(negative ? -v : v);
    return true;
}

static bool take_u32(struct parser *p, u32 max, u32 *out)
{
    s64 v = 0;
    if (!take_number(p, &v)) return false;
    if (v < 0 || v > (s64)max) return fail(p, "number out of range");
    *out = (u32)v;
    return true;
}

static bool take_u8(struct parser *p, u8 *out)
{
    u32 v = 0;
    if (!take_u32(p, 255, &v)) return false;
    *out = (u8)v;
    return true;
}

/* %N, or - for none. */
static bool take_value(struct parser *p, ir_ref *out)
{
    *out = IR_NONE;
    if (accept(p, '-')) return true;
    return expect(p, '%') && take_u32(p, MAX_INSTRUCTIONS, out);
}

static bool at_value(struct parser *p)
{
    char c = peek(p);
    return c == '%' || (c == '-' && !is_digit(p->at[1]));
}

/* --- the parts of an instruction -------------------------------------------------------------- */

static int op_by_name(const char *name)
{
    for (unsigned op = 0; op < IR_OP_COUNT; op++)
        if (!strcmp(ir_op_info(op)->name, name)) return (int)op;
    return -1;
}

static int type_by_name(const char *name)
{
    for (unsigned t = 0; t < IR_TYPE_COUNT; t++)
        if (!strcmp(ir_type_name(t), name)) return (int)t;
    return -1;
}

static int lanes_by_name(const char *name)
{
    for (unsigned esz = 0; ir_text_lanes(esz); esz++)
        if (!strcmp(ir_text_lanes(esz), name)) return (int)esz;
    return -1;
}

/* OP.TYPE.LANES SIZE */
static bool take_op(struct parser *p, struct ir_inst *i)
{
    char word[WORD_SIZE];
    if (!take_word(p, word)) return false;
    int op = op_by_name(word);
    if (op < 0) return fail(p, "no operation '%s'", word);
    i->op = (u8)op;
    while (*p->at == '.') {
        p->at++;
        if (*p->at == '#') {
            p->at++;
            if (!take_u8(p, &i->type)) return false;
            continue;
        }
        if (!take_word(p, word)) return false;
        int type = type_by_name(word), esz = lanes_by_name(word);
        if (type < 0 && esz < 0) return fail(p, "no type '%s'", word);
        if (type >= 0)
            i->type = (u8)type;
        else
            i->esz = (u8)esz;
    }
    if (ir_has(i->op, IR_FL_SIZED) && is_digit(peek(p))) {
        u32 size = 0;
        if (!take_u32(p, 16, &size)) return false;
        if (!size || size & (size - 1)) return fail(p, "size is no power of 2");
        i->esz = (u8)__builtin_ctz(size);
    }
    return true;
}

static bool take_mod(struct parser *p, struct ir_inst *i, unsigned kind)
{
    char word[WORD_SIZE];
    if (kind == TEXT_MOD_REST || kind == TEXT_MOD_EXIT || kind == TEXT_MOD_SHIFT) return true;
    if (accept(p, '#')) return take_u8(p, &i->mod);
    if (!take_word(p, word)) return false;
    int v = ir_text_mod_by_name(kind, word);
    if (v < 0) return fail(p, "'%s' is nothing for %s", word, ir_op_info(i->op)->name);
    i->mod = (u8)v;
    return true;
}

static bool take_imm(struct parser *p, struct ir_inst *i, unsigned kind)
{
    char word[WORD_SIZE];
    switch (kind) {
    case TEXT_IMM_NUMBER:
    case TEXT_IMM_ADDRESS: return take_number(p, &i->imm);
    case TEXT_IMM_SLOT:
    case TEXT_IMM_HELPER: break;
    default: return true;
    }
    if (accept(p, '#')) return take_number(p, &i->imm);
    if (!take_word(p, word)) return false;
    i->imm = kind == TEXT_IMM_SLOT ? slot_by_name(word) : helper_by_name(word);
    if (i->imm >= 0) return true;
    return fail(p, "no %s '%s'", kind == TEXT_IMM_SLOT ? "slot" : "helper", word);
}

/* [a + b << mod + imm]: b is a value or, when there is a shift only, -. */
static bool take_memory(struct parser *p, struct ir_inst *i)
{
    if (!expect(p, '[') || !take_value(p, &i->arg[0])) return false;
    bool plus = accept(p, '+');
    if (plus && at_value(p)) {
        if (!take_value(p, &i->arg[1])) return false;
        if (accept(p, '<') && (!expect(p, '<') || !take_u8(p, &i->mod))) return false;
        plus = accept(p, '+');
    }
    if (plus) {
        if (!take_number(p, &i->imm)) return false;
    } else if (peek(p) == '-') {
        if (!take_number(p, &i->imm)) return false;
    }
    return expect(p, ']');
}

/* Values from argument `first` on; `comma`: one before the first, too. */
static bool take_values(struct parser *p, struct ir_inst *i, unsigned first, bool comma)
{
    unsigned count = ir_op_info(i->op)->args;
    for (unsigned k = first; k < count; k++) {
        if (k > first || comma) {
            if (!accept(p, ',')) return true;
        } else if (!at_value(p)) {
            return true;
        }
        if (!take_value(p, &i->arg[k])) return false;
    }
    return true;
}

static bool take_arguments(struct parser *p, struct ir_inst *i, struct ir_text_shape shape)
{
    s64 high = 0;
    switch (shape.raw) {
    case TEXT_RAW_TARGETS:
        return take_value(p, &i->arg[0]) && expect(p, ',') && take_number(p, &i->imm) &&
               expect(p, ',') && take_u32(p, ~0u, &i->arg[1]);
    case TEXT_RAW_CODE:
        return take_u32(p, ~0u, &i->arg[1]) && (!at_value(p) || take_value(p, &i->arg[0]));
    case TEXT_RAW_HIGH:
        if (!take_number(p, &high)) return false;
        i->arg[0] = (u32)high;
        i->arg[1] = (u32)((u64)high >> 32);
        return true;
    default: break;
    }
    if (shape.imm == TEXT_IMM_OFFSET) return take_memory(p, i) && take_values(p, i, 2, true);
    return take_values(p, i, 0, shape.imm == TEXT_IMM_SLOT || shape.imm == TEXT_IMM_HELPER);
}

static bool take_exit_kind(struct parser *p, struct ir_inst *i)
{
    for (unsigned k = 0; k < TEXT_EXIT_KINDS; k++) {
        if (!accept_word(p, ir_text_exit[k])) continue;
        i->mod = (u8)(k | (accept_word(p, "nzcv-dead") ? IR_EXIT_NZCV_DEAD : 0));
        return true;
    }
    if (!accept(p, '#')) return fail(p, "jump, call or return expected");
    if (!take_u8(p, &i->mod)) return false;
    if (accept_word(p, "nzcv-dead")) i->mod |= IR_EXIT_NZCV_DEAD;
    return true;
}

static bool take_rest(struct parser *p, struct ir_inst *i, struct ir_text_shape shape)
{
    if (shape.mod == TEXT_MOD_EXIT && !take_exit_kind(p, i)) return false;
    while (peek(p)) {
        bool ok;
        if (accept_word(p, "esz"))
            ok = expect(p, '=') && take_u8(p, &i->esz);
        else if (shape.mod == TEXT_MOD_REST && accept_word(p, "mod"))
            ok = expect(p, '=') && take_u8(p, &i->mod);
        else if (shape.imm == TEXT_IMM_REST && shape.raw != TEXT_RAW_TARGETS &&
                 accept_word(p, "imm"))
            ok = expect(p, '=') && take_number(p, &i->imm);
        else
            ok = fail_here(p);
        if (!ok) return false;
    }
    return true;
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool append(struct parser *p, const struct ir_inst *i, u32 number)
{
    struct ir_func *f = p->f;
    bool value = ir_value_type(i) != IR_VOID;
    if (value != (number != 0))
        return fail(p, value ? "%s gives a value" : "%s gives no value", ir_op_info(i->op)->name);
    if (number && number < f->count) return fail(p, "values go on with %%%u", f->count);
    if (f->count >= MAX_INSTRUCTIONS) return fail(p, "too many instructions");
    while (number > f->count) ir_append(f, IR_NOP, IR_VOID);
    *ir_append(f, i->op, i->type) = *i;
    return true;
}

static bool parse_instruction(struct parser *p)
{
    struct ir_inst i = {.note = p->line};
    u32 number = 0;
    if (!p->f->block_count) return fail(p, "a block expected");
    if (accept(p, '%')) {
        if (!take_u32(p, MAX_INSTRUCTIONS - 1, &number) || !expect(p, '=')) return false;
        if (!number) return fail(p, "values start with %%1");
    }
    if (!take_op(p, &i)) return false;
    struct ir_text_shape shape = ir_text_shape(i.op);
    return take_mod(p, &i, shape.mod) && take_imm(p, &i, shape.imm) &&
           take_arguments(p, &i, shape) && take_rest(p, &i, shape) && append(p, &i, number);
}

static bool take_pc(struct parser *p, u64 *pc)
{
    s64 v = 0;
    if (!accept_word(p, "pc")) return fail(p, "pc= expected");
    if (!expect(p, '=') || !take_number(p, &v)) return false;
    *pc = (u64)v;
    return true;
}

static bool parse_block(struct parser *p)
{
    struct ir_func *f = p->f;
    u32 number = 0;
    u64 pc = 0;
    if (!take_u32(p, MAX_BLOCKS - 1, &number) || !take_pc(p, &pc)) return false;
    if (number != f->block_count) return fail(p, "blocks go on with %u", f->block_count);
    bool entry = accept_word(p, "entry"), target = accept_word(p, "target");
    if (peek(p)) return fail_here(p);
    if (f->block_count) ir_end_block(f);
    number = ir_begin_block(f, pc); /* which may move the blocks */
    struct ir_block *b = &f->block[number];
    b->entry = entry;
    b->target = target;
    return true;
}

static bool parse_line(struct parser *p)
{
    if (!peek(p)) return true;
    if (accept_word(p, "func")) {
        if (p->f->block_count) return fail(p, "func belongs at the start");
        if (!take_pc(p, &p->f->pc)) return false;
        return !peek(p) || fail_here(p);
    }
    if (accept_word(p, "block")) return parse_block(p);
    return parse_instruction(p);
}

/* Values and blocks that are named must exist. */
static bool check_names(struct parser *p)
{
    struct ir_func *f = p->f;
    for (ir_ref r = 1; r < f->count; r++) {
        struct ir_inst *i = &f->inst[r];
        p->line = i->note;
        i->note = 0;
        for (unsigned k = 0; k < ir_op_info(i->op)->args; k++)
            if (i->arg[k] >= f->count) return fail(p, "there is no value %%%u", i->arg[k]);
        if ((i->op == IR_JUMP || i->op == IR_BR) && (u64)i->imm >= f->block_count)
            return fail(p, "there is no such block");
        if (i->op == IR_BR && i->arg[1] >= f->block_count)
            return fail(p, "there is no block %u", i->arg[1]);
    }
    return true;
}

struct ir_func *ir_parse(struct arena *a, const char *text, struct ir_text_error *error)
{
    struct parser p = {.at = text, .line = 1, .error = error};
    *error = (struct ir_text_error){.line = 0};
    p.f = ir_new(a, 64);
    for (;;) {
        if (!parse_line(&p)) return NULL;
        p.at += strcspn(p.at, "\n");
        if (!*p.at) break;
        p.at++;
        p.line++;
    }
    if (p.f->block_count)
        ir_end_block(p.f);
    else
        fail(&p, "no blocks");
    if (p.failed || !check_names(&p)) return NULL;
    ir_link_blocks(p.f);
    return p.f;
}
