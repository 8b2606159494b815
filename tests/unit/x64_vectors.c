/*
 * The vector instructions of the x86-64 encoder and decoder against GNU as (x64_cases.h): every row
 * of vecops.h in each of its forms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/x64_cases.h"

/* --- vectors: every row, from the table's own columns ----------------------------------------- */

struct vec_row {
    enum x64_vec op;
    const char *name, *text, *kind, *reg, *rm, *forms, *evex;
};

static const struct vec_row vec_rows[] = {
#define V(name, text, kind, pfx, map, byte, w, reg, rm, ext, forms, evex, need)                    \
    {X64_##name, #name, text, #kind, #reg, #rm, #forms, #evex},
    X64_VEC_OPS(V)
#undef V
};

enum vec_form { LEGACY, VEX, EVEX };

/* One row in one form, and what its columns say about operands. */
struct vec_case {
    const struct vec_row *row;
    bool avx, evex, has_reg, has_mem, three;
    unsigned r3, r7, r9, r12; /* registers beside those in xmms */
    unsigned reg_size, rm_size, mem_size;
    char name[40]; /* mnemonic with the hint */
};

static unsigned xmms[4];

/* What as calls the EVEX form. */
static const char *evex_text(const char *text)
{
    static const char *const others[][2] = {{"movdqa", "movdqa32"},    {"movdqu", "movdqu32"},
                                            {"pand", "pandd"},         {"pandn", "pandnd"},
                                            {"por", "pord"},           {"pxor", "pxord"},
                                            {"roundps", "rndscaleps"}, {"roundpd", "rndscalepd"},
                                            {"roundss", "rndscaless"}, {"roundsd", "rndscalesd"}};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (strcmp(text, others[i][0]) == 0) return others[i][1];
    return text;
}

static struct vec_case vec_case(const struct vec_row *row, enum vec_form form)
{
    const char *m = strchr(row->rm, 'M');
    bool avx = form != LEGACY, evex = form == EVEX;
    unsigned upper = evex ? 16 : 0;
    struct vec_case c = {.row = row,
                         .avx = avx,
                         .evex = evex,
                         .has_reg = row->rm[0] != 'M',
                         .r3 = 3 + upper,
                         .r7 = 7 + upper,
                         .r9 = row->reg[0] == 'R' ? 9 : 9 + upper,
                         .r12 = 12 + upper};
    c.reg_size = row->reg[0] == 'R' ? (unsigned)atoi(row->reg + 1) : 16;
    c.rm_size = row->rm[0] == 'R' ? (unsigned)atoi(row->rm + 1) : 16;
    c.mem_size = (unsigned)atoi(m ? m + 1 : row->rm + 1);
    c.three = strncmp(row->kind, "NDS", 3) == 0;
    /* Moves of 8 bytes between xmm and memory have two encodings; as prefers one of them, by EVEX
     * the other. */
    bool two = evex ? row->op == X64_MOVQ || row->op == X64_MOVQ_ST
                    : row->op == X64_MOVQ_XR || row->op == X64_MOVQ_RX;
    c.has_mem = c.mem_size != 0 && !two;
    const char *hint = row->kind[0] == 'M' ? (c.rm_size == 16 ? "{store} " : "") : "{load} ";
    snprintf(c.name, sizeof c.name, "%s%s%s", hint, avx ? "v" : "",
             evex ? evex_text(row->text) : row->text);
    return c;
}

/* The register, or a general one instead; there is none from 16 on. */
static unsigned reg_of(unsigned xmm, unsigned size)
{
    return size == 16 ? xmm : xmm & 15;
}

/* Rows without an immediate. */
static void vec_plain(const struct vec_case *c)
{
    const struct vec_row *row = c->row;
    bool store = strcmp(row->kind, "MR") == 0, avx = c->avx, nds = c->three;
    EACH(xd, xmms) EACH(xs, xmms)
    {
        if (!c->has_reg) break;
        unsigned to = store ? c->rm_size : c->reg_size, from = store ? c->reg_size : c->rm_size;
        unsigned d = reg_of(xd, to), s = reg_of(xs, from);
        x64_vec_rr(&buf, avx, row->op, d, s);
        if (nds && avx)
            golden("%s %s,%s,%s", c->name, rn(d, 16), rn(d, 16), rn(s, from));
        else
            golden("%s %s,%s", c->name, rn(d, to), rn(s, from));
        EACH(a, xmms)
        {
            if (!nds) break;
            bool clash = !avx && d == s && d != a && c->rm_size == 16;
            if (clash && strcmp(row->forms, "COMM") != 0) continue;
            x64_vec_rrr(&buf, avx, row->op, d, a, s);
            if (avx)
                golden("%s %s,%s,%s", c->name, rn(d, 16), rn(a, 16), rn(s, from));
            else if (clash)
                golden("%s %s,%s", c->name, rn(d, 16), rn(a, from));
            else if (d == a)
                golden("%s %s,%s", c->name, rn(d, 16), rn(s, from));
            else
                golden("movaps %s,%s; %s %s,%s", rn(d, 16), rn(a, 16), c->name, rn(d, 16),
                       rn(s, from));
        }
    }
    EACH(m, mems)
    {
        if (!c->has_mem) break;
        const char *mem = mn(c->mem_size, m);
        if (store) {
            x64_vec_mr(&buf, avx, row->op, m, c->r9),
                golden("%s %s,%s", c->name, mem, rn(c->r9, c->reg_size));
            continue;
        }
        x64_vec_rm(&buf, avx, row->op, c->r9, m);
        if (avx && strcmp(row->kind, "NDS") == 0)
            golden("%s %s,%s,%s", c->name, rn(c->r9, 16), rn(c->r9, 16), mem);
        else
            golden("%s %s,%s", c->name, rn(c->r9, c->reg_size), mem);
        if (strcmp(row->kind, "NDS") != 0) continue;
        x64_vec_rrm(&buf, avx, row->op, c->r3, c->r12, m);
        if (avx)
            golden("%s %s,%s,%s", c->name, rn(c->r3, 16), rn(c->r12, 16), mem);
        else
            golden("movaps xmm3,xmm12; %s xmm3,%s", c->name, mem);
    }
}

static void vec_shift(const struct vec_case *c)
{
    EACH(d, xmms) EACH(s, xmms)
    {
        x64_vec_rri(&buf, c->avx, c->row->op, d, s, 11);
        if (c->avx)
            golden("%s %s,%s,11", c->name, rn(d, 16), rn(s, 16));
        else if (d == s)
            golden("%s %s,11", c->name, rn(d, 16));
        else
            golden("movaps %s,%s; %s %s,11", rn(d, 16), rn(s, 16), c->name, rn(d, 16));
    }
}

/* Rows with an immediate and a ModRM.rm source or destination. */
static void vec_imm(const struct vec_case *c)
{
    const struct vec_row *row = c->row;
    bool store = strcmp(row->kind, "MRI") == 0, avx = c->avx;
    EACH(xd, xmms) EACH(xs, xmms)
    {
        if (!c->has_reg) break;
        unsigned to = store ? c->rm_size : c->reg_size, from = store ? c->reg_size : c->rm_size;
        unsigned d = reg_of(xd, to), s = reg_of(xs, from);
        x64_vec_rri(&buf, avx, row->op, d, s, 3);
        if (c->three && avx)
            golden("%s %s,%s,%s,3", c->name, rn(d, 16), rn(d, 16), rn(s, from));
        else
            golden("%s %s,%s,3", c->name, rn(d, to), rn(s, from));
        if (!c->three || (!avx && d == s && c->rm_size == 16)) continue;
        x64_vec_rrri(&buf, avx, row->op, d, c->r7, s, 2);
        if (avx)
            golden("%s %s,%s,%s,2", c->name, rn(d, 16), rn(c->r7, 16), rn(s, from));
        else
            golden("movaps %s,xmm7; %s %s,%s,2", rn(d, 16), c->name, rn(d, 16), rn(s, from));
    }
    EACH(m, mems)
    {
        if (!c->has_mem) break;
        const char *mem = mn(c->mem_size, m);
        if (store) {
            x64_vec_mri(&buf, avx, row->op, m, c->r9, 1),
                golden("%s %s,%s,1", c->name, mem, rn(c->r9, 16));
            continue;
        }
        const char *r9 = rn(c->r9, 16);
        x64_vec_rmi(&buf, avx, row->op, c->r9, m, 1);
        golden("%s %s%s%s,%s,1", c->name, r9, c->three && avx ? "," : "", c->three && avx ? r9 : "",
               mem);
        if (!c->three) continue;
        x64_vec_rrmi(&buf, avx, row->op, c->r3, c->r12, m, 1);
        if (avx)
            golden("%s %s,%s,%s,1", c->name, rn(c->r3, 16), rn(c->r12, 16), mem);
        else
            golden("movaps xmm3,xmm12; %s xmm3,%s,1", c->name, mem);
    }
}

static void vec_all(enum vec_form form)
{
    static const unsigned registers[][4] = {
        [LEGACY] = {0, 5, 8, 15}, [VEX] = {0, 5, 8, 15}, [EVEX] = {16, 21, 24, 31}};
    bool avx = form != LEGACY;
    memcpy(xmms, registers[form], sizeof xmms);
    golden_start();
    for (unsigned i = 0; i < ARRAY_SIZE(vec_rows); i++) {
        const struct vec_row *row = &vec_rows[i];
        const char *other = avx ? "LEGACY" : strcmp(row->forms, "EVEX") == 0 ? "EVEX" : "VEX";
        if (strcmp(row->forms, other) == 0 || strcmp(row->kind, "IS4") == 0) continue;
        if (form == EVEX && strcmp(row->evex, "N") == 0) continue;
        struct vec_case c = vec_case(row, form);
        if (strcmp(row->kind, "SHI") == 0)
            vec_shift(&c);
        else if (row->kind[strlen(row->kind) - 1] == 'I')
            vec_imm(&c);
        else
            vec_plain(&c);
    }
    EACH(d, xmms) EACH(s, xmms) EACH(mask, xmms)
    {
        if (form != VEX) break;
        x64_vec_blendv(&buf, true, X64_PBLENDVB, d, 3, s, mask),
            golden("vpblendvb %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
        x64_vec_blendv(&buf, true, X64_BLENDVPS, d, 3, s, mask),
            golden("vblendvps %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
        x64_vec_blendv(&buf, true, X64_BLENDVPD, d, 3, s, mask),
            golden("vblendvpd %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
    }
    golden_compare();
}

START_TEST(vectors_legacy)
{
    vec_all(LEGACY);
}
END_TEST

START_TEST(vectors_avx)
{
    vec_all(VEX);
}
END_TEST

START_TEST(vectors_evex)
{
    vec_all(EVEX);
    golden_start();
    /* one register from 16 on, the others not; displacements that are no multiple of the size */
    x64_vec_rrr(&buf, true, X64_PADDD, 31, 2, 9), golden("vpaddd xmm31,xmm2,xmm9");
    x64_vec_rrr(&buf, true, X64_PADDD, 1, 22, 9), golden("vpaddd xmm1,xmm22,xmm9");
    x64_vec_rrr(&buf, true, X64_PADDD, 1, 12, 29), golden("vpaddd xmm1,xmm12,xmm29");
    EACH(m, mems)
    {
        x64_vec_rrb(&buf, X64_PMULUDQ, 21, 2, m);
        golden("vpmuludq xmm21,xmm2,QWORD BCST %s", mn(0, m));
        x64_vec_rrb(&buf, X64_PADDD, 3, 30, m), golden("vpaddd xmm3,xmm30,DWORD BCST %s", mn(0, m));
        x64_vec_rrb(&buf, X64_MULPS, 3, 4, m), golden("vmulps xmm3,xmm4,DWORD BCST %s", mn(0, m));
    }
    for (s32 disp = -0x810; disp <= 0x810; disp += 8) {
        struct x64_mem m = {X64_RBP, -1, 0, X64_MEM_BASE, disp};
        x64_vec_rm(&buf, true, X64_MOVAPS, 17, m), golden("vmovaps xmm17,%s", mn(16, m));
        x64_vec_mr(&buf, true, X64_MOVSD_ST, m, 17), golden("vmovsd %s,xmm17", mn(8, m));
        x64_vec_rrb(&buf, X64_PADDD, 3, 4, m), golden("vpaddd xmm3,xmm4,DWORD BCST %s", mn(0, m));
    }
    golden_compare();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {vectors_legacy, vectors_avx, vectors_evex};
    return golden_run("x64_vectors", tests, ARRAY_SIZE(tests));
}
