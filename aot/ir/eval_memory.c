/*
 * The evaluator: memory. Each access is one host access of its size; a fault leaves nothing done.
 */
#include "aot/ir/eval_run.h"

#include <emmintrin.h>

static u64 address_of(const struct eval_run *e, const struct ir_inst *i)
{
    u64 index = i->arg[1] ? eval_arg(e, i, 1) << i->mod : 0;
    return eval_arg(e, i, 0) + index + (u64)i->imm;
}

/* Guest addresses may be anything, null included: a fault there is the guest's, not a defect. */
#define GUEST_ACCESS __attribute__((no_sanitize("null", "alignment")))

/* Unaligned as they may be, the accesses are single instructions on the host. */
typedef u16 u16_any __attribute__((aligned(1), may_alias));
typedef u32 u32_any __attribute__((aligned(1), may_alias));
typedef u64 u64_any __attribute__((aligned(1), may_alias));

GUEST_ACCESS static ir_value read_memory(u64 address, unsigned esz)
{
    ir_value v = {.d = {0, 0}};
    switch (esz) {
    case 0: v.d[0] = *(volatile u8 *)address; break;
    case 1: v.d[0] = *(volatile u16_any *)address; break;
    case 2: v.d[0] = *(volatile u32_any *)address; break;
    case 3: v.d[0] = *(volatile u64_any *)address; break;
    default: {
        __m128i wide = _mm_loadu_si128((const __m128i *)address);
        _mm_store_si128((__m128i *)(void *)&v, wide);
    }
    }
    return v;
}

GUEST_ACCESS static void write_memory(u64 address, unsigned esz, const ir_value *v)
{
    switch (esz) {
    case 0: *(volatile u8 *)address = (u8)v->d[0]; break;
    case 1: *(volatile u16_any *)address = (u16)v->d[0]; break;
    case 2: *(volatile u32_any *)address = (u32)v->d[0]; break;
    case 3: *(volatile u64_any *)address = v->d[0]; break;
    default: _mm_storeu_si128((__m128i *)address, _mm_load_si128((const __m128i *)(const void *)v));
    }
}

EVAL_INST(LOAD)
{
    *out = read_memory(address_of(e, i), i->esz);
}

EVAL_INST(LOADS)
{
    s64 v = sign_extend(read_memory(address_of(e, i), i->esz).d[0], 8u << i->esz);
    out->d[0] = i->type == IR_I64 ? (u64)v : (u32)v;
}

EVAL_INST(STORE)
{
    (void)out;
    write_memory(address_of(e, i), i->esz, &e->v[i->arg[2]]);
}

EVAL_INST(LOADACQ)
{
    *out = read_memory(eval_arg(e, i, 0), i->esz);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

EVAL_INST(STOREREL)
{
    (void)out;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    write_memory(eval_arg(e, i, 0), i->esz, &e->v[i->arg[1]]);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Compare and exchange at an aligned address; *old becomes what was there. */
GUEST_ACCESS static bool exchange(u64 address, unsigned esz, ir_value *old,
                                  const ir_value *new_value)
{
    switch (esz) {
#define CASE(n, type)                                                                              \
    case n: {                                                                                      \
        type expected = (type)old->d[0];                                                           \
        bool done = __atomic_compare_exchange_n((type *)address, &expected, (type)new_value->d[0], \
                                                false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
        *old = (ir_value){.d = {expected, 0}};                                                     \
        return done;                                                                               \
    }
        CASE(0, u8)
        CASE(1, u16)
        CASE(2, u32)
        CASE(3, u64)
#undef CASE
    default: {
        bool done;
        __asm__ volatile("lock cmpxchg16b %1"
                         : "=@ccz"(done), "+m"(*(u128 *)address), "+a"(old->d[0]), "+d"(old->d[1])
                         : "b"(new_value->d[0]), "c"(new_value->d[1])
                         : "memory");
        return done;
    }
    }
}

EVAL_INST(LOADX)
{
    u64 address = eval_arg(e, i, 0);
    *out = read_memory(address, i->esz);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    e->state->excl_addr = address;
    e->state->excl_val[0] = out->d[0];
    e->state->excl_val[1] = out->d[1];
    e->state->excl_size = 1u << i->esz;
}

EVAL_INST(STOREX)
{
    struct guest_state *s = e->state;
    ir_value old = {.d = {s->excl_val[0], s->excl_val[1]}};
    u64 address = eval_arg(e, i, 0);
    bool done = s->excl_size == 1u << i->esz && s->excl_addr == address &&
                exchange(address, i->esz, &old, &e->v[i->arg[1]]);
    s->excl_size = 0;
    out->d[0] = !done;
}

EVAL_INST(CLREX)
{
    (void)i;
    (void)out;
    e->state->excl_size = 0;
}

EVAL_INST(CAS)
{
    *out = e->v[i->arg[1]];
    exchange(eval_arg(e, i, 0), i->esz, out, &e->v[i->arg[2]]);
}

static u64 combine(const struct ir_inst *i, u64 old, u64 v)
{
    unsigned width = 8u << i->esz;
    s64 so = sign_extend(old, width), sv = sign_extend(v, width);
    if (width < 64) v = bits(v, 0, width);
    switch (i->mod) {
    case IR_RMW_ADD: return old + v;
    case IR_RMW_CLR: return old & ~v;
    case IR_RMW_EOR: return old ^ v;
    case IR_RMW_SET: return old | v;
    case IR_RMW_SMAX: return so >= sv ? old : v;
    case IR_RMW_SMIN: return so <= sv ? old : v;
    case IR_RMW_UMAX: return old >= v ? old : v;
    case IR_RMW_UMIN: return old <= v ? old : v;
    default: return v;
    }
}

EVAL_INST(RMW)
{
    u64 address = eval_arg(e, i, 0);
    ir_value wanted = {.d = {0, 0}};
    *out = read_memory(address, i->esz);
    do {
        wanted.d[0] = combine(i, out->d[0], eval_arg(e, i, 1));
    } while (!exchange(address, i->esz, out, &wanted));
}

EVAL_INST(FENCE)
{
    (void)e;
    (void)out;
    if (i->mod == IR_FENCE_FULL) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
