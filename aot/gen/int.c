/*
 * Integer operations.
 *
 * Two-address rule: dst may equal any operand's register. When it equals the second operand's but
 * not the first's, the work is done in RAX and moved.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/upper.h"

#define B (&g->b)

/* Result register and where to work: dst, or RAX when dst is also the register b. */
struct target {
    unsigned dst, work;
};

static struct target target(struct gen *g, ir_ref r, unsigned a, unsigned b)
{
    unsigned dst = gen_def_gpr(g, r, a);
    return (struct target){dst, dst == b && dst != a ? X64_RAX : dst};
}

static void begin(struct gen *g, struct target t, unsigned size, unsigned a)
{
    if (t.work != a) x64_mov_rr(B, size, t.work, a);
}

static void finish(struct gen *g, struct target t, unsigned size)
{
    if (t.work != t.dst) x64_mov_rr(B, size, t.dst, t.work);
}

/* An operand that is read once, to begin with: a register, locked, or NO_REG: in memory. */
struct source {
    unsigned reg;
    struct x64_mem m;
};

static struct source source(struct gen *g, ir_ref r)
{
    struct source s = {NO_REG, {0}};
    if (!gen_in_memory(g, r, 1, &s.m)) s.reg = gen_use_gpr(g, r);
    return s;
}

static void fetch(struct gen *g, unsigned size, unsigned dst, struct source s)
{
    if (s.reg == NO_REG)
        x64_mov_rm(B, size, dst, s.m);
    else if (s.reg != dst)
        x64_mov_rr(B, size, dst, s.reg);
}

static void move_if(struct gen *g, unsigned cc, unsigned size, unsigned dst, struct source s)
{
    if (s.reg == NO_REG)
        x64_cmov_rm(B, cc, size, dst, s.m);
    else
        x64_cmov_rr(B, cc, size, dst, s.reg);
}

/* One operand in memory: *m, the other is *a. False: neither is. */
static bool from_memory(struct gen *g, const struct ir_inst *i, bool commutes, struct source *a,
                        struct x64_mem *m)
{
    if (g->val[i->arg[1]].place == VAL_CONST) return false;
    bool second = gen_in_memory(g, i->arg[1], 1, m);
    if (!second && !(commutes && gen_in_memory(g, i->arg[0], 1, m))) return false;
    *a = source(g, i->arg[second ? 0 : 1]);
    return true;
}

/* dst = a op m */
static void alu_from_memory(struct gen *g, ir_ref r, const struct ir_inst *i, enum x64_alu op,
                            struct source a, struct x64_mem m)
{
    unsigned size = gen_size(i->type);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    fetch(g, size, dst, a);
    x64_alu_rm(B, op, size, dst, m);
}

