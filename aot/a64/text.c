/*
 * Disassembly: fills in the texts of the decode tables (see text.h for their form). The result is
 * what GNU objdump 2.40 prints, tests/a64/diff_objdump.c compares.
 */
#include "aot/a64/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aot/a64/texts.inc"

void text_print(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool room = t->length < t->size;
    int n =
        vsnprintf(room ? t->buf + t->length : NULL, room ? t->size - t->length : 0, format, args);
    va_end(args);
    if (n > 0) t->length += (size_t)n;
}

static unsigned highest_bit(u32 v)
{
    return v ? 31 - (unsigned)__builtin_clz(v) : 0;
}

/* The letter that a class prints: w and x are general registers. */
static char class_letter(char class, u32 w)
{
    switch (class) {
    case 'R': return a64_sf(w) ? 'x' : 'w';
    case 'X': return 'x';
    case 'W': return 'w';
    case 'L': return a64_lsize(w) == 3 ? 'x' : 'w';
    case 'P': return a64_psz(w) ? 'x' : 'w';
    case 'O': return a64_lopc(w) ? 'x' : 'w';
    case 'G': return a64_sx32(w) ? 'w' : 'x';
    case 'F': return "sd?h"[a64_ftype(w)];
    case 'E': return "bhsd"[a64_size(w)];
    case 'e': return "hsdq"[a64_size(w)];
    case 'Z': return "sd"[a64_sz(w)];
    case 'V': return a64_vq(w) ? 'q' : "bhsd"[a64_lsize(w)];
    case 'Y': return "sdq?"[a64_lopc(w)];
    case 'I': return "bhsd"[highest_bit(a64_immh(w))];
    case 'J': return "hsdq"[highest_bit(a64_immh(w))];
    case 'B': return 'b';
    case 'H': return 'h';
    case 'S': return 's';
    case 'D': return 'd';
    case 'Q': return 'q';
    default: return '?';
    }
}

void text_register(struct text *t, char class, u32 number, bool sp)
{
    char letter = class_letter(class, t->w);
    if (number == 31 && letter == 'x')
        text_print(t, sp ? "sp" : "xzr");
    else if (number == 31 && letter == 'w')
        text_print(t, sp ? "wsp" : "wzr");
    else
        text_print(t, "%c%u", letter, number);
}

void text_arrangement(struct text *t, unsigned log2_bytes, bool whole)
{
    text_print(t, "%u%c", (whole ? 16 : 8) >> log2_bytes, "bhsdq"[log2_bytes]);
}

/* Element size of a modified immediate. */
static unsigned immediate_size(u32 w)
{
    u32 cmode = a64_cmode(w);
    if (cmode == 14) return a64_op(w) ? 3 : 0;
    return cmode >= 8 && cmode < 12 ? 1 : 2;
}

static void print_arrangement(struct text *t, char code)
{
    u32 w = t->w;
    bool q = a64_Q(w);
    switch (code) {
    case 'b': text_arrangement(t, 0, q); break;
    case 'h': text_arrangement(t, 1, q); break;
    case 's': text_arrangement(t, 2, q); break;
    case 'w': text_print(t, q ? "4h" : "2h"); break;
    case 'T': text_arrangement(t, a64_size(w), q); break;
    case 'U': text_arrangement(t, a64_size(w) + 1, q); break;
    case 'W': text_arrangement(t, a64_size(w) + 1, true); break;
    case 'Z': text_arrangement(t, 2 + a64_sz(w), q); break;
    case 'N': text_arrangement(t, 1 + a64_sz(w), q); break;
    case 'M': text_arrangement(t, 2 + a64_sz(w), true); break;
    case 'I': text_arrangement(t, highest_bit(a64_immh(w)), q); break;
    case 'J': text_arrangement(t, highest_bit(a64_immh(w)) + 1, true); break;
    case 'K': text_arrangement(t, (unsigned)__builtin_ctz(a64_imm5(w) | 16), q); break;
    case 'C': text_arrangement(t, immediate_size(w), q); break;
    case 'O': text_arrangement(t, 2 + a64_op(w), q); break;
    default: text_print(t, "?"); break;
    }
}

/* The register number of an operand d, n, m, a, t, t2 or s. */
static u32 operand_number(const char *operand, u32 w)
{
    switch (operand[0]) {
    case 'd': return a64_rd(w);
    case 'n': return a64_rn(w);
    case 'm': return a64_rm(w);
    case 'a': return a64_ra(w);
    case 's': return a64_rs(w);
    default: return operand[1] == '2' ? a64_rt2(w) : a64_rt(w);
    }
}

static u32 field_value(const char *name, enum a64_row row, u32 w)
{
    const struct a64_row_info *info = a64_row_info(row);
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct a64_field *f = a64_row_field(info, i);
        if (!strcmp(f->name, name)) return (u32)bits(w, f->lo, f->width);
    }
    return 0;
}

static void print_named(struct text *t, const char *name)
{
    static const struct text_directive *const tables[] = {
        text_base_directives, text_ldst_directives, text_simd_directives};
    for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
        for (const struct text_directive *d = tables[i]; d->name; d++) {
            if (strcmp(d->name, name)) continue;
            d->print(t, t->w);
            return;
        }
    }
    text_print(t, "{:%s}", name);
}

static void print_directive(struct text *t, const char *d, enum a64_row row)
{
    switch (d[0]) {
    case ':': print_named(t, d + 1); return;
    case '#': text_print(t, "#0x%x", field_value(d + 1, row, t->w)); return;
    case '%': text_print(t, "#%u", field_value(d + 1, row, t->w)); return;
    case 'v':
        text_print(t, "v%u", operand_number(d + 1, t->w));
        if (d[2] == '.') {
            text_print(t, ".");
            print_arrangement(t, d[3]);
        }
        return;
    default: text_register(t, d[0], operand_number(d + 1, t->w), strchr(d, '|') != NULL); return;
    }
}

size_t a64_disasm(u32 word, u64 pc, char *buf, size_t size)
{
    struct text t = {.buf = buf, .size = size, .w = word, .pc = pc};
    enum a64_row row = a64_decode(word);
    const char *s = text_alias(row, word);
    if (size) buf[0] = 0;
    for (s = s ? s : row_text(row); *s;) {
        char directive[32];
        size_t n = strcspn(s, "{");
        if (n) text_print(&t, "%.*s", (int)n, s);
        s += n;
        if (!*s) break;
        n = strcspn(s, "}");
        snprintf(directive, sizeof directive, "%.*s", (int)n - 1, s + 1);
        print_directive(&t, directive, row);
        s += n + (s[n] == '}');
    }
    return t.length;
}
