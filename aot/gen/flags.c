/*
 * Flags and conditions.
 *
 * A flags value is computed where the IR defines it, and stays in EFLAGS; which host condition
 * means which guest condition depends on what computed it (enum eflags_kind). g->nzcv names the
 * flags value that the guest's NZCV slot logically holds while its home is out of date: it is
 * stored only when EFLAGS are about to go and somebody could still see it. Bools are not computed
 * until they are used: the user asks gen_cond() for a host condition.
 *
 * UCOMISx a, b sets ZF PF CF: greater 000, less 001, equal 100, unordered 111; the guest's FCMP
 * sets NZCV: greater 0010, less 1000, equal 0110, unordered 0011.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/vector.h"

#define NZCV_HOME gen_home(SLOT_NZCV)

/* --- from EFLAGS to the home format ------------------------------------------------------------
 *
 * The home is written and read as 32 bits, of which the upper 16 are anything: where all accesses
 * are of that size, processors pass what was stored on to the load by renaming. With 16 bits it
 * takes an AMD Zen 3 fifteen cycles, and so it does with TEST of memory; BT is a load of its own.
 */

/* AX = value where cc holds, by way of a constant in memory: no other register is free. */
static void ax_if(struct gen *g, unsigned cc, u64 value)
{
    x64_cmov_rm(&g->b, cc, 4, X64_RAX, gen_pool(g, value, 0));
}

/* AX = NZCV in home format after UCOMISx. EFLAGS survive. Without branches: which way comparisons
 * go that nobody has branched on is hard to guess. */
static void fcmp_to_ax(struct gen *g)
{
    x64_mov_ri(&g->b, X64_RAX, NZCV_N);
    ax_if(g, X64_CC_A, NZCV_C);
    ax_if(g, X64_CC_E, NZCV_Z | NZCV_C);
    ax_if(g, X64_CC_P, NZCV_C | NZCV_V);
}

/* AX = NZCV in home format. With keep, EFLAGS survive. */
static void eflags_to_ax(struct gen *g, enum eflags_kind kind, bool keep)
{
    struct x64_buf *b = &g->b;
    if (kind == EF_FCMP) {
        fcmp_to_ax(g);
        return;
    }
    if (kind == EF_SUB) x64_plain(b, X64_CMC);
    x64_plain(b, X64_LAHF);
    x64_setcc_r(b, X64_CC_O, X64_RAX);
    if (kind == EF_SUB && keep) x64_plain(b, X64_CMC);
}

void gen_store_nzcv(struct gen *g, enum eflags_kind kind, bool keep)
{
    eflags_to_ax(g, kind, keep);
    x64_store_frame(&g->b, 4, gen_home_frame(SLOT_NZCV), X64_RAX);
}

/* EFLAGS from AX in home format, as EF_SUB. */
static void ax_to_eflags(struct gen *g)
{
    x64_alu_ri(&g->b, X64_ADD, 1, X64_RAX, 0x7f); /* OF = bit 0 */
    x64_plain(&g->b, X64_SAHF);
    x64_plain(&g->b, X64_CMC);
}

/* --- who is in EFLAGS ---------------------------------------------------------------------------
 */

void gen_flags_in(struct gen *g, ir_ref r, enum eflags_kind kind)
{
    g->eflags = (u8)kind;
    g->ordered = false;
    g->eflags_of = r;
    g->val[r].place = VAL_EFLAGS;
    if (g->candidate.of != r) g->candidate = (struct nzcv_pending){.of = r};
}

/* The value leaves the home slot, which is about to be overwritten. */
static void move_from_home(struct gen *g)
{
    ir_ref r = g->nzcv_at_home;
    g->nzcv_at_home = IR_NONE;
    if (!r || g->val[r].place != VAL_NZCV_HOME || !gen_left(g, r)) return;
    unsigned reg = gen_temp_gpr(g);
    x64_mov_rm(&g->b, 4, reg, NZCV_HOME);
    gen_bind_gpr(g, r, reg);
    g->gpr_locked &= ~(1u << reg);
}

static void store_pending(struct gen *g, bool keep)
{
    ir_ref r = g->nzcv;
    move_from_home(g);
    gen_store_nzcv(g, g->eflags, keep);
    g->nzcv_at_home = r;
    g->nzcv = IR_NONE;
}

bool gen_flags_busy(const struct gen *g)
{
    ir_ref r = g->eflags_of;
    if (!r || gen_left(g, r)) return r;
    return g->nzcv == r && g->pending.x.kind == NZCV_NONE && gen_nzcv_live(g);
}