/* dst = a + imm, which SUB has negated. */
static void add_constant(struct gen *g, ir_ref r, const struct ir_inst *i, s32 imm)
{
    unsigned size = gen_size(i->type);
    struct source a = source(g, i->arg[0]);
    bool busy = gen_flags_busy(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    if (a.reg == NO_REG) fetch(g, size, dst, a);
    if (busy || (a.reg != NO_REG && a.reg != dst)) {
        x64_lea(B, size, dst, x64_mem_b(a.reg == NO_REG ? dst : a.reg, imm));
    } else {
        gen_clobber_flags(g);
        x64_alu_ri(B, X64_ADD, size, dst, imm);
    }
}

/* --- addition and subtraction ------------------------------------------------------------------
 */

void emit_add(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    s32 imm;
    if (gen_with_flags(g, r, i)) return;
    if (gen_imm32(g, i->arg[1], &imm)) {
        add_constant(g, r, i, imm);
        return;
    }
    struct x64_mem m;
    struct source from;
    if (!gen_flags_busy(g) && from_memory(g, i, true, &from, &m)) {
        alu_from_memory(g, r, i, X64_ADD, from, m);
        return;
    }
    unsigned a = gen_use_gpr(g, i->arg[0]);
    unsigned b = gen_use_gpr(g, i->arg[1]);
    bool busy = gen_flags_busy(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    if (!busy && (dst == a || dst == b)) {
        gen_clobber_flags(g);
        x64_alu_rr(B, X64_ADD, size, dst, dst == a ? b : a);
    } else {
        x64_lea(B, size, dst, x64_mem_sum(a, b));
    }
}

/* a - b = a + ~b + 1, and flags live on. */
static void subtract_keeping_flags(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type), a = gen_use_gpr(g, i->arg[0]);
    fetch(g, size, X64_RAX, source(g, i->arg[1]));
    gen_consume(g, i);
    x64_un_r(B, X64_NOT, size, X64_RAX);
    x64_lea(B, size, gen_def_gpr(g, r, a), x64_mem_bi(X64_RAX, (int)a, 0, 1));
}

void emit_sub(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    s32 imm;
    if (gen_with_flags(g, r, i)) return;
    if (gen_imm32(g, i->arg[1], &imm) && imm != INT32_MIN) {
        add_constant(g, r, i, -imm);
        return;
    }
    struct x64_mem m;
    struct source a;
    if (!gen_flags_busy(g) && from_memory(g, i, false, &a, &m)) {
        alu_from_memory(g, r, i, X64_SUB, a, m);
        return;
    }
    if (gen_flags_busy(g)) {
        subtract_keeping_flags(g, r, i);
        return;
    }
    a = source(g, i->arg[0]);
    unsigned b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    struct target t = target(g, r, a.reg, b);
    fetch(g, size, t.work, a);
    x64_alu_rr(B, X64_SUB, size, t.work, b);
    finish(g, t, size);
}

void emit_add_carry(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    gen_with_flags(g, r, i);
}

void emit_unary(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    struct source a = source(g, i->arg[0]);
    bool busy = gen_flags_busy(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    if (i->op == IR_NEG && busy) { /* -a = ~(a - 1), and flags live on */
        if (a.reg == NO_REG) fetch(g, size, dst, a);
        x64_lea(B, size, dst, x64_mem_b(a.reg == NO_REG ? dst : a.reg, -1));
        x64_un_r(B, X64_NOT, size, dst);
        return;
    }
    fetch(g, size, dst, a);
    if (i->op == IR_NOT) {
        x64_un_r(B, X64_NOT, size, dst);
    } else {
        gen_clobber_flags(g);
        x64_un_r(B, X64_NEG, size, dst);
    }
}

void emit_absolute(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    struct source a = source(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg), work = dst == a.reg ? X64_RAX : dst;
    fetch(g, size, work, a);
    x64_un_r(B, X64_NEG, size, work);
    if (work == dst)
        move_if(g, X64_CC_S, size, dst, a);
    else
        x64_cmov_rr(B, X64_CC_NS, size, dst, work);
}

/* --- logic ---------------------------------------------------------------------------------------
 */

/* The FLLOGIC of r right behind it, if it has a use. */
static ir_ref logic_flags(struct gen *g, ir_ref r)
{
    ir_ref n = r + 1, end = g->f->block[g->block].end;
    while (n < end && gen_inst(g, n)->op == IR_NOP) n++;
    const struct ir_inst *i = gen_inst(g, n);
    bool mine = n < end && i->op == IR_FLLOGIC && i->arg[0] == r && gen_left(g, n);
    return mine && i->type == gen_inst(g, r)->type ? n : IR_NONE;
}

/* AND whose only user is a comparison with 0: left to it, so that it becomes TEST or BT. */
static bool only_tested(struct gen *g, ir_ref r)
{
    ir_ref end = g->f->block[g->block].end;
    s64 zero;
    if (gen_left(g, r) != 1) return false;
    for (ir_ref n = r + 1; n < end && n < r + 4; n++) {
        const struct ir_inst *i = gen_inst(g, n);
        if (i->op == IR_ICMP)
            return i->arg[0] == r && i->mod <= IR_NE && gen_is_const(g, i->arg[1], &zero) &&
                   !zero && i->type == gen_inst(g, r)->type;
    }
    return false;
}

/* TST: flags of an AND whose value nobody else wants. */
static bool test_only(struct gen *g, ir_ref r, ir_ref flags, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    s32 imm;
    if (!flags || gen_left(g, r) != 1) return false;
    bool has_imm = gen_imm32(g, i->arg[1], &imm);
    unsigned a = gen_use_gpr(g, i->arg[0]), b = has_imm ? 0 : gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    g->val[r].used = i->uses;
    if (has_imm)
        x64_test_ri(B, size, a, imm);
    else
        x64_test_rr(B, size, a, b);
    gen_flags_in(g, flags, EF_ADD);
    gen_flags_expr(g, flags, NZCV_OF_AND, i, IR_NONE);
    return true;
}

/* AND that keeps the low 8, 16 or 32 bits, as an extension, which leaves EFLAGS alone. */
static bool keep_low(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    s64 mask;
    if (!gen_const(g, i->arg[1], &mask)) return false;
    unsigned size = mask == 0xff ? 1 : mask == 0xffff ? 2 : mask == 0xffffffff ? 4 : 0;
    if (!size) return false;
    struct source from = source(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, from.reg);
    if (size == 4)
        fetch(g, 4, dst, from);
    else if (from.reg == NO_REG)
        x64_movzx_rm(B, size, dst, from.m);
    else
        x64_movzx_rr(B, size, dst, from.reg);
    if (size == 4 && dst == from.reg) x64_mov_rr(B, 4, dst, dst);
    return true;
}

void emit_logic(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_alu op = i->op == IR_AND ? X64_AND : i->op == IR_OR ? X64_OR : X64_XOR;
    unsigned size = gen_size(i->type);
    s32 imm;
    ir_ref flags = logic_flags(g, r);
    if (i->op == IR_AND && !flags && only_tested(g, r)) {
        g->val[r].place = VAL_LATER;
        return;
    }
    if (i->op == IR_AND && test_only(g, r, flags, i)) return;
    if (i->op == IR_AND && !flags && keep_low(g, r, i)) return;
    struct x64_mem m;
    struct source from;
    bool has_imm = gen_imm32(g, i->arg[1], &imm);
    if (!flags && !has_imm && from_memory(g, i, true, &from, &m)) {
        alu_from_memory(g, r, i, op, from, m);
        return;
    }
    if (has_imm)
        from = source(g, i->arg[0]);
    else
        from = (struct source){.reg = gen_use_gpr(g, i->arg[0])};
    unsigned b = has_imm ? NO_REG : gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, from.reg);
    if (has_imm) {
        fetch(g, size, dst, from);
        x64_alu_ri(B, op, size, dst, imm);
    } else if (dst == b) {
        x64_alu_rr(B, op, size, dst, from.reg);
    } else {
        fetch(g, size, dst, from);
        x64_alu_rr(B, op, size, dst, b);
    }
    if (flags) {
        gen_consume_one(g, r);
        gen_flags_in(g, flags, EF_ADD);
        gen_flags_expr(g, flags, i->op == IR_AND ? NZCV_OF_AND : NZCV_RESULT, i, r);
    }
}

void emit_logic_not(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    ir_ref flags = i->op == IR_ANDN ? logic_flags(g, r) : IR_NONE;
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    if (i->op == IR_ANDN && gen_has(g, X64_HAS_BMI1)) {
        x64_bmi_rrr(B, X64_ANDN, size, dst, b, a);
    } else {
        x64_mov_rr(B, size, X64_RAX, b);
        x64_un_r(B, X64_NOT, size, X64_RAX);
        x64_alu_rr(B, i->op == IR_ANDN ? X64_AND : X64_OR, size, X64_RAX, a);
        x64_mov_rr(B, size, dst, X64_RAX);
    }
    if (flags) {
        gen_consume_one(g, r);
        gen_flags_in(g, flags, EF_ADD);
        gen_flags_expr(g, flags, NZCV_RESULT, i, r);
    }
}

/* --- shifts --------------------------------------------------------------------------------------
 */

/* BMI2's, which leaves flags alone. */
static enum x64_bmi shift_form(unsigned op)
{
    return op == X64_SHL ? X64_SHLX : op == X64_SHR ? X64_SHRX : X64_SARX;
}

static void shift_constant(struct gen *g, ir_ref r, const struct ir_inst *i, unsigned op, u8 count)
{
    unsigned size = gen_size(i->type);
    struct source from = source(g, i->arg[0]);
    bool busy = gen_flags_busy(g);
    count &= (u8)(size * 8 - 1);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, from.reg), a = from.reg == NO_REG ? dst : from.reg;
    if (from.reg == NO_REG) fetch(g, size, dst, from);
    if (op == X64_SHL && count && count <= 3 && (dst != a || busy)) {
        x64_lea(B, size, dst,
                x64_mem_bi(count == 1 ? (int)a : -1, (int)a, count == 1 ? 0 : count, 0));
    } else if (op == X64_ROR && gen_has(g, X64_HAS_BMI2) && (dst != a || busy)) {
        x64_rorx_rri(B, size, dst, a, count);
    } else if (busy && op != X64_ROR && gen_has(g, X64_HAS_BMI2)) {
        x64_mov_ri(B, X64_RCX, count);
        x64_bmi_rrr(B, shift_form(op), size, dst, a, X64_RCX);
    } else {
        if (dst != a || (!count && size == 4)) x64_mov_rr(B, size, dst, a);
        if (!count) return;
        gen_clobber_flags(g);
        x64_shift_ri(B, (enum x64_shift)op, size, dst, count);
    }
}

