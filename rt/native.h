/*
 * The door to native libraries: the one header of rt that hostlibs/ includes, and the only way in
 * which the two know each other. The static runtime has nobody behind it.
 *
 * A guest function of a stub library is `hlt #0xfd00; ret`. The runtime hands the guest's registers
 * to hostlibs, which calls the host's function; guest state is exact as it was at the call. While
 * native code runs, it does so on the thread's own C stack; a guest signal is delivered at once, by
 * a frame for the handler and a nested run of the guest on top of what was interrupted. So is what
 * native code calls back.
 *
 * Nested runs end in order: when the guest comes back to where its run began (by return from the
 * callback, or sigreturn from the handler). What a guest longjmp has left behind is recognised when
 * an outer run ends: it takes those within with it, and the native frames between are dropped, as a
 * longjmp of the host's would have dropped them. A run whose end never comes stays until much of
 * the stack is used: then those that the guest's stack pointer shows to be left are dropped.
 *
 * The guest's unwinders (exceptions, pthread_exit, backtraces) pass native frames too: a callback's
 * frame pointer leads to a frame record of the native function's caller, and where callbacks return
 * to has unwind tables that say so (vdso.c).
 */
#ifndef RT_NATIVE_H
#define RT_NATIVE_H

#include "aot/abi/state.h"
#include "aot/base/types.h"

#include <signal.h>
#include <stdarg.h>

#define NATIVE_HLT_CALL   0xfd00 /* immediate of a stub function's instruction */
#define NATIVE_HLT_RETURN 0xfd01 /* of the place that callbacks return to */

/* --- what hostlibs has, for the runtime ---------------------------------------------------------
 */

struct native_ops {
    /* Ends the program, by native_refuse, if the option names what isn't there. */
    void (*check)(void);

    /* Once, before the guest runs: the program's file (host path). */
    void (*start)(const char *program);

    /* The guest's loader opens a library that it calls `guest`, on the host `host`, whether it
     * exists or not: the host path of what is opened in its place, or NULL. */
    const char *(*open)(const char *guest, const char *host);

    /* Writes a line for each library that the program needs and that there is a binding of: its
     * name, "native" or "guest", and how many functions or why. */
    void (*explain)(void);

    /* Lines that the guest's loader is to find in /etc/ld.so.preload, or NULL. */
    const char *(*preload)(void);

    /* It has been opened, or not. */
    void (*opened)(void);

    /* The guest opens a file with locales. */
    void (*locale)(void);

    /*
     * Calls the host's function of the stub at s->pc: arguments from the guest's registers and
     * stack, results into them. False: there is none at that address. Brackets the call itself by
     * native_enter and native_leave.
     */
    bool (*call)(struct guest_state *s);

    /* The guest has branched to s->pc, where it has no code: true if s->pc now is where it has. */
    bool (*branch)(struct guest_state *s);

    /* In a signal handler: native code has branched to guest address pc. The host code that calls
     * back there, given pc in R11, or NULL when nothing is known of such a function. */
    void *(*code_for)(u64 pc);
};

/* Defined by hostlibs; NULL where there is none. */
extern const struct native_ops *const native_ops __attribute__((weak));

static inline bool native_available(void)
{
    return &native_ops != NULL && native_ops != NULL;
}

/* --- what the runtime has, for hostlibs ---------------------------------------------------------
 */

/* A native function that runs, for messages. */
struct native_name {
    const char *library, *function;
    u32 traps; /* exceptions that it has come upon unmasked */
};

/* Around a call of native code on the guest's behalf. Between the two, signals run the guest's
 * handlers on top, and faults are the guest's. */
void native_enter(struct guest_state *s, struct native_name *name);
void native_leave(struct guest_state *s);

/*
 * Runs the guest function at pc until it returns: the caller has put its arguments into s->x, s->v
 * and, `stack` bytes (a multiple of 16) of them, into memory that it gives here. On return results
 * are in s->x[0], s->v[0] and so on. The guest's SP and link register are as before.
 */
void native_run(struct guest_state *s, u64 pc, const void *stack, size_t bytes);

/* The calling thread's state; NULL: a thread that the guest never made. */
struct guest_state *native_self(void);

/* Native code runs on the calling thread on the guest's behalf; the runtime makes a guest's thread.
 */
bool native_is_called(void);
bool native_makes_thread(void);

/* What guest address pc is mapped from: true and the file's device, inode and offset. */
bool native_file_at(u64 pc, u64 *dev, u64 *ino, u64 *offset);

/* Where the guest has mapped the start of that file; 0: nowhere. */
u64 native_file_base(u64 dev, u64 ino);

/* Changes when what native_file_at has said may no longer hold. */
u32 native_file_changes(void);

/* True for addresses in the guest's window. */
bool native_is_guest(u64 address);

/* True for addresses of the guest's executable memory; of these, where a stub's call is. */
bool native_is_code(u64 address);
bool native_is_stub(u64 address);

/* A page of guest code of one's own, filled with `count` words: its guest address, or 0. */
u64 native_code_page(const u32 *words, size_t count);

/* The host's path of the guest's file name, the last link followed or not; false: none, or not a
 * guest's thread. */
bool native_path(const char *guest, bool follow, char *host, size_t size);

/* The guest's name of a host path; points into it, or to "/". */
const char *native_guest_path(const char *host);

/* Around what a guest's handler must not interrupt (the heap): it runs when the last of them ends.
 */
void native_hold(void);
void native_release(void);

/* Options: --native as given ("auto", "none" or names), directories with bindings that come first
 * and last. */
const char *native_policy(void);
const char *native_directory(unsigned n); /* NULL behind the last */

/* A line in the log: of what falls back and why, and, always shown, of what ends the program. */
void native_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void native_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same before the guest runs, for a mistake of the user's. */
void native_refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
