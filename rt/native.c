/*
 * Native libraries, the runtime's side: calls out of the guest, and nested runs of the guest on top
 * of native code, for callbacks and for signals that come while native code runs (see native.h).
 *
 * A signal that interrupts native code: the host's handler copies what the kernel saved to the
 * interrupted stack, below its red zone, and returns to native_continue there, which runs the
 * guest's handler and then gives the copy to rt_sigreturn. So the handlers' stack is free for the
 * next one.
 *
 * Floating point: native code runs with the guest's MXCSR, so that a call loads none: its rounding
 * and its sticky flags are the guest's, as those of the guest's own library would be. What is
 * unmasked for translated code's sake (aot/abi/fp_state.h) is masked when native code trips over
 * it, until the call ends; a function that does so again and again is called with all masked.
 * Control bits that native code leaves changed are put back behind the call.
 */
#include "rt/native.h"

#include "rt/kernel.h"
#include "rt/loader.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/native_run.h"
#include "rt/options.h"
#include "rt/path.h"
#include "rt/process.h"

#include "aot/abi/fp_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <unwind.h>
#include <xmmintrin.h>

#define RED_ZONE 128u

/* A run of the guest on top of native code. What changes lies here, since siglongjmp comes back. */
struct native_run {
    struct native_run *outer;
    bool by_signal;
    bool done;
    u64 end_pc, end_sp; /* where it ends: the callback's return, what the signal interrupted */

    /* To be put back. */
    struct native_name *calling;
    u64 pc, sp, frame, link;
    void *host_sp, *translated_sp;
    u32 mxcsr;
    bool own_float; /* that has other control bits than the guest's: native code has set them */
    sigjmp_buf back;
};

#define TRAPS_UNTIL_MASKED 2 /* of a native function */

struct guest_state *native_self(void)
{
    return thread_self != NULL ? &thread_self->state : NULL;
}

bool native_is_called(void)
{
    return thread_self != NULL && thread_self->calling != NULL;
}

bool native_makes_thread(void)
{
    return thread_self != NULL && thread_self->makes_thread;
}

void native_enter(struct guest_state *s, struct native_name *name)
{
    __atomic_store_n(&THREAD_OF(s)->calling, name, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (name != NULL && name->traps >= TRAPS_UNTIL_MASKED)
        _mm_setcsr(_mm_getcsr() | MXCSR_ALL_MASKED);
    native_settle(THREAD_OF(s)); /* what has come since the guest's last safepoint */
}

void native_leave(struct guest_state *s)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&THREAD_OF(s)->calling, NULL, __ATOMIC_RELAXED);
}

/* --- floating point
 * ------------------------------------------------------------------------------- */

static bool same_control(u32 mxcsr, u32 other)
{
    return ((mxcsr ^ other) & ~MXCSR_STICKY) == 0;
}

/* Behind native code. What is sticky is collected before its exception traps again. */
static void take_float_back(struct guest_state *s)
{
    u32 now = _mm_getcsr();

    if (same_control(now, s->mxcsr)) return;
    s->fpsr |= fp_fpsr_of_mxcsr(now);
    s->mxcsr = fp_mxcsr_with(s->fpcr, s->fpsr);
    _mm_setcsr(s->mxcsr);
}

bool native_float_trap(struct thread *t, const siginfo_t *info, ucontext_t *uc)
{
    u32 *mxcsr = &uc->uc_mcontext.fpregs->mxcsr;
    u32 guest = t != NULL ? t->state.mxcsr : 0;

    if (info->si_code < FPE_FLTDIV || info->si_code > FPE_FLTINV) return false;
    if (t != NULL && t->state.in_translated) return false;
    if ((*mxcsr & ~(*mxcsr >> MXCSR_MASK_SHIFT) & ~(guest >> MXCSR_MASK_SHIFT) & MXCSR_STICKY) == 0)
        return false;
    *mxcsr |= MXCSR_ALL_MASKED;
    if (t != NULL && t->calling != NULL && t->calling->traps < TRAPS_UNTIL_MASKED)
        t->calling->traps++;
    return true;
}

