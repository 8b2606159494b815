/*
 * Vector operations without an EVEX form, on copies in registers below 16.
 */
#include "aot/gen/upper.h"

#define B (&g->b)

/* An operation on copies. */
struct low {
    u32 from;      /* offset of the copies */
    unsigned next; /* register for the next one */
    unsigned dst, result;
};

static struct low start(struct gen *g, unsigned dst)
{
    unsigned result = dst < UPPER_FIRST ? dst : UPPER_COPY0;
    return (struct low){x64_pos(B), UPPER_COPY0, dst, result};
}

static unsigned copy(struct gen *g, struct low *l, unsigned reg)
{
    if (reg < UPPER_FIRST) return reg;
    if (l->next > UPPER_COPY1) gen_fail(g); /* of a selection's three one is scratch */
    x64_vec_rr(B, true, X64_MOVAPS, l->next, reg);
    return l->next++;
}

/* Where dst may be an operand too, it is copied whether this operation looks at it or not. All is
 * copied: the instruction comes here, and with it the fault point. */
static void copied(struct gen *g, const struct low *l)
{
    if (g->fault_at == l->from && x64_pos(B) != l->from) gen_fault_point(g);
}

static void finish(struct gen *g, const struct low *l)
{
    if (l->result != l->dst) x64_vec_rr(B, true, X64_MOVAPS, l->dst, l->result);
}

void gen_upper_rr(struct gen *g, enum x64_vec op, unsigned dst, unsigned src)
{
    struct low l = start(g, dst);
    unsigned d = copy(g, &l, dst), s = src == dst ? d : copy(g, &l, src);
    copied(g, &l);
    x64_vec_rr(B, true, op, d, s);
    finish(g, &l);
}

void gen_upper_rrr(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src)
{
    struct low l = start(g, dst);
    unsigned low_a = copy(g, &l, a), s = src == a ? low_a : copy(g, &l, src);
    copied(g, &l);
    x64_vec_rrr(B, true, op, l.result, low_a, s);
    finish(g, &l);
}

void gen_upper_rrm(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m)
{
    struct low l = start(g, dst);
    unsigned low_a = copy(g, &l, a);
    copied(g, &l);
    x64_vec_rrm(B, true, op, l.result, low_a, m);
    finish(g, &l);
}

void gen_upper_rrri(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src, u8 imm)
{
    struct low l = start(g, dst);
    unsigned low_a = copy(g, &l, a), s = src == a ? low_a : copy(g, &l, src);
    copied(g, &l);
    x64_vec_rrri(B, true, op, l.result, low_a, s, imm);
    finish(g, &l);
}

void gen_upper_rrmi(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m,
                    u8 imm)
{
    struct low l = start(g, dst);
    unsigned low_a = copy(g, &l, a);
    copied(g, &l);
    x64_vec_rrmi(B, true, op, l.result, low_a, m, imm);
    finish(g, &l);
}

void gen_upper_blendv(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src,
                      unsigned mask)
{
    struct low l = start(g, dst);
    unsigned low_a = copy(g, &l, a), s = copy(g, &l, src), m = copy(g, &l, mask);
    copied(g, &l);
    x64_vec_blendv(B, true, op, l.result, low_a, s, m);
    finish(g, &l);
}