static void save_in_register(struct gen *g, ir_ref r, bool keep)
{
    unsigned reg = gen_temp_gpr(g);
    eflags_to_ax(g, g->eflags, keep);
    x64_mov_rr(&g->b, 4, reg, X64_RAX);
    gen_bind_gpr(g, r, reg);
    g->gpr_locked &= ~(1u << reg); /* no operand of the instruction that needs EFLAGS */
}

void gen_forget_eflags(struct gen *g, bool keep)
{
    ir_ref r = g->eflags_of;
    if (r) {
        bool live = g->nzcv == r && gen_nzcv_live(g);
        bool expr = live && !gen_left(g, r) && g->pending.x.kind != NZCV_NONE;
        if (live && !expr) {
            store_pending(g, keep);
            g->val[r].place = VAL_NZCV_HOME;
        } else if (gen_left(g, r)) {
            save_in_register(g, r, keep);
        }
        if (g->nzcv == r && !expr) g->nzcv = IR_NONE;
    }
    g->eflags = EF_NONE;
    g->eflags_of = IR_NONE;
}

void gen_clobber_flags(struct gen *g)
{
    gen_forget_eflags(g, false);
}

void gen_flush_nzcv(struct gen *g)
{
    if (gen_nzcv_is_expr(g)) {
        gen_clobber_flags(g);
        move_from_home(g);
        struct nzcv_ways room;
        gen_store_ways(g, gen_nzcv_ways(g, &room), g->loaded);
        g->nzcv_at_home = g->nzcv == NZCV_ENTRY ? IR_NONE : g->nzcv;
        g->nzcv = IR_NONE;
    } else if (g->nzcv) {
        store_pending(g, false);
        if (g->eflags == EF_SUB) g->eflags = EF_ADD; /* CMC stays: C is CF now */
    }
}

struct val *gen_unspilled(struct gen *g, ir_ref r)
{
    if (g->val[r].place == VAL_SCRATCH) gen_use_gpr(g, r);
    return &g->val[r];
}

/* EFLAGS hold flags value r after this. */
static void flags_to_eflags(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    if (v->place == VAL_EFLAGS && g->eflags_of == r) return;
    gen_clobber_flags(g);
    gen_unspilled(g, r);
    if (v->place == VAL_GPR) {
        x64_mov_rr(&g->b, 4, X64_RAX, v->reg);
    } else if (v->place == VAL_NZCV_HOME) {
        x64_mov_rm(&g->b, 4, X64_RAX, NZCV_HOME);
    } else if (v->place == VAL_CONST) {
        x64_mov_ri(&g->b, X64_RAX, nzcv_from_pstate((u32)gen_inst(g, r)->imm << 28));
    } else {
        gen_fail(g);
        return;
    }
    ax_to_eflags(g);
    g->eflags = EF_SUB;
    if (v->place == VAL_CONST) return;
    if (v->place == VAL_GPR) gen_unbind_gpr(g, r);
    gen_flags_in(g, r, EF_SUB);
}

/* The flags value in home format in RAX; EFLAGS may go. */
static void flags_to_ax(struct gen *g, ir_ref r)
{
    struct val *v = gen_unspilled(g, r);
    switch (v->place) {
    case VAL_EFLAGS: eflags_to_ax(g, g->eflags, true); break;
    case VAL_GPR: x64_mov_rr(&g->b, 4, X64_RAX, v->reg); break;
    case VAL_NZCV_HOME: x64_mov_rm(&g->b, 4, X64_RAX, NZCV_HOME); break;
    case VAL_CONST:
        x64_mov_ri(&g->b, X64_RAX, nzcv_from_pstate((u32)gen_inst(g, r)->imm << 28));
        break;
    default: gen_fail(g);
    }
}

/* --- conditions ----------------------------------------------------------------------------------
 */

struct host_cond gen_not(struct host_cond c)
{
    c.cc ^= 1;
    if (c.parity) c.parity ^= 3;
    return c;
}

static struct host_cond plain(unsigned cc)
{
    return (struct host_cond){(u8)cc, 0};
}

/* Even guest conditions after a subtraction; the odd ones negate. */
static const u8 cc_after_sub[7] = {X64_CC_E, X64_CC_AE, X64_CC_S, X64_CC_O,
                                   X64_CC_A, X64_CC_GE, X64_CC_G};