/* --- nested runs
 * ---------------------------------------------------------------------------------- */

static void begin_run(struct thread *t, struct native_run *run, bool by_signal)
{
    run->outer = t->run;
    run->by_signal = by_signal;
    run->done = false;
    run->calling = t->calling;
    run->pc = t->state.pc;
    run->sp = t->state.sp;
    run->frame = t->state.x[29];
    run->link = t->state.x[30];
    run->host_sp = t->state.host_sp;
    run->translated_sp = t->state.translated_sp;
    run->mxcsr = _mm_getcsr();
    run->own_float = !same_control(run->mxcsr, t->state.mxcsr);
    if (run->own_float)
        t->state.fpsr |= fp_fpsr_of_mxcsr(run->mxcsr);
    else
        t->state.mxcsr = run->mxcsr;
    t->calling = NULL;
}

/* The stack of translated code is at most as deep as before: what a run has left there is dropped,
 * and if it has dropped all, that stays so. */
static void end_run(struct thread *t, const struct native_run *run)
{
    u32 mxcsr = run->own_float ? run->mxcsr : t->state.mxcsr;

    t->run = run->outer;
    t->state.host_sp = run->host_sp;
    if (t->state.translated_sp < run->translated_sp) t->state.translated_sp = run->translated_sp;
    if (run->own_float) t->state.fpsr |= fp_fpsr_of_mxcsr(t->state.mxcsr);
    if (_mm_getcsr() != mxcsr) _mm_setcsr(mxcsr);
    t->calling = run->calling;
}

/* A callback that goes into the guest's function and comes back from it, and nothing else. False:
 * there is more to do, with the runtime's own MXCSR. */
static bool called_at_once(struct thread *t, const struct native_run *run)
{
    struct engine_exit e;

    if (engine->call == NULL) {
        _mm_setcsr(MXCSR_ALL_MASKED);
        return false;
    }
    if (run->own_float) _mm_setcsr(t->state.mxcsr);
    if (!engine->call(t, &e)) {
        thread_serve(t, &e);
        return false;
    }
    if (t->state.sp == run->end_sp) return true;
    _mm_setcsr(MXCSR_ALL_MASKED);
    return native_returned(t) && run->done;
}

static void run_until_done(struct thread *t, struct native_run *run)
{
    t->run = run;
    if (sigsetjmp(run->back, 0) == 0) {
        if (!run->by_signal && called_at_once(t, run)) return;
    }
    while (!run->done) thread_turn(t);
}

/* The run ends, and those within it. */
static void finish(struct thread *t, struct native_run *run)
{
    run->done = true;
    if (run != t->run) siglongjmp(run->back, 1);
}

/* The arguments, below a frame record that leads unwinders to the native function's caller. */
static void push_frame(struct guest_state *s, const void *stack, size_t bytes)
{
    const u64 record[2] = {s->x[29], s->x[30]};

    s->sp -= sizeof(record);
    s->x[29] = s->sp;
    s->sp -= bytes;
    if (!guest_write(s->x[29], record, sizeof(record)) ||
        (bytes != 0 && !guest_write(s->sp, stack, bytes)))
        native_fatal("a callback's arguments don't fit on the guest's stack");
}

void native_run(struct guest_state *s, u64 pc, const void *stack, size_t bytes)
{
    struct thread *t = THREAD_OF(s);
    struct native_run run;

    begin_run(t, &run, false);
    run.end_pc = vdso_return_place();
    if (run.end_pc == 0) native_fatal("no memory for callbacks");
    push_frame(s, stack, bytes);
    run.end_sp = s->sp;
    s->x[30] = run.end_pc;
    s->pc = pc;
    run_until_done(t, &run);
    s->sp = run.sp;
    s->x[29] = run.frame;
    s->x[30] = run.link;
    s->pc = run.pc;
    end_run(t, &run);
    native_settle(t);
}

bool native_returned(struct thread *t)
{
    struct native_run *run = t->run;

    if (t->state.pc != vdso_return_place()) return false;
    while (run != NULL && (run->by_signal || run->end_sp != t->state.sp)) run = run->outer;
    if (run == NULL) native_fatal("a callback returns to native code that is no longer there");
    finish(t, run);
    return true;
}