static void shift_variable(struct gen *g, ir_ref r, const struct ir_inst *i, unsigned op)
{
    unsigned size = gen_size(i->type);
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    if (gen_has(g, X64_HAS_BMI2) && op != X64_ROR) {
        gen_consume(g, i);
        unsigned dst = gen_def_gpr(g, r, a);
        x64_bmi_rrr(B, shift_form(op), size, dst, a, b);
        return;
    }
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    x64_mov_rr(B, 4, X64_RCX, b);
    if (dst != a) x64_mov_rr(B, size, dst, a);
    x64_shift_rc(B, (enum x64_shift)op, size, dst);
    if (size == 4) x64_mov_rr(B, 4, dst, dst); /* a count of 0 leaves the upper half alone */
}

void emit_shift(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned op = i->op == IR_SHL   ? X64_SHL
                  : i->op == IR_SHR ? X64_SHR
                  : i->op == IR_SAR ? X64_SAR
                                    : X64_ROR;
    s64 count;
    if (gen_const(g, i->arg[1], &count))
        shift_constant(g, r, i, op, (u8)count);
    else
        shift_variable(g, r, i, op);
}

/* (a:b) >> imm */
void emit_extract(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    struct target t = target(g, r, b, a);
    begin(g, t, size, b);
    if (i->imm) x64_shiftd_rri(B, X64_SHRD, size, t.work, a, (u8)i->imm);
    finish(g, t, size);
}

