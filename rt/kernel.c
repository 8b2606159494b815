/*
 * The loop of a guest thread: run guest code, do what it left for, deliver signals.
 */
#include "rt/kernel.h"

#include "rt/log.h"
#include "rt/mm.h"
#include "rt/native_run.h"
#include "rt/translate.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64u /* CTR_EL0 as the lifter shows it */

const struct engine *engine;

static void undefined(struct thread *t)
{
    u64 pc = t->state.pc;
    char text[128];
    u32 word;

    if (guest_read(&word, pc, sizeof(word))) {
        translate_disassemble(word, pc, text, sizeof(text));
        text[strcspn(text, "\t")] = ' ';
        log_line(signal_is_handled(t, SIGILL) ? LOG_SIGNAL : LOG_ERROR,
                 "0x%llx: %08x is not supported or not an instruction: %s (SIGILL)",
                 (unsigned long long)pc, word, text);
    }
    signal_force(t, SIGILL, ILL_ILLOPC, pc);
}

/* Where the map has no executable page, or the host couldn't read it. */
static void fetch_fault(struct thread *t)
{
    struct mm_area area;
    u64 pc = t->state.pc;

    if (native_branch(t)) return;
    if (mm_find(pc, &area)) {
        if ((area.prot & PROT_EXEC) != 0)
            signal_force(t, SIGBUS, BUS_ADRERR, pc); /* a file mapping behind its file's end */
        else
            signal_force(t, SIGSEGV, SEGV_ACCERR, pc);
    } else {
        signal_force(t, SIGSEGV, SEGV_MAPERR, pc);
    }
}

static void flush_line(u64 address)
{
    u64 line = ALIGN_DOWN(address, (u64)CACHE_LINE);

    engine->invalidate(line, line + CACHE_LINE);
    mm_flush_aliases(line, line + CACHE_LINE);
}

static void check_readable(struct thread *t)
{
    u8 byte;

    if (!guest_read(&byte, t->state.trap_arg, 1))
        signal_force(t, SIGSEGV, SEGV_MAPERR, t->state.trap_arg);
}

static bool native_hypercall(struct thread *t, u16 imm)
{
    return (imm == NATIVE_HLT_CALL && native_call(t)) ||
           (imm == NATIVE_HLT_RETURN && native_returned(t));
}

static void trap(struct thread *t, const struct engine_exit *e)
{
    t->syndrome = 0;
    switch ((enum trap_reason)e->reason) {
    case TRAP_SVC: syscall_do(t); break;
    case TRAP_BRK: signal_force(t, SIGTRAP, TRAP_BRKPT, t->state.pc); break;
    case TRAP_HLT:
        if (!vdso_hypercall(t) && !native_hypercall(t, e->imm)) undefined(t);
        break;
    case TRAP_UNDEFINED: undefined(t); break;
    case TRAP_ALIGN:
    case TRAP_SP_ALIGN: signal_force(t, SIGBUS, BUS_ADRALN, t->state.trap_arg); break;
    case TRAP_PC_ALIGN:
        if (!native_branch(t)) signal_force(t, SIGBUS, BUS_ADRALN, t->state.pc);
        break;
    case TRAP_FETCH: fetch_fault(t); break;
    case TRAP_CACHE_FLUSH: flush_line(t->state.trap_arg); break;
    case TRAP_YIELD: sched_yield(); break;
    case TRAP_DC_CVA: check_readable(t); break;
    case TRAP_FPCR:
    case TRAP_SP_ODD:
    case TRAP_STALE:
    case TRAP_LIMIT:
    case TRAP_NONE:
    case TRAP_COUNT: break;
    }
}

void thread_serve(struct thread *t, const struct engine_exit *e)
{
    switch ((enum engine_exit_kind)e->kind) {
    case ENGINE_TRAP: trap(t, e); break;
    case ENGINE_FAULT: signal_force(t, e->signo, e->code, e->address); break;
    case ENGINE_ATTENTION: break;
    }
}

void thread_turn(struct thread *t)
{
    struct engine_exit e;

    if ((__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) != 0)
        signal_deliver(t);
    e = engine->run(t);
    thread_serve(t, &e);
}

void thread_loop(struct thread *t)
{
    t->loop_frame = __builtin_frame_address(0);
    (void)sigsetjmp(t->loop, 0);
    for (;;) thread_turn(t);
}
