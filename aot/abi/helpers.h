/*
 * Helpers: C functions that translated code calls through the table in guest state, so that an
 * image needs no host address. One list; the runtime fills the table.
 *
 * Calling rule, for all: System V AMD64. The first argument is always the guest state (unbiased);
 * up to three more are integers; the result, if any, is in RAX. All guest state except what the
 * side table says is in callee-saved host registers is at home before the call. A helper keeps
 * RBX, RBP, R12 to R15, and MXCSR except for the sticky flags that it means to raise. It runs on
 * C's stack.
 */
#ifndef AOT_ABI_HELPERS_H
#define AOT_ABI_HELPERS_H

#include "aot/base/types.h"

/*
 * X(NAME, text)
 *
 * IR_OP: any IR operation that has no inline form on this host: see vector_op.h.
 * READ_FPSR: () -> FPSR with QC and the host's sticky flags merged.
 * WRITE_FPSR: (value). Clears what isn't set, in MXCSR too.
 * WRITE_FPCR: (value). Rounding goes to MXCSR; the modes that need other code are seen by the
 *     runtime at the next dispatch (a region that writes FPCR ends).
 * RANDOM: () -> a random number in RAX, 0 when there is none to be had (RNDR).
 * COUNTER: () -> CNTVCT_EL0.
 *
 * MEMCPY and on (HELPER_IS_STRING): what the C library's functions of those names do, called with
 * their arguments by the entries of guest functions that are known to be these (disc/known.h). They
 * change no registers but RAX, RCX, RDX, RSI, RDI and vector ones, need no state, and run on
 * translated code's stack; a fault in one of them is found by the address that it returns to.
 */
#define HELPERS(X)                                                                                 \
    X(IR_OP, "ir_op")                                                                              \
    X(READ_FPSR, "read_fpsr")                                                                      \
    X(WRITE_FPSR, "write_fpsr")                                                                    \
    X(WRITE_FPCR, "write_fpcr")                                                                    \
    X(RANDOM, "random")                                                                            \
    X(COUNTER, "counter")                                                                          \
    X(MEMCPY, "memcpy")                                                                            \
    X(MEMSET, "memset")                                                                            \
    X(MEMCMP, "memcmp")                                                                            \
    X(MEMCHR, "memchr")                                                                            \
    X(MEMRCHR, "memrchr")                                                                          \
    X(STRLEN, "strlen")                                                                            \
    X(STRNLEN, "strnlen")                                                                          \
    X(STRCHR, "strchr")                                                                            \
    X(STRCHRNUL, "strchrnul")                                                                      \
    X(STRRCHR, "strrchr")                                                                          \
    X(STRCMP, "strcmp")

enum helper {
#define X(name, text) HELPER_##name,
    HELPERS(X)
#undef X
        HELPER_COUNT
};

#define HELPER_IS_STRING(id) ((id) >= HELPER_MEMCPY)

/* The helper's name as the IR text writes it. */
const char *helper_name(unsigned id);

/* The helper of that name, or -1. */
int helper_by_name(const char *name);

#endif