/* EQ CS MI VS HI GE GT after UCOMISx. */
static const struct host_cond cc_after_fcmp[7] = {
    {X64_CC_E, 1}, {X64_CC_AE, 2}, {X64_CC_B, 1}, {X64_CC_P, 0},
    {X64_CC_A, 2}, {X64_CC_AE, 0}, {X64_CC_A, 0},
};

static struct host_cond cond_of_flags(struct gen *g, unsigned cond)
{
    struct host_cond c;
    if (g->eflags == EF_FCMP) {
        c = cc_after_fcmp[cond >> 1];
        if (g->ordered) c.parity = 0;
    } else {
        c = plain(cc_after_sub[cond >> 1]);
        if (g->eflags == EF_ADD && cond >> 1 == IR_CC_CS >> 1) c.cc ^= 1;
        if (g->eflags == EF_ADD && cond >> 1 == IR_CC_HI >> 1) {
            x64_plain(&g->b, X64_CMC);
            g->eflags = EF_SUB;
        }
    }
    return cond & 1 ? gen_not(c) : c;
}

/* Simple conditions on flags that are not in EFLAGS: one test of the saved bits. */
static bool test_saved(struct gen *g, ir_ref r, unsigned cond, struct host_cond *c)
{
    static const u16 mask[4] = {NZCV_Z, NZCV_C, NZCV_N, NZCV_V};
    if (cond >> 1 > 3 || g->val[r].place == VAL_CONST) return false;
    gen_clobber_flags(g); /* may spill: only now look where r is */
    struct val *v = gen_unspilled(g, r);
    u8 bit = (u8)__builtin_ctz(mask[cond >> 1]);
    if (v->place == VAL_GPR)
        x64_bit_ri(&g->b, X64_BT, 4, v->reg, bit);
    else
        x64_bit_mi(&g->b, X64_BT, 4, NZCV_HOME, bit);
    *c = plain(cond & 1 ? X64_CC_AE : X64_CC_B);
    return true;
}

static struct host_cond cond_value(struct gen *g, const struct ir_inst *i)
{
    struct host_cond c;
    if (i->mod >= IR_CC_AL) { /* always: x == x */
        gen_clobber_flags(g);
        x64_alu_rr(&g->b, X64_CMP, 4, X64_RBP, X64_RBP);
        return plain(X64_CC_E);
    }
    if (!(g->val[i->arg[0]].place == VAL_EFLAGS) && test_saved(g, i->arg[0], i->mod, &c)) return c;
    flags_to_eflags(g, i->arg[0]);
    return cond_of_flags(g, i->mod);
}

static const u8 cc_of_cmp[] = {
    [IR_EQ] = X64_CC_E,  [IR_NE] = X64_CC_NE,  [IR_ULT] = X64_CC_B, [IR_ULE] = X64_CC_BE,
    [IR_UGT] = X64_CC_A, [IR_UGE] = X64_CC_AE, [IR_SLT] = X64_CC_L, [IR_SLE] = X64_CC_LE,
    [IR_SGT] = X64_CC_G, [IR_SGE] = X64_CC_GE,
};

/* ICMP EQ/NE of a deferred AND with 0: TEST or BT. */
static struct host_cond test_bits(struct gen *g, const struct ir_inst *and, bool equal)
{
    unsigned size = gen_size(and->type);
    s64 value;
    s32 imm;
    if (gen_imm32(g, and->arg[1], &imm)) {
        x64_test_ri(&g->b, size, gen_use_gpr(g, and->arg[0]), imm);
    } else if (gen_const(g, and->arg[1], &value) && value && !((u64)value & ((u64)value - 1))) {
        x64_bit_ri(&g->b, X64_BT, 8, gen_use_gpr(g, and->arg[0]), (u8)__builtin_ctzll((u64)value));
        return plain(equal ? X64_CC_AE : X64_CC_B);
    } else {
        unsigned a = gen_use_gpr(g, and->arg[0]);
        x64_test_rr(&g->b, size, a, gen_use_gpr(g, and->arg[1]));
    }
    return plain(equal ? X64_CC_E : X64_CC_NE);
}