/* --- multiplication and division -----------------------------------------------------------------
 */

void emit_multiply(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    s32 imm;
    if (gen_mulx(g, r, i)) return;
    struct x64_mem m;
    struct source a;
    if (from_memory(g, i, true, &a, &m)) {
        gen_clobber_flags(g);
        gen_consume(g, i);
        unsigned dst = gen_def_gpr(g, r, a.reg);
        fetch(g, size, dst, a);
        x64_imul_rm(B, size, dst, m);
        return;
    }
    bool has_imm = gen_imm32(g, i->arg[1], &imm);
    a = source(g, i->arg[0]); /* in memory only with a constant */
    unsigned b = has_imm ? NO_REG : gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    if (has_imm && a.reg == NO_REG) {
        x64_imul_rmi(B, size, dst, a.m, imm);
    } else if (has_imm) {
        x64_imul_rri(B, size, dst, a.reg, imm);
    } else if (dst == b) {
        x64_imul_rr(B, size, dst, a.reg);
    } else {
        fetch(g, size, dst, a);
        x64_imul_rr(B, size, dst, b);
    }
}

void emit_multiply_high(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (gen_mulx(g, r, i)) return;
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    x64_mov_rr(B, 8, X64_RAX, a);
    x64_mov_rr(B, 8, X64_RCX, b);
    gen_consume(g, i);
    gen_take_gpr(g, X64_RDX);
    x64_un_r(B, i->op == IR_MULHU ? X64_MUL : X64_IMUL, 8, X64_RCX);
    unsigned dst = gen_def_gpr(g, r, X64_RDX);
    if (dst != X64_RDX) x64_mov_rr(B, 8, dst, X64_RDX);
}

