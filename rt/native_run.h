/*
 * Native libraries inside the runtime: what the kernel side and the engine call of native.c.
 */
#ifndef RT_NATIVE_RUN_H
#define RT_NATIVE_RUN_H

#include "rt/native.h"
#include "rt/thread.h"

#include <ucontext.h>

/* Ends the program if --native names what isn't there. */
void native_check(void);

/* Bytes of a thread's C stack when native code runs on it: as the host's libraries expect it. */
#define NATIVE_STACK (8u << 20)

/* Before the guest runs; the program's file on the host. */
void native_start(const char *program);

/* What is to be opened to read in place of the guest path at guest address `guest`, on the host
 * `host`; NULL: that itself. */
const char *native_open(struct thread *t, u64 guest, const char *host);

/* Behind each call of native_open that gave a name: that has been opened. */
void native_opened(void);

/* The guest's loader looks for /etc/ld.so.preload, and is to find one. */
bool native_preloads(struct thread *t, u64 guest);

/* A descriptor of what it finds, or -errno; `host`: the file that is there without it. */
s64 native_open_preload(const char *host);

/* The guest is at a stub: calls the host's function and sets pc to the link register. False: no
 * stub. The second is with the guest's MXCSR in the processor, before and behind. */
bool native_call(struct thread *t);
bool native_call_with_float(struct thread *t);

/* The guest has branched to where it has no code: true if it is a library's, by its host address.
 */
bool native_branch(struct thread *t);

/* The guest is at a HLT that callbacks return to: false if it is another. */
bool native_returned(struct thread *t);

/* A signal frame has been popped: perhaps a run of native.c's ends. */
void native_resumed(struct thread *t);

/* Native code runs again, or still: delivers signals that have come meanwhile. */
void native_settle(struct thread *t);

/* In host signal handlers, on their stack. A signal is pending: if native code was interrupted, the
 * handler returns to where it is delivered. A fault: true if it was native code's. */
void native_interrupt(struct thread *t, ucontext_t *uc);
bool native_fault(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc);

/* The same for SIGFPE outside translated code (t NULL: a thread of a library's): true if it is of
 * an exception that the guest's MXCSR has unmasked; it is masked now. */
bool native_float_trap(struct thread *t, const siginfo_t *info, ucontext_t *uc);

#endif