void native_resumed(struct thread *t)
{
    struct native_run *run = t->run;

    while (run != NULL &&
           !(run->by_signal && run->end_pc == t->state.pc && run->end_sp == t->state.sp))
        run = run->outer;
    if (run != NULL) finish(t, run);
}

/* --- runs that the guest has left
 * ------------------------------------------------------------------------- */

#define DEEP     (128 << 10) /* bytes of the C stack from which on it is worth looking */
#define HEADROOM (512 << 10) /* to be left of it */

static bool same_area(u64 a, u64 b)
{
    struct mm_area area;

    return mm_find(a, &area) && b - area.start < area.end - area.start;
}

/* The guest, about to call, has left the run by longjmp: what was within it lies below its stack
 * pointer now. With the same stack pointer only a callback's last call is within. Whether a
 * coroutine has merely left its stack for another can't be told if both are in one mapping. */
static bool is_left(const struct thread *t, const struct native_run *run)
{
    u64 sp = t->state.sp;

    if (sp < run->end_sp || (sp == run->end_sp && t->state.x[30] == run->end_pc)) return false;
    return same_area(sp, run->end_sp);
}

/* Frees the C stack of such runs and goes on with the guest's call further out; returns if there
 * are none. */
static void drop_left(struct thread *t)
{
    const struct native_run *left = NULL;

    t->state.mxcsr = _mm_getcsr();
    for (const struct native_run *r = t->run; r != NULL && is_left(t, r); r = r->outer) left = r;
    if (left == NULL) return;
    end_run(t, left);
    t->calling = NULL;
    _mm_setcsr(MXCSR_ALL_MASKED);
    siglongjmp(t->run != NULL ? t->run->back : t->loop, 1);
}

/* --- signals
 * -------------------------------------------------------------------------------------- */

/* Runs handlers for what waits, or for a fault of native code, which finds its errno as it was. */
static void deliver(struct thread *t, bool fault)
{
    struct native_run run;
    int error = errno;

    begin_run(t, &run, true);
    run.end_pc = t->state.pc;
    run.end_sp = t->state.sp;
    t->run = &run;
    _mm_setcsr(MXCSR_ALL_MASKED);
    if (fault)
        signal_force(t, t->native_fault.signo, t->native_fault.code, t->native_fault.address);
    else
        signal_deliver(t);
    if (t->state.sp != run.end_sp || t->state.pc != run.end_pc) run_until_done(t, &run);
    end_run(t, &run);
    errno = error;
}

static bool has_signal(struct thread *t)
{
    return (__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) != 0;
}

void native_settle(struct thread *t)
{
    while (has_signal(t) && t->calling != NULL && t->native_hold == 0) deliver(t, false);
}

/* The kernel's part of ucontext_t. */
#define CONTEXT_BYTES (offsetof(ucontext_t, uc_sigmask) + sizeof(sigset64))

/* Bytes of the vector state that the kernel saved (asm/sigcontext.h: struct _fpx_sw_bytes). */
static size_t fp_bytes(const void *fp)
{
    u32 magic, size;

    memcpy(&magic, (const u8 *)fp + 464, sizeof(magic));
    memcpy(&size, (const u8 *)fp + 468, sizeof(size));
    return magic == 0x46505853 ? size : 512;
}

/* A call that the kernel is about to make again for a handler without SA_RESTART ends with EINTR.
 */
static void end_restarted_call(greg_t *reg)
{
    static const u8 syscall_insn[] = {0x0f, 0x05};

    if (memcmp((const void *)reg[REG_RIP], syscall_insn, sizeof(syscall_insn)) != 0) return;
    reg[REG_RAX] = -EINTR;
    reg[REG_RIP] += 2;
}