/* Division by zero gives 0; the most negative by -1 gives itself. Neither may reach DIV. */
void emit_divide(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    bool is_signed = i->op == IR_SDIV;
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    x64_mov_rr(B, size, X64_RCX, b);
    x64_mov_rr(B, size, X64_RAX, a);
    gen_consume(g, i);
    gen_take_gpr(g, X64_RDX);
    u32 zero = x64_label_new(B), negate = x64_label_new(B), done = x64_label_new(B);
    x64_test_rr(B, size, X64_RCX, X64_RCX);
    x64_jcc(B, X64_CC_E, zero);
    if (is_signed) {
        x64_alu_ri(B, X64_CMP, size, X64_RCX, -1);
        x64_jcc(B, X64_CC_E, negate);
        x64_cdq(B, size);
        x64_un_r(B, X64_IDIV, size, X64_RCX);
    } else {
        x64_zero(B, X64_RDX);
        x64_un_r(B, X64_DIV, size, X64_RCX);
    }
    x64_jmp(B, done);
    x64_bind(B, negate);
    x64_un_r(B, X64_NEG, size, X64_RAX);
    x64_jmp(B, done);
    x64_bind(B, zero);
    x64_zero(B, X64_RAX);
    x64_bind(B, done);
    unsigned dst = gen_def_gpr(g, r, X64_RDX);
    x64_mov_rr(B, size, dst, X64_RAX);
}

/* --- widths --------------------------------------------------------------------------------------
 */

void emit_sign_extension(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type), from = 1u << i->esz;
    struct source a = source(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    if (a.reg == NO_REG && from < size)
        x64_movsx_rm(B, size, from, dst, a.m);
    else if (a.reg == NO_REG)
        x64_mov_rm(B, size, dst, a.m);
    else if (from >= size)
        x64_mov_rr(B, size, dst, a.reg);
    else
        x64_movsx_rr(B, size, from, dst, a.reg);
}

void emit_zero_extension(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct source a = source(g, i->arg[0]);
    bool arg32 = gen_type(g, i->arg[0]) == IR_I32;
    if (i->esz >= 2 && arg32 && g->val[i->arg[0]].narrow && g->val[i->arg[0]].place == VAL_GPR &&
        !ir_hint(gen_inst(g, r))) {
        gen_alias(g, r, i->arg[0]);
        g->val[r].narrow = true;
        gen_consume(g, i);
        return;
    }
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a.reg);
    if (a.reg == NO_REG && i->esz >= 2)
        x64_mov_rm(B, i->esz >= 3 ? 8 : 4, dst, a.m);
    else if (a.reg == NO_REG)
        x64_movzx_rm(B, 1u << i->esz, dst, a.m);
    else if (i->esz >= 3)
        x64_mov_rr(B, 8, dst, a.reg);
    else
        x64_movzx_rr(B, 1u << i->esz, dst, a.reg);
    g->val[r].narrow = true;
}

void emit_truncation(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->val[i->arg[0]].place == VAL_HOME && !ir_hint(gen_inst(g, r))) {
        gen_leave_at_home(g, r, g->val[i->arg[0]].reg);
        gen_same_slot(g, r, i->arg[0]);
        gen_consume(g, i);
        return;
    }
    unsigned a = gen_use_gpr(g, i->arg[0]);
    if (g->val[i->arg[0]].place == VAL_GPR) {
        gen_alias(g, r, i->arg[0]);
        gen_same_slot(g, r, i->arg[0]);
        g->val[r].narrow = false;
        gen_consume(g, i);
        return;
    }
    gen_consume(g, i);
    x64_mov_rr(B, 4, gen_def_gpr(g, r, a), a);
}

/* --- selection -----------------------------------------------------------------------------------
 */

static void select_gpr(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_unlock(g); /* what follows leaves EFLAGS alone */
    struct source x = source(g, i->arg[1]), y = source(g, i->arg[2]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, y.reg != NO_REG ? y.reg : x.reg);
    if (c.parity) { /* no single condition: choose in RAX */
        if (c.parity == 1) {
            struct source swap = x;
            x = y;
            y = swap;
            c = gen_not(c);
        }
        fetch(g, size, X64_RAX, y);
        move_if(g, c.cc, size, X64_RAX, x);
        move_if(g, X64_CC_P, size, X64_RAX, x);
        x64_mov_rr(B, size, dst, X64_RAX);
        return;
    }
    if (dst == x.reg && dst != y.reg) {
        move_if(g, c.cc ^ 1, size, dst, y);
        return;
    }
    fetch(g, size, dst, y);
    move_if(g, c.cc, size, dst, x);
}

