/*
 * Random IR; see random_ir.h. Arguments come from pools of recent values by type; what is missing
 * is made by a GET or a constant.
 */
#include "tests/ir/random_ir.h"

#include "aot/abi/exits.h"
#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"

#define POOL 12
#define PC   UINT64_C(0x10000)
#define OUT  UINT64_C(0x20000) /* where exits lead */

struct pool {
    ir_ref ref[POOL], last;
    unsigned count;
};

struct maker {
    struct ir_func *f;
    struct pool pool[IR_TYPE_COUNT];
    u64 seed, pc;
    u32 blocks; /* to be made */
};

u64 random_ir_number(u64 *seed)
{
    u64 z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static u64 below(struct maker *m, u64 n)
{
    return random_ir_number(&m->seed) % n;
}

static bool one_in(struct maker *m, unsigned n)
{
    return below(m, n) == 0;
}

/* The value joins its type's pool. */
static ir_ref keep(struct maker *m, ir_ref r)
{
    struct pool *p = &m->pool[ir_value_type(&m->f->inst[r])];
    p->ref[p->count < POOL ? p->count++ : below(m, POOL)] = r;
    p->last = r;
    return r;
}

static ir_ref make(struct maker *m, unsigned op, unsigned type, unsigned esz, unsigned mod, s64 imm,
                   ir_ref a, ir_ref b, ir_ref c)
{
    return keep(m, ir_opx(m->f, op, type, esz, mod, imm, a, b, c));
}

/* --- leaves ----------------------------------------------------------------------------------- */

static u64 number(struct maker *m)
{
    static const u64 corners[] = {0,    1,      2,          3,          7,         8,
                                  16,   31,     32,         63,         0xff,      0xffff,
                                  4096, 0xfff0, 0x7fffffff, 0x80000000, 0xffffffff};
    switch (below(m, 4)) {
    case 0: return random_ir_number(&m->seed) >> below(m, 64);
    case 1: return -corners[below(m, ARRAY_SIZE(corners))];
    default: return corners[below(m, ARRAY_SIZE(corners))];
    }
}

static ir_ref constant(struct maker *m, unsigned type)
{
    u64 v = number(m);
    return keep(m, ir_const(m->f, type, (s64)(type == IR_I32 ? (u32)v : v)));
}

/* x0 to x7 and sp. */
static unsigned int_slot(struct maker *m)
{
    return below(m, 9) ? SLOT_X0 + (unsigned)below(m, 8) : SLOT_SP;
}

static unsigned slot_for(struct maker *m, unsigned type)
{
    if (type == IR_FLAGS) return SLOT_NZCV;
    if (type == IR_I32) return int_slot(m);
    if (type == IR_I64) return one_in(m, 10) ? SLOT_TPIDR : int_slot(m);
    return type == IR_V128 && one_in(m, 10) ? SLOT_QC : SLOT_V0 + (unsigned)below(m, 6);
}

static ir_ref get(struct maker *m, unsigned type)
{
    return keep(m, ir_get(m->f, type, slot_for(m, type)));
}

static ir_ref leaf(struct maker *m, unsigned type);

static unsigned int_type(struct maker *m)
{
    return below(m, 2) ? IR_I32 : IR_I64;
}

/* A value of the type: mostly one that is there. */
static ir_ref pick(struct maker *m, unsigned type)
{
    const struct pool *p = &m->pool[type];
    if (!p->count || one_in(m, 4)) return leaf(m, type);
    if (one_in(m, 3)) return p->last;
    return p->ref[below(m, p->count)];
}

static ir_ref compare(struct maker *m)
{
    unsigned type = int_type(m);
    return make(m, IR_ICMP, type, 0, (unsigned)below(m, IR_SGE + 1), 0, pick(m, type),
                pick(m, type), IR_NONE);
}

static ir_ref leaf(struct maker *m, unsigned type)
{
    switch (type) {
    case IR_BOOL: return compare(m);
    case IR_I32:
    case IR_I64: return below(m, 2) ? constant(m, type) : get(m, type);
    default: return get(m, type);
    }
}

/* --- operations ------------------------------------------------------------------------------- */

static const u8 int_ops[] = {IR_ADD,    IR_ADD,   IR_ADD,   IR_SUB,    IR_SUB,  IR_ADC,  IR_SBC,
                             IR_MUL,    IR_MULHU, IR_MULHS, IR_UDIV,   IR_SDIV, IR_NEG,  IR_ABS,
                             IR_NOT,    IR_AND,   IR_AND,   IR_OR,     IR_XOR,  IR_ANDN, IR_ORN,
                             IR_SHL,    IR_SHR,   IR_SAR,   IR_ROR,    IR_EXTR, IR_CLZ,  IR_CTZ,
                             IR_CLS,    IR_RBIT,  IR_BSWAP, IR_SEXT,   IR_ZEXT, IR_ZEXT, IR_TRUNC,
                             IR_SELECT, IR_CRC32, IR_BINT,  IR_FLPACK, IR_GADDR};
static const u8 flag_ops[] = {IR_ICMP,    IR_BNOT,     IR_BAND,    IR_BOR,     IR_COND,
                              IR_COND,    IR_COND,     IR_FLADD,   IR_FLSUB,   IR_FLSUB,
                              IR_FLADC,   IR_FLSBC,    IR_FLLOGIC, IR_FLLOGIC, IR_FLSELECT,
                              IR_FLCONST, IR_FLUNPACK, IR_FLFCMP};
static const u8 vector_ops[] = {IR_FTOI, IR_ITOF, IR_VTOF,    IR_FTOV,  IR_VGET,  IR_VSETI,
                                IR_VDUP, IR_VLOW, IR_VHIGH,   IR_VPAIR, IR_VADD,  IR_VAND,
                                IR_VOR,  IR_VXOR, IR_VEXT,    IR_FADD,  IR_FMUL,  IR_FNEG,
                                IR_FABS, IR_VNOT, IR_VCONST2, IR_VANDN, IR_SELECT};

static unsigned float_type(struct maker *m)
{
    return below(m, 2) ? IR_F32 : IR_F64;
}

static unsigned type_of_op(struct maker *m, unsigned op, bool vector)
{
    const char *s = ir_op_info(op)->signature;
    switch (op) {
    case IR_SELECT: return vector ? IR_V128 - (unsigned)below(m, 3) : int_type(m);
    case IR_ITOF: return one_in(m, 3) ? IR_V128 : float_type(m);
    case IR_VTOF: return float_type(m);
    case IR_FLFCMP: return float_type(m);
    case IR_CRC32: return IR_I32;
    case IR_FADD:
    case IR_FMUL:
    case IR_FNEG:
    case IR_FABS: return one_in(m, 4) ? IR_V128 : float_type(m);
    case IR_VDUP:
    case IR_VSETI: return IR_V128;
    default: break;
    }
    for (; *s; s++)
        if (*s == 'i' || *s == 't') return int_type(m);
    return ir_value_type(&(struct ir_inst){.op = (u8)op});
}

/* Sizes and small parameters that the operation allows. */
static void fill(struct maker *m, struct ir_inst *i)
{
    unsigned width = i->type == IR_I64 ? 64 : 32;
    bool scalar = i->type == IR_F32 || i->type == IR_F64;
    switch (i->op) {
    case IR_BSWAP: i->esz = (u8)(1 + below(m, width == 64 ? 3 : 2)); break;
    case IR_SEXT:
    case IR_ZEXT: i->esz = (u8)below(m, 3); break;
    case IR_CRC32:
        i->esz = (u8)below(m, 4);
        i->mod = (u8)below(m, 2);
        break;
    case IR_EXTR: i->imm = (s64)below(m, width); break;
    case IR_ICMP: i->mod = (u8)below(m, IR_SGE + 1); break;
    case IR_COND: i->mod = (u8)below(m, 16); break;
    case IR_FLCONST: i->imm = (s64)below(m, 16); break;
    case IR_FLFCMP: i->mod = (u8)below(m, 2); break;
    case IR_GADDR: i->imm = (s64)(PC + below(m, 0x10000)); break;
    case IR_VEXT: i->imm = (s64)below(m, 16); break;
    case IR_VCONST2: i->imm = (s64)number(m); break;
    case IR_VGET:
        i->esz = (u8)below(m, i->type == IR_I64 ? 4 : 3);
        i->imm = (s64)below(m, 16u >> i->esz);
        break;
    case IR_VSETI:
    case IR_VDUP:
    case IR_VADD:
        i->esz = (u8)below(m, 4);
        if (i->op == IR_VSETI) i->imm = (s64)below(m, 16u >> i->esz);
        break;
    case IR_FADD:
    case IR_FMUL:
    case IR_FNEG:
    case IR_FABS: i->esz = scalar ? 0 : (u8)(2 + below(m, 2)); break;
    default: break;
    }
}

/* The type of an argument that the signature leaves open. */
static unsigned argument_type(struct maker *m, const struct ir_inst *i, char c)
{
    bool ints = c == 'i' || c == 't';
    switch (i->op) {
    case IR_SEXT:
    case IR_ZEXT:
    case IR_FLUNPACK:
        if (ints) return int_type(m);
        break;
    case IR_VSETI:
    case IR_VDUP:
        if (ints) return i->esz == 3 ? IR_I64 : IR_I32;
        break;
    case IR_CRC32:
        if (ints) return i->esz == 3 ? IR_I64 : IR_I32;
        break;
    case IR_ITOF: return i->type == IR_F64 ? IR_I64 : i->type == IR_F32 ? IR_I32 : int_type(m);
    case IR_FTOI: return i->type == IR_I64 ? IR_F64 : IR_F32;
    case IR_FTOV: return float_type(m);
    default: break;
    }
    switch (c) {
    case 'w': return IR_I32;
    case 'l': return IR_I64;
    case 'b': return IR_BOOL;
    case 'f': return IR_FLAGS;
    case 'v': return IR_V128;
    default: return i->type;
    }
}

static bool is_shift(unsigned op)
{
    return op >= IR_SHL && op <= IR_ROR;
}

static void operation(struct maker *m, unsigned op, bool vector)
{
    const struct ir_op_info *info = ir_op_info(op);
    struct ir_inst i = {.op = (u8)op};
    i.type = (u8)type_of_op(m, op, vector);
    fill(m, &i);
    if (op == IR_VCONST2) i.arg[0] = (u32)number(m);
    for (unsigned k = 0; k < info->args; k++) {
        unsigned type = argument_type(m, &i, info->signature[k + 1]);
        bool amount = k == 1 && (is_shift(op) || below(m, 2)) && (type == IR_I32 || type == IR_I64);
        i.arg[k] = amount && below(m, 4) ? constant(m, type) : pick(m, type);
    }
    if (op == IR_FTOV) i.type = IR_V128;
    struct ir_inst *at = ir_append(m->f, op, i.type);
    *at = i;
    keep(m, ir_ref_of(m->f, at));
}

/* Two operations on each other that say something together. */
static void pair(struct maker *m)
{
    unsigned type = int_type(m), width = type == IR_I64 ? 64 : 32;
    static const u8 amounts[] = {0, 1, 8, 16, 24, 31, 32, 40, 48, 56, 63};
    u64 n = amounts[below(m, ARRAY_SIZE(amounts))] & (width - 1);
    ir_ref v = pick(m, type), k;
    switch (below(m, 4)) {
    case 0: /* a field, by shifts */
        v = ir_op2(m->f, IR_SHL, type, v, ir_const(m->f, type, (s64)n));
        k = ir_const(m->f, type, (s64)(one_in(m, 4) ? below(m, width) : n));
        make(m, below(m, 2) ? IR_SHR : IR_SAR, type, 0, 0, 0, v, k, IR_NONE);
        break;
    case 1: /* an extension of an extension */
        v = ir_opx(m->f, below(m, 2) ? IR_SEXT : IR_ZEXT, type, (u32)below(m, 3), 0, 0, v, IR_NONE,
                   IR_NONE);
        make(m, below(m, 2) ? IR_SEXT : IR_ZEXT, int_type(m), (u32)below(m, 3), 0, 0, v, IR_NONE,
             IR_NONE);
        break;
    case 2: /* a truth value as a number */
        v = ir_op1(m->f, IR_BINT, type, pick(m, IR_BOOL));
        k = ir_const(m->f, type, (s64)below(m, 2));
        if (below(m, 2))
            make(m, IR_ICMP, type, 0, (u32)below(m, IR_SGE + 1), 0, v, k, IR_NONE);
        else
            make(m, below(m, 2) ? IR_AND : IR_XOR, type, 0, 0, 0, v, k, IR_NONE);
        break;
    default: { /* a sum or difference of sums */
        unsigned op = below(m, 2) ? IR_ADD : IR_SUB;
        v = ir_op2(m->f, op, type, v, constant(m, type));
        make(m, below(m, 2) ? IR_ADD : IR_SUB, type, 0, 0, 0, v, constant(m, type), IR_NONE);
    }
    }
}

static void any_operation(struct maker *m)
{
    switch (below(m, 10)) {
    case 8:
    case 9: pair(m); break;
    case 0: operation(m, vector_ops[below(m, ARRAY_SIZE(vector_ops))], true); break;
    case 1:
    case 2:
    case 3: operation(m, flag_ops[below(m, ARRAY_SIZE(flag_ops))], false); break;
    default: operation(m, int_ops[below(m, ARRAY_SIZE(int_ops))], false);
    }
}

/* --- memory ----------------------------------------------------------------------------------- */

/* A small number that is not known when the function is made: 0 to 255. */
static ir_ref small_index(struct maker *m)
{
    return make(m, IR_ZEXT, IR_I64, 0, 0, 0, pick(m, int_type(m)), IR_NONE, IR_NONE);
}

static ir_ref two(struct maker *m, unsigned op, ir_ref a, ir_ref b)
{
    return ir_op2(m->f, op, IR_I64, a, b);
}

static ir_ref small_constant(struct maker *m, u64 limit)
{
    return ir_const(m->f, IR_I64, (s64)below(m, limit));
}

/* x28 and up to 300 bytes around it, in several ways. */
static ir_ref address_value(struct maker *m)
{
    ir_ref base = ir_get(m->f, IR_I64, SLOT_X0 + 28);
    if (one_in(m, 40)) return ir_const(m->f, IR_I64, RANDOM_IR_BAD);
    switch (below(m, 6)) {
    case 0: return two(m, IR_ADD, base, small_constant(m, 64));
    case 1: return two(m, IR_ADD, small_constant(m, 64), base);
    case 2: return two(m, IR_SUB, base, small_constant(m, 64));
    case 3: return two(m, IR_ADD, base, small_index(m));
    case 4: {
        ir_ref index = small_index(m);
        ir_ref by = ir_const(m->f, IR_I64, (s64)below(m, 4));
        ir_ref shifted = two(m, IR_SHL, index, by);
        return below(m, 2) ? two(m, IR_ADD, base, shifted) : two(m, IR_ADD, shifted, base);
    }
    default: return base;
    }
}

static ir_ref index_value(struct maker *m)
{
    switch (below(m, 6)) {
    case 0: return small_constant(m, 64);
    case 1: return small_index(m);
    case 2: {
        ir_ref index = small_index(m);
        return two(m, IR_SHL, index, ir_const(m->f, IR_I64, (s64)below(m, 3)));
    }
    case 3: {
        ir_ref index = small_index(m);
        return two(m, IR_ADD, index, small_constant(m, 64));
    }
    default: return IR_NONE;
    }
}

static unsigned memory_type(struct maker *m)
{
    static const u8 types[] = {IR_I32, IR_I32, IR_I64, IR_I64, IR_F32, IR_F64, IR_V128};
    return types[below(m, ARRAY_SIZE(types))];
}

static unsigned access_size(struct maker *m, unsigned type)
{
    switch (type) {
    case IR_I32: return (unsigned)below(m, 3);
    case IR_I64: return (unsigned)below(m, 4);
    case IR_F32: return 2;
    case IR_F64: return 3;
    default: return (unsigned)below(m, 5);
    }
}

static void plain_access(struct maker *m)
{
    unsigned type = memory_type(m), esz = access_size(m, type);
    ir_ref a = address_value(m), b = index_value(m);
    unsigned shift = b ? (unsigned)below(m, 4) : 0;
    s64 imm = below(m, 2) ? (s64)below(m, 128) - 64 : 0;
    if (below(m, 2))
        ir_opx(m->f, IR_STORE, type, esz, shift, imm, a, b, pick(m, type));
    else if ((type == IR_I32 || type == IR_I64) && one_in(m, 3))
        make(m, IR_LOADS, type, esz, shift, imm, a, b, IR_NONE);
    else
        make(m, IR_LOAD, type, esz, shift, imm, a, b, IR_NONE);
}

static void ordered_access(struct maker *m)
{
    unsigned type = int_type(m), esz = access_size(m, type);
    ir_ref a = ir_get(m->f, IR_I64, SLOT_X0 + 28);
    switch (below(m, 6)) {
    case 0: make(m, IR_LOADACQ, type, esz, 0, 0, a, IR_NONE, IR_NONE); break;
    case 1: ir_opx(m->f, IR_STOREREL, type, esz, 0, 0, a, pick(m, type), IR_NONE); break;
    case 2: make(m, IR_LOADX, type, esz, 0, 0, a, IR_NONE, IR_NONE); break;
    case 3: make(m, IR_STOREX, type, esz, 0, 0, a, pick(m, type), IR_NONE); break;
    case 4: make(m, IR_CAS, type, esz, 0, 0, a, pick(m, type), pick(m, type)); break;
    default: make(m, IR_RMW, type, esz, (unsigned)below(m, 9), 0, a, pick(m, type), IR_NONE);
    }
}

/* --- guest instructions ----------------------------------------------------------------------- */

static void guard(struct maker *m)
{
    ir_ref small = small_index(m), limit = ir_const(m->f, IR_I64, 256);
    ir_ref fails = ir_opx(m->f, IR_ICMP, IR_I64, 0, IR_UGE, 0, small, limit, IR_NONE);
    if (one_in(m, 8)) fails = pick(m, IR_BOOL);
    ir_ref arg = below(m, 2) ? pick(m, IR_I64) : IR_NONE;
    ir_opx(m->f, IR_GUARD, IR_VOID, 0, TRAP_ALIGN, 0, fails, arg, IR_NONE);
}

static void set_something(struct maker *m)
{
    static const u8 types[] = {IR_I32, IR_I64, IR_I64, IR_FLAGS, IR_FLAGS, IR_F32, IR_F64, IR_V128};
    unsigned type = types[below(m, ARRAY_SIZE(types))];
    ir_ref v = pick(m, type);
    ir_set(m->f, type, slot_for(m, type), v);
}

static u64 exit_address(struct maker *m, unsigned *mod)
{
    bool dead = below(m, 2);
    *mod = IR_EXIT_JUMP | (dead ? IR_EXIT_NZCV_DEAD : 0);
    return OUT + 4 * below(m, 256) + (dead ? RANDOM_IR_NZCV_DEAD : 0);
}

static void exit_if(struct maker *m)
{
    unsigned mod;
    ir_ref when = pick(m, IR_BOOL);
    if (below(m, 2)) when = make(m, IR_BAND, IR_BOOL, 0, 0, 0, when, pick(m, IR_BOOL), IR_NONE);
    u64 to = exit_address(m, &mod);
    ir_opx(m->f, IR_EXITIF, IR_VOID, 0, mod, (s64)to, when, IR_NONE, IR_NONE);
}

static void start_instruction(struct maker *m)
{
    ir_opx(m->f, IR_INSN, IR_VOID, 0, 0, (s64)m->pc, IR_NONE, IR_NONE, IR_NONE);
    m->pc += 4;
}

static void instruction(struct maker *m)
{
    start_instruction(m);
    for (u64 n = below(m, 6); n; n--) any_operation(m);
    if (one_in(m, 3)) plain_access(m);
    if (one_in(m, 12)) ordered_access(m);
    if (one_in(m, 12)) guard(m);
    if (one_in(m, 20))
        make(m, IR_HELPER, IR_I64, 0, 0, HELPER_READ_FPSR, IR_NONE, IR_NONE, IR_NONE);
    if (one_in(m, 20))
        ir_opx(m->f, IR_HELPER, IR_VOID, 0, 0, HELPER_WRITE_FPSR, pick(m, IR_I64), IR_NONE,
               IR_NONE);
    if (one_in(m, 20)) ir_opx(m->f, IR_FENCE, IR_VOID, 0, 0, 0, IR_NONE, IR_NONE, IR_NONE);
    if (one_in(m, 30)) ir_opx(m->f, IR_CLREX, IR_VOID, 0, 0, 0, IR_NONE, IR_NONE, IR_NONE);
    for (u64 n = below(m, 4); n; n--) set_something(m);
    if (one_in(m, 5)) exit_if(m);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Back to an earlier block while x27 lasts. */
static void loop_back(struct maker *m, u32 block)
{
    start_instruction(m);
    ir_ref n = ir_get(m->f, IR_I64, SLOT_X0 + 27);
    ir_ref left = two(m, IR_SUB, n, ir_const(m->f, IR_I64, 1));
    ir_set(m->f, IR_I64, SLOT_X0 + 27, left);
    ir_ref more =
        ir_opx(m->f, IR_ICMP, IR_I64, 0, IR_SGT, 0, left, ir_const(m->f, IR_I64, 0), IR_NONE);
    ir_opx(m->f, IR_BR, IR_VOID, 0, 0, (s64)below(m, block + 1), more, block + 1, IR_NONE);
}

static void leave(struct maker *m)
{
    unsigned mod;
    u64 to = exit_address(m, &mod);
    switch (below(m, 3)) {
    case 0: ir_opx(m->f, IR_EXIT, IR_VOID, 0, mod, (s64)to, IR_NONE, IR_NONE, IR_NONE); break;
    case 1: {
        ir_ref target = ir_const(m->f, IR_I64, (s64)to);
        ir_opx(m->f, IR_EXITIND, IR_VOID, 0, mod, 0, target, IR_NONE, IR_NONE);
        break;
    }
    default: ir_opx(m->f, IR_TRAP, IR_VOID, 0, TRAP_BRK, (s64)m->pc, pick(m, IR_I64), 77, IR_NONE);
    }
}

static void end_block(struct maker *m, u32 block)
{
    if (block + 1 == m->blocks) {
        leave(m);
        return;
    }
    u32 ahead = block + 1 + (u32)below(m, m->blocks - block - 1);
    switch (below(m, 4)) {
    case 0: loop_back(m, block); break;
    case 1: ir_opx(m->f, IR_JUMP, IR_VOID, 0, 0, ahead, IR_NONE, IR_NONE, IR_NONE); break;
    default: ir_opx(m->f, IR_BR, IR_VOID, 0, 0, ahead, pick(m, IR_BOOL), block + 1, IR_NONE);
    }
}

struct ir_func *random_ir(struct arena *a, u64 seed)
{
    struct maker m = {.f = ir_new(a, 256), .seed = seed, .pc = PC};
    m.f->pc = PC;
    m.blocks = 1 + (u32)below(&m, 4);
    for (u32 b = 0; b < m.blocks; b++) {
        ir_begin_block(m.f, m.pc);
        m.f->block[b].entry = b == 0;
        for (unsigned t = 0; t < IR_TYPE_COUNT; t++) m.pool[t].count = 0;
        for (u64 n = 1 + below(&m, 6); n; n--) instruction(&m);
        end_block(&m, b);
        ir_end_block(m.f);
    }
    ir_link_blocks(m.f);
    return m.f;
}