static struct host_cond compare(struct gen *g, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    s32 imm;
    gen_clobber_flags(g);
    if (g->val[i->arg[0]].place == VAL_LATER && gen_inst(g, i->arg[0])->op == IR_AND)
        return test_bits(g, gen_inst(g, i->arg[0]), i->mod == IR_EQ);
    bool has_imm = gen_imm32(g, i->arg[1], &imm);
    struct x64_mem m;
    if (gen_in_memory(g, i->arg[0], 1, &m)) {
        if (has_imm)
            x64_alu_mi(&g->b, X64_CMP, size, m, imm);
        else
            x64_alu_mr(&g->b, X64_CMP, size, m, gen_use_gpr(g, i->arg[1]));
        return plain(cc_of_cmp[i->mod]);
    }
    unsigned a = gen_use_gpr(g, i->arg[0]);
    if (gen_in_memory(g, i->arg[1], 1, &m)) {
        x64_alu_rm(&g->b, X64_CMP, size, a, m);
    } else if (has_imm) {
        if (imm)
            x64_alu_ri(&g->b, X64_CMP, size, a, imm);
        else
            x64_test_rr(&g->b, size, a, a);
    } else {
        x64_alu_rr(&g->b, X64_CMP, size, a, gen_use_gpr(g, i->arg[1]));
    }
    return plain(cc_of_cmp[i->mod]);
}

/* AND or OR of two bools, by way of a register. */
static struct host_cond combine(struct gen *g, const struct ir_inst *i)
{
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    if (i->op == IR_BAND) {
        x64_test_rr(&g->b, 4, a, b);
    } else {
        x64_mov_rr(&g->b, 4, X64_RAX, a);
        x64_alu_rr(&g->b, X64_OR, 4, X64_RAX, b);
    }
    return plain(X64_CC_NE);
}

struct host_cond gen_cond(struct gen *g, ir_ref r)
{
    const struct ir_inst *i = gen_inst(g, r);
    if (g->val[r].place == VAL_LATER) {
        switch (i->op) {
        case IR_COND: return cond_value(g, i);
        case IR_ICMP: return compare(g, i);
        case IR_BNOT: return gen_not(gen_cond(g, i->arg[0]));
        case IR_BAND:
        case IR_BOR: return combine(g, i);
        default: gen_fail(g); return plain(X64_CC_E);
        }
    }
    if (i->op == IR_CONST) { /* x == x, or its negation */
        gen_clobber_flags(g);
        x64_alu_rr(&g->b, X64_CMP, 4, X64_RBP, X64_RBP);
        return plain(i->imm & 1 ? X64_CC_E : X64_CC_NE);
    }
    unsigned reg = gen_use_gpr(g, r);
    gen_clobber_flags(g);
    x64_test_rr(&g->b, 1, reg, reg);
    return plain(X64_CC_NE);
}

void gen_setcc(struct gen *g, struct host_cond c, unsigned dst)
{
    struct x64_buf *b = &g->b;
    x64_setcc_r(b, c.cc, dst);
    if (c.parity) {
        x64_setcc_r(b, c.parity == 1 ? X64_CC_NP : X64_CC_P, X64_RCX);
        gen_clobber_flags(g);
        x64_alu_rr(b, c.parity == 1 ? X64_AND : X64_OR, 1, dst, X64_RCX);
    }
    x64_movzx_rr(b, 1, dst, dst);
}

void gen_jcc(struct gen *g, struct host_cond c, u32 label)
{
    if (c.parity == 2) {
        x64_jcc(&g->b, X64_CC_P, label);
        x64_jcc(&g->b, c.cc, label);
    } else if (c.parity == 1) {
        u32 skip = x64_jcc_skip(&g->b, X64_CC_P);
        x64_jcc(&g->b, c.cc, label);
        x64_land(&g->b, skip);
    } else {
        x64_jcc(&g->b, c.cc, label);
    }
}

/* --- operations ----------------------------------------------------------------------------------
 */

void emit_later(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)i;
    g->val[r].place = VAL_LATER;
}

void emit_flags_logic(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->val[r].place == VAL_EFLAGS) return;
    unsigned a = gen_use_gpr(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    x64_test_rr(&g->b, gen_size(i->type), a, a);
    gen_flags_in(g, r, EF_ADD);
    gen_flags_expr(g, r, NZCV_RESULT, i, i->arg[0]);
}

