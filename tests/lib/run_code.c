/*
 * The harness of run_code.h.
 */
#include "tests/lib/run_code.h"

#include "aot/abi/fp_state.h"
#include "aot/abi/sidetable.h"
#include "aot/xlat.h"
#include "rt/jit/frame.h"
#include "rt/jit/jit.h"
#include "rt/jit/lookup.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CODE_ROOM (4u << 20)
/* For code that has guest addresses as distances: within 2 GiB of the tests' guests, small and
 * at no round address, for random guest addresses should not come upon it. */
#define NEAR_AT    ((void *)0x6a5b9000)
#define NEAR_ROOM  (64u << 10)
#define STACK_ROOM (64u << 10)

static u8 *far_at, *near_at, *stack_at;
static u8 *code_at; /* of these the one with the code */
static u8 *lookup; /* empty: every indirect branch leaves */
static const struct translation *running;
/* The state of what runs, behind a jump cache. */
static struct {
    struct jump_cache_entry cache[1u << JUMP_CACHE_BITS];
    struct guest_state state;
} room __attribute__((aligned(64)));
_Static_assert(offsetof(__typeof__(room), state) == JUMP_CACHE_BYTES, "state.h says where it is");
static struct run_result result;
static struct sigaction others[65]; /* handlers of the program's own, for when nothing runs here */

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct frame_state fs;
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    if (!running) {
        if (others[sig].sa_flags & SA_SIGINFO)
            others[sig].sa_sigaction(sig, info, context);
        else
            signal(sig, SIG_DFL);
        return;
    }
    result.signo = sig;
    result.code = info->si_code;
    result.address = (u64)info->si_addr;
    result.offset = (u32)(ip - (u64)code_at);
    result.kind = RUN_LOST;
    if (side_find(running->side, running->side_size, running->entries[0].pc, POINT_FAULT,
                  result.offset, &fs)) {
        frame_recover(&room.state, &fs, uc);
        result.kind = RUN_FAULT;
    }
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)engine_leave_recovered;
    uc->uc_mcontext.gregs[REG_RBP] = (greg_t)((u64)&room.state + STATE_BIAS);
}

void run_code_init(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    far_at = mmap(NULL, CODE_ROOM, prot | PROT_EXEC, flags, -1, 0);
    near_at = mmap(NEAR_AT, NEAR_ROOM, prot | PROT_EXEC, flags, -1, 0);
    stack_at = mmap(NULL, STACK_ROOM, prot, flags, -1, 0);
    lookup = calloc(2, sizeof(void *));
    if (far_at == MAP_FAILED || near_at == MAP_FAILED || stack_at == MAP_FAILED) abort();
    lookup -= LOOKUP_MASK_AT;
    room.cache[0].pc = JUMP_CACHE_EMPTY_FIRST;
    for (size_t n = 0; n < ARRAY_SIZE(signals); n++)
        sigaction(signals[n], &sa, &others[signals[n]]);
}

/* A 32-bit field that says how far `to` is from behind itself and a tail. */
static void put_distance(u8 *field, u32 tail, u64 to)
{
    s64 distance = (s64)(to - (u64)(field + 4 + tail));
    if (distance != (s32)distance) abort();
    memcpy(field, &(s32){(s32)distance}, 4);
}

/* What an image has for a link that isn't bound yet. */
static void put_link_stub(u8 *stub, void **cell, u64 target)
{
    u32 cell_at[2], guest_at;
    if (!xlat_link_stub(stub, XLAT_STUB_SIZE, cell_at, &guest_at)) abort();
    for (unsigned k = 0; k < 2; k++) put_distance(stub + cell_at[k], 0, (u64)cell);
    put_distance(stub + guest_at, 0, target);
}

/* What inline caches hold at first. */
static struct jump_cache_entry no_record = {1, (void *)(uintptr_t)engine_leave_indirect};

static bool is_for_image(const struct translation *tr)
{
    for (u32 n = 0; n < tr->reloc_count; n++)
        if (tr->relocs[n].kind != RELOC_CELL) return true;
    return false;
}

/* Copies the code; cells lie behind it, and in code for images their stubs behind them. */
static void install(const struct translation *tr)
{
    bool near = is_for_image(tr);
    code_at = near ? near_at : far_at;
    void **cells = (void **)(void *)(code_at + ALIGN_UP(tr->code_size, 64u) + 64);
    u8 *stubs = (u8 *)(cells + tr->cell_count);
    if (tr->code_size + tr->cell_count * (8 + XLAT_STUB_SIZE) + 256 >
        (near ? NEAR_ROOM : CODE_ROOM))
        abort();
    memcpy(code_at, tr->code, tr->code_size);
    for (u32 n = 0; n < tr->cell_count; n++)
        cells[n] = near || tr->cells[n].target == CELL_RECORD ? (void *)&no_record
                                                              : code_at + tr->cells[n].stub;
    for (u32 n = 0; n < tr->reloc_count; n++) {
        const struct reloc *r = &tr->relocs[n];
        u64 to = r->value;
        if (r->kind == RELOC_CELL) to = (u64)&cells[r->value];
        if (r->kind == RELOC_LINK) {
            u8 *stub = stubs + r->value * XLAT_STUB_SIZE;
            put_link_stub(stub, &cells[r->value], tr->cells[r->value].target);
            to = (u64)stub;
        }
        put_distance(code_at + r->offset, r->tail, to);
    }
}

static void prepare(struct guest_state *s)
{
    s->lookup = lookup;
    s->translated_sp = stack_at + STACK_ROOM - 4096;
    *(const void **)s->translated_sp = engine_return_last;
    s->host_mxcsr = 0x1f80;
    s->mxcsr = fp_mxcsr_with(s->fpcr, s->fpsr);
    *(const void **)&s->leave[LEAVE_LINK] = engine_leave_link;
    *(const void **)&s->leave[LEAVE_INDIRECT] = engine_leave_indirect;
    *(const void **)&s->leave[LEAVE_TRAP] = engine_leave_trap;
}

/* For enter.S: there are no native libraries here, and the trap leaves as others do. */
const u32 *engine_native(struct guest_state *s)
{
    (void)s;
    return NULL;
}

struct run_result run_code(const struct translation *tr, struct guest_state *given)
{
    static const u32 no_attention;
    struct guest_state *state = &room.state;
    install(tr);
    *state = *given;
    prepare(state);
    result = (struct run_result){.kind = RUN_EXIT};
    running = tr;
    struct left left = engine_enter(state, code_at + tr->entries[0].offset, &no_attention);
    running = NULL;
    /* What trapped isn't done yet. */
    if (result.signo == SIGFPE) state->mxcsr = fp_drop_trapped(state->mxcsr);
    state->fpsr = fp_read_fpsr(state->fpsr, state->mxcsr, state->qc) & ~FPSR_QC;
    if (state->door != DOOR_RECOVERED) state->pc = left.rcx;
    *given = *state;
    if (state->door == DOOR_RECOVERED) return result;
    result.door = state->door;
    if (result.door == LEAVE_TRAP) {
        result.reason = (u8)left.rax;
        result.imm = (u16)(left.rax >> 8);
    }
    return result;
}