/* On the interrupted stack, host signals blocked. */
static void __attribute__((noreturn)) native_continue(ucontext_t *uc)
{
    struct thread *t = thread_self;
    bool fault = t->native_fault.signo != 0;
    sigset64 mask;

    t->without_restart = false;
    deliver(t, fault);
    if (!fault && t->without_restart) end_restarted_call(uc->uc_mcontext.gregs);
    native_settle(t);
    signal_block_host();
    mask = t->pending != 0 ? ~SIGS_SYNCHRONOUS : t->sigmask & ~SIGS_SYNCHRONOUS;
    memcpy(&uc->uc_sigmask, &mask, sizeof(mask));
    __asm__ volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall"
                     :
                     : "r"(uc), "i"(SYS_rt_sigreturn)
                     : "memory");
    __builtin_unreachable();
}

/* The handler's return leads to native_continue, with a copy of uc. */
static void push_context(ucontext_t *uc)
{
    greg_t *reg = uc->uc_mcontext.gregs;
    void *fp = uc->uc_mcontext.fpregs;
    size_t size = fp != NULL ? fp_bytes(fp) : 0;
    u8 *fp_copy = (u8 *)ALIGN_DOWN((u64)reg[REG_RSP] - RED_ZONE - size, UINT64_C(64));
    ucontext_t *copy = (void *)ALIGN_DOWN((u64)fp_copy - CONTEXT_BYTES, UINT64_C(16));
    u64 all = ~SIGS_SYNCHRONOUS;

    if (fp != NULL) memcpy(fp_copy, fp, size);
    memcpy(copy, uc, CONTEXT_BYTES);
    if (fp != NULL) copy->uc_mcontext.fpregs = (void *)fp_copy;
    reg[REG_RDI] = (greg_t)(u64)copy;
    reg[REG_RSP] = (greg_t)((u64)copy - 8); /* as behind a call */
    reg[REG_RIP] = (greg_t)(u64)native_continue;
    reg[REG_EFL] &= ~(greg_t)0x400; /* DF */
    memcpy(&uc->uc_sigmask, &all, sizeof(all));
}

void native_interrupt(struct thread *t, ucontext_t *uc)
{
    if (t->calling == NULL || t->native_hold != 0 || t->pending == 0) return;
    t->native_fault.signo = 0;
    push_context(uc);
}

/* The stack ends here: nothing can be run on it. */
static bool is_overflow(const siginfo_t *info, const ucontext_t *uc)
{
    u64 sp = (u64)uc->uc_mcontext.gregs[REG_RSP], at = (u64)info->si_addr;

    return info->si_signo == SIGSEGV && at + 65536 > sp && at < sp + GUEST_PAGE;
}

bool native_fault(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    u64 rip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    const struct native_name *name = t->calling;

    if (name == NULL) return false;
    if (sig == SIGSEGV && native_is_guest(rip)) {
        void *code = native_ops->code_for(rip);

        if (code != NULL) {
            uc->uc_mcontext.gregs[REG_R11] = (greg_t)rip;
            uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)code;
            return true;
        }
        log_line(LOG_ERROR,
                 "%s: %s calls guest code at 0x%llx, which it wasn't given as a function",
                 name->library, name->function, (unsigned long long)rip);
    } else {
        log_line(signal_is_handled(t, sig) ? LOG_NATIVE : LOG_ERROR,
                 "%s: signal %d in %s (native), address 0x%llx", name->library, sig, name->function,
                 (unsigned long long)info->si_addr);
    }
    if (is_overflow(info, uc)) {
        uc->uc_mcontext.gregs[REG_RSP] = (greg_t)((u64)t->signal_stack + (32u << 10));
        t->altstack = (struct alt_stack){0};
    }
    t->native_fault.signo = sig;
    t->native_fault.code = info->si_code;
    t->native_fault.address = (u64)info->si_addr;
    push_context(uc);
    return true;
}

/* --- the rest of the door
 * ------------------------------------------------------------------------- */

/* The host's unwinder asks, looking for who catches an exception of native code's, and would go on
 * through the runtime's frames and the guest's. */
static _Unwind_Reason_Code __attribute__((used))
native_barrier(int version, _Unwind_Action action, _Unwind_Exception_Class kind,
               struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
    const struct native_name *name = thread_self->calling;

    (void)version, (void)action, (void)kind, (void)exception, (void)context;
    if (name == NULL) return _URC_CONTINUE_UNWIND;
    native_fatal("%s: %s throws an exception that nobody in native code catches", name->library,
                 name->function);
}