/* CCMP, CCMN: compare or not, and the result in EFLAGS either way. */
static void select_compare(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    const struct ir_inst *cmp = gen_inst(g, i->arg[1]);
    struct x64_buf *b = &g->b;
    unsigned size = gen_size(cmp->type);
    bool sub = cmp->op == IR_FLSUB;
    s32 imm = 0;
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_unlock(g); /* what follows leaves EFLAGS alone */
    unsigned x = gen_use_gpr(g, cmp->arg[0]), y = X64_RAX;
    bool has_imm = gen_imm32(g, cmp->arg[1], &imm);
    if (!has_imm) y = gen_use_gpr(g, cmp->arg[1]);
    u32 home = nzcv_from_pstate((u32)gen_inst(g, i->arg[2])->imm << 28);
    gen_consume(g, i);
    gen_forget_eflags(g, true);
    u32 other = x64_label_new(b), done = x64_label_new(b);
    gen_jcc(g, gen_not(c), other);
    if (!sub) {
        x64_mov_rr(b, 8, X64_RAX, x);
        x = X64_RAX;
    }
    if (has_imm)
        x64_alu_ri(b, sub ? X64_CMP : X64_ADD, size, x, imm);
    else
        x64_alu_rr(b, sub ? X64_CMP : X64_ADD, size, x, y);
    x64_jmp(b, done);
    x64_bind(b, other);
    x64_mov_ri(b, X64_RAX, sub ? home ^ NZCV_C : home);
    x64_alu_ri(b, X64_ADD, 1, X64_RAX, 0x7f); /* OF = V */
    x64_plain(b, X64_SAHF);
    x64_bind(b, done);
    gen_flags_in(g, r, sub ? EF_SUB : EF_ADD);
}

/* A conditional comparison's operand: chosen by its condition, or zero. */
static bool is_operand_of(const struct gen *g, ir_ref r, const struct ir_inst *select)
{
    const struct ir_inst *i = gen_inst(g, r), *zero = gen_inst(g, i->arg[2]);
    if (i->op == IR_CONST) return !i->imm;
    return i->op == IR_SELECT && i->uses == 1 && i->arg[0] == select->arg[0] &&
           zero->op == IR_CONST && !zero->imm;
}

bool gen_is_conditional(const struct gen *g, ir_ref compare)
{
    if (compare + 1 >= g->f->block[g->block].end) return false;
    const struct ir_inst *i = gen_inst(g, compare), *select = i + 1;
    if (i->op != IR_FLFCMP) return false;
    bool by_helper = i->type == IR_F16 || g->options->fp_flush || g->options->fp_checked;
    if (i->uses != 1 || by_helper) return false;
    return select->op == IR_FLSELECT && select->arg[1] == compare &&
           gen_inst(g, select->arg[2])->op == IR_FLCONST && is_operand_of(g, i->arg[0], select) &&
           is_operand_of(g, i->arg[1], select);
}

/* What is compared if the condition holds. */
static ir_ref chosen(const struct gen *g, ir_ref r)
{
    const struct ir_inst *i = gen_inst(g, r);
    return i->op == IR_SELECT ? i->arg[1] : r;
}

/* FCCMP: compare or not; NZCV in home format in a register. Where comparing traps, EFLAGS have what
 * was before. */
static void select_float_compare(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    const struct ir_inst *cmp = gen_inst(g, i->arg[1]);
    struct x64_buf *b = &g->b;
    bool wide = cmp->type == IR_F64, signals = cmp->mod & 1;
    enum x64_vec op = signals ? wide ? X64_COMISD : X64_COMISS : wide ? X64_UCOMISD : X64_UCOMISS;
    u32 done = x64_label_new(b), home = nzcv_from_pstate((u32)gen_inst(g, i->arg[2])->imm << 28);
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_unlock(g); /* what follows leaves EFLAGS alone */
    unsigned x = gen_use_xmm(g, chosen(g, cmp->arg[0]));
    struct vec_source y = vec_source(g, chosen(g, cmp->arg[1]));
    unsigned t = gen_temp_gpr(g);
    gen_consume(g, i);
    ir_ref before = g->eflags_of;
    if (gen_nzcv_live(g) || (before && gen_left(g, before))) {
        if (g->nzcv && g->nzcv == before) store_pending(g, true);
        gen_forget_eflags(g, true);
    }
    x64_mov_ri(b, X64_RAX, home);
    gen_jcc(g, gen_not(c), done);
    gen_fault_point(g);
    vec_op1_of(g, op, x, y);
    fcmp_to_ax(g);
    x64_bind(b, done);
    gen_clobber_flags(g);
    x64_mov_rr(b, 4, t, X64_RAX);
    gen_bind_gpr(g, r, t);
}