/* An operand of FCCMP, which does without the choice. */
static bool is_compared(const struct gen *g, ir_ref r)
{
    const struct ir_inst *i = gen_inst(g, r);
    for (ir_ref n = r + 1; n <= r + 2; n++)
        if (gen_is_conditional(g, n) && (i[n - r].arg[0] == r || i[n - r].arg[1] == r)) return true;
    return false;
}

static void select_xmm(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (is_compared(g, r)) {
        g->val[r].place = VAL_LATER;
        return;
    }
    unsigned x = gen_use_xmm(g, i->arg[1]), y = gen_use_xmm(g, i->arg[2]);
    bool narrow = (g->val[i->arg[1]].place == VAL_CONST || g->val[i->arg[1]].narrow) &&
                  (g->val[i->arg[2]].place == VAL_CONST || g->val[i->arg[2]].narrow);
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, y);
    if (dst == x && dst != y) {
        unsigned swap = x;
        x = y;
        y = swap;
        c = gen_not(c);
    }
    if (dst != y) gen_vec_rr(g, X64_MOVAPS, dst, y);
    u32 done = x64_label_new(B);
    gen_jcc(g, gen_not(c), done);
    if (dst != x) gen_vec_rr(g, X64_MOVAPS, dst, x);
    x64_bind(B, done);
    g->val[r].narrow = narrow;
}

void emit_selection(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->type == IR_I32 || i->type == IR_I64)
        select_gpr(g, r, i);
    else
        select_xmm(g, r, i);
}

void emit_bool_to_int(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_consume(g, i);
    gen_setcc(g, c, gen_def_gpr(g, r, NO_REG));
    g->val[r].narrow = true;
}

/*
 * CRC-32 of up to 8 bytes by Barrett reduction, all bit-reflected: t, the data with the old
 * checksum added, at the top of 64 bits, stands for t(x) * x^32. Its quotient by the polynomial P
 * is the low half of t * (x^96 / P); times P, what is above 64 bits is the remainder. A checksum
 * longer than the data is added behind.
 */
static void checksum_by_products(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum { X0 = X64_XMM0 };
    u64 quotient = UINT64_C(0xb4e5b025f7011641), polynomial = UINT64_C(0x1db710641);
    unsigned bits = 8u << i->esz;
    gen_clobber_flags(g);
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    struct x64_mem factors = gen_pool(g, quotient, polynomial);
    gen_consume(g, i);
    x64_mov_rr(B, 4, X64_RAX, a);
    if (bits < 32) x64_mov_rr(B, 4, X64_RCX, X64_RAX);
    x64_alu_rr(B, X64_XOR, bits == 64 ? 8 : 4, X64_RAX, b);
    if (bits < 64) x64_shift_ri(B, X64_SHL, 8, X64_RAX, (u8)(64 - bits));
    gen_vec_rr(g, X64_MOVQ_XR, X0, X64_RAX);
    gen_vec_rrmi(g, X64_PCLMULQDQ, X0, X0, factors, 0x00);
    gen_vec_rrmi(g, X64_PCLMULQDQ, X0, X0, factors, 0x10);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    gen_vec_rri(g, X64_PEXTRD, dst, X0, 2);
    if (bits < 32) {
        x64_shift_ri(B, X64_SHR, 4, X64_RCX, (u8)bits);
        x64_alu_rr(B, X64_XOR, 4, dst, X64_RCX);
    }
}

void emit_checksum(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!i->mod && gen_has(g, X64_HAS_PCLMUL) && gen_has(g, X64_HAS_SSE41)) {
        checksum_by_products(g, r, i);
        return;
    }
    if (!i->mod || !gen_has(g, X64_HAS_SSE42)) {
        gen_by_helper(g, r, i);
        return;
    }
    unsigned a = gen_use_gpr(g, i->arg[0]), b = gen_use_gpr(g, i->arg[1]);
    gen_consume(g, i);
    struct target t = target(g, r, a, b);
    begin(g, t, 4, a);
    x64_crc32_rr(B, 1u << i->esz, t.work, b);
    finish(g, t, 4);
}