/* The C stack has come close to its end, by callbacks within callbacks (there is a run): another
 * native function and the runtime below it might not find room. */
static bool is_full(struct thread *t)
{
    s64 used = t->loop_frame - (const u8 *)__builtin_frame_address(0);
    struct rlimit limit;

    if (used <= DEEP) return false;
    drop_left(t);
    if (used <= NATIVE_STACK / 16) return false;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur > NATIVE_STACK)
        limit.rlim_cur = NATIVE_STACK;
    return (u64)used + HEADROOM > limit.rlim_cur;
}

bool native_call_with_float(struct thread *t)
{
    bool called;

    if (!native_available() || (t->run != NULL && is_full(t))) return false;
    __asm__ volatile(".cfi_personality 0x1b, native_barrier"); /* pcrel | sdata4 */
    called = native_ops->call(&t->state);
    take_float_back(&t->state);
    return called;
}

bool native_call(struct thread *t)
{
    bool called;

    if (native_available() && t->run != NULL &&
        is_full(t)) { /* as the guest's own stack would end */
        log_line(signal_is_handled(t, SIGSEGV) ? LOG_NATIVE : LOG_ERROR,
                 "no stack left for another native function below callbacks");
        signal_force(t, SIGSEGV, SEGV_MAPERR, t->state.sp);
        return true;
    }
    _mm_setcsr(t->state.mxcsr);
    called = native_call_with_float(t);
    t->state.mxcsr = _mm_getcsr();
    _mm_setcsr(MXCSR_ALL_MASKED);
    return called;
}

static bool is_on(void)
{
    return native_available() && strcmp(options.native, "none") != 0;
}

bool native_branch(struct thread *t)
{
    return is_on() && native_ops->branch(&t->state);
}

void native_check(void)
{
    if (is_on()) native_ops->check();
}

void native_start(const char *program)
{
    if (!is_on()) return;
    native_ops->start(program);
    if (options.explain_native) {
        native_ops->explain();
        exit(0);
    }
}

/* The guest's loader is at work, and not somebody who wants to see what is in the file. */
static bool is_loader(struct thread *t)
{
    u64 dev, ino, offset, loader_dev, loader_ino;

    return image_info.loader != 0 && native_file_at(t->state.pc, &dev, &ino, &offset) &&
           native_file_at(image_info.loader, &loader_dev, &loader_ino, &offset) &&
           dev == loader_dev && ino == loader_ino;
}

/* Of one, or of many. */
static bool has_locales(const char *name)
{
    const char *base = strrchr(name, '/');

    return base != NULL && (strcmp(base, "/LC_CTYPE") == 0 || strcmp(base, "/locale-archive") == 0);
}

const char *native_open(struct thread *t, u64 guest, const char *host)
{
    char name[PATH_MAX];
    s64 n;

    if (!is_on()) return NULL;
    n = guard_strnlen((const char *)guest, sizeof(name));
    if (n < 0 || n >= (s64)sizeof(name) || !guest_read(name, guest, (size_t)n + 1)) return NULL;
    name[n] = '\0';
    if (has_locales(name)) native_ops->locale();
    if (strstr(name, ".so") == NULL || !is_loader(t)) return NULL;
    return native_ops->open(name, host);
}

void native_opened(void)
{
    native_ops->opened();
}

bool native_preloads(struct thread *t, u64 guest)
{
    static const char file[] = "/etc/ld.so.preload";
    char name[sizeof(file)];

    return is_on() && guest_read(name, guest, sizeof(name)) &&
           memcmp(name, file, sizeof(file)) == 0 && is_loader(t) && native_ops->preload() != NULL;
}