/* b ? flags a : flags c, in home format in a register. */
void emit_flags_select(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_buf *b = &g->b;
    if (g->val[i->arg[1]].place == VAL_LATER) {
        if (gen_is_conditional(g, i->arg[1]))
            select_float_compare(g, r, i);
        else
            select_compare(g, r, i);
        return;
    }
    unsigned t = gen_temp_gpr(g), u = X64_RAX;
    flags_to_ax(g, i->arg[1]);
    x64_mov_rr(b, 4, t, X64_RAX);
    gen_consume_one(g, i->arg[1]);
    if (g->val[i->arg[2]].place != VAL_CONST) {
        u = gen_temp_gpr(g);
        flags_to_ax(g, i->arg[2]);
        x64_mov_rr(b, 4, u, X64_RAX);
    }
    struct host_cond c = gen_cond(g, i->arg[0]);
    u32 done = x64_label_new(b);
    gen_jcc(g, c, done);
    if (u == X64_RAX) flags_to_ax(g, i->arg[2]);
    x64_mov_rr(b, 4, t, u);
    x64_bind(b, done);
    gen_consume_one(g, i->arg[2]);
    gen_consume_one(g, i->arg[0]);
    gen_bind_gpr(g, r, t);
}

void emit_flags_constant(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)i;
    g->val[r].place = VAL_CONST;
}

/* From bits 31 to 28: N and Z go to bits 15 and 14, C to 8, V to 0. */
void emit_flags_unpack(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_buf *b = &g->b;
    unsigned a = gen_use_gpr(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned t = gen_temp_gpr(g);
    x64_mov_rr(b, 4, t, a);
    x64_mov_rr(b, 4, X64_RAX, a);
    x64_shift_ri(b, X64_SHR, 4, t, 16);
    x64_alu_ri(b, X64_AND, 4, t, NZCV_N | NZCV_Z);
    x64_mov_rr(b, 4, X64_RCX, X64_RAX);
    x64_shift_ri(b, X64_SHR, 4, X64_RAX, 21);
    x64_alu_ri(b, X64_AND, 4, X64_RAX, NZCV_C);
    x64_alu_rr(b, X64_OR, 4, t, X64_RAX);
    x64_shift_ri(b, X64_SHR, 4, X64_RCX, 28);
    x64_alu_ri(b, X64_AND, 4, X64_RCX, NZCV_V);
    x64_alu_rr(b, X64_OR, 4, t, X64_RCX);
    gen_bind_gpr(g, r, t);
}

void emit_flags_pack(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_buf *b = &g->b;
    flags_to_ax(g, i->arg[0]);
    gen_clobber_flags(g); /* may use RAX: fetch again */
    flags_to_ax(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    x64_mov_rr(b, 4, dst, X64_RAX);
    x64_alu_ri(b, X64_AND, 4, dst, NZCV_N | NZCV_Z);
    x64_shift_ri(b, X64_SHL, 4, dst, 16);
    x64_mov_rr(b, 4, X64_RCX, X64_RAX);
    x64_alu_ri(b, X64_AND, 4, X64_RCX, NZCV_C);
    x64_shift_ri(b, X64_SHL, 4, X64_RCX, 21);
    x64_alu_rr(b, X64_OR, 4, dst, X64_RCX);
    x64_alu_ri(b, X64_AND, 4, X64_RAX, NZCV_V);
    x64_shift_ri(b, X64_SHL, 4, X64_RAX, 28);
    x64_alu_rr(b, X64_OR, 4, dst, X64_RAX);
    g->val[r].narrow = true;
}

/* GET and SET of the NZCV slot. */
void gen_get_nzcv(struct gen *g, ir_ref r)
{
    if (gen_flags_again(g, r)) return;
    gen_flush_nzcv(g);
    move_from_home(g);
    g->nzcv_at_home = r;
    g->val[r].place = VAL_NZCV_HOME;
}

void gen_set_nzcv(struct gen *g, const struct ir_inst *i)
{
    ir_ref r = i->arg[0];
    struct val *v = &g->val[r];
    if (v->place == VAL_LATER || (v->place == VAL_EFLAGS && g->eflags_of == r)) {
        g->nzcv = r;
        g->pending = g->candidate;
        gen_consume_one(g, r);
        return;
    }
    if (g->nzcv) g->nzcv = IR_NONE; /* overwritten before anyone saw it */
    if (v->place == VAL_NZCV_HOME && g->nzcv_at_home == r) {
        gen_consume_one(g, r);
        return;
    }
    move_from_home(g);
    if (v->place == VAL_CONST) {
        x64_mov_mi(&g->b, 4, NZCV_HOME, (s32)nzcv_from_pstate((u32)gen_inst(g, r)->imm << 28));
    } else {
        x64_mov_mr(&g->b, 4, NZCV_HOME, gen_use_gpr(g, r));
    }
    gen_consume_one(g, r);
}