s64 native_open_preload(const char *host)
{
    int fd = memfd_create("ld.so.preload", MFD_CLOEXEC), there = open(host, O_RDONLY | O_CLOEXEC);
    const char *first = native_ops->preload();
    char text[4096];
    ssize_t n;

    if (fd < 0) return -errno;
    n = write(fd, first, strlen(first));
    while (there >= 0 && (n = read(there, text, sizeof(text))) > 0)
        if (write(fd, text, (size_t)n) != n) break;
    if (there >= 0) close(there);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

bool native_file_at(u64 pc, u64 *dev, u64 *ino, u64 *offset)
{
    struct mm_area area;

    if (!mm_find(pc, &area) || area.ino == 0 || (area.prot & PROT_EXEC) == 0) return false;
    *dev = area.dev;
    *ino = area.ino;
    *offset = area.offset + (pc - area.start);
    return true;
}

u64 native_file_base(u64 dev, u64 ino)
{
    return mm_file_base(dev, ino);
}

u32 native_file_changes(void)
{
    return mm_code_removals();
}

bool native_is_guest(u64 address)
{
    return address >= mm_low() && address < mm_high();
}

bool native_is_code(u64 address)
{
    return native_is_guest(address) && address % 4 == 0 && mm_code_at(address);
}

bool native_is_stub(u64 address)
{
    u32 word;

    return native_is_code(address) && guest_read(&word, address, sizeof(word)) &&
           word == (0xd4400000u | NATIVE_HLT_CALL << 5);
}

u64 native_code_page(const u32 *words, size_t count)
{
    s64 at = mm_map_label(0, GUEST_PAGE, PROT_READ | PROT_WRITE, MM_PLAIN);

    if (at < 0) return 0;
    memcpy((void *)at, words, count * sizeof(*words));
    mm_protect((u64)at, GUEST_PAGE, PROT_READ | PROT_EXEC);
    return (u64)at;
}

bool native_path(const char *guest, bool follow, char *host, size_t size)
{
    struct thread *t = thread_self;
    struct native_name *calling;
    struct path path;
    int error = errno;
    s64 r;

    if (t == NULL) return false;
    calling = t->calling; /* the runtime's own calls aren't a library's */
    native_leave(&t->state);
    r = path_resolve_text(t, AT_FDCWD, guest, follow ? PATH_FOLLOW : PATH_NOFOLLOW, &path);
    native_enter(&t->state, calling);
    native_settle(t);
    errno = error;
    return r == 0 && (size_t)snprintf(host, size, "%s", path.host) < size;
}

const char *native_guest_path(const char *host)
{
    return path_to_guest(host);
}

const char *native_policy(void)
{
    return options.native;
}

/* The user's own bindings come before those of the installation. */
const char *native_directory(unsigned n)
{
    static char text[PATH_MAX];
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    const char *slash = strrchr(process_self, '/');
    int size = slash != NULL ? (int)(slash - process_self) : 0;

    switch (n) {
    case 0:
        snprintf(text, sizeof(text), "%s", options.bindings != NULL ? options.bindings : "");
        break;
    case 1:
        if (data != NULL && data[0] == '/')
            snprintf(text, sizeof(text), "%s/ferry/bindings", data);
        else
            snprintf(text, sizeof(text), "%s/.local/share/ferry/bindings",
                     home != NULL ? home : "");
        break;
    case 2: snprintf(text, sizeof(text), "%.*s/libexec/ferry/bindings", size, process_self); break;
    case 3:
        snprintf(text, sizeof(text), "%.*s/../libexec/ferry/bindings", size, process_self);
        break;
    default: return NULL;
    }
    return text;
}

static void say(enum log_channel c, const char *format, va_list list)
{
    char text[1024];

    vsnprintf(text, sizeof(text), format, list);
    log_line(c, "%s", text);
}

void native_log(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(LOG_NATIVE, format, list);
    va_end(list);
}

void native_fatal(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(LOG_ERROR, format, list);
    va_end(list);
    signal_die(thread_self, SIGABRT);
}

void native_refuse(const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    log_fatal(126, "%s", text);
}

void native_hold(void)
{
    if (thread_self != NULL) thread_self->native_hold++;
}

void native_release(void)
{
    struct thread *t = thread_self;

    if (t == NULL) return;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (--t->native_hold == 0) native_settle(t);
}
