/*
 * For functions that stand in the C library's place, for native code: what lies behind them.
 */
#ifndef HOSTLIBS_INTERPOSE_H
#define HOSTLIBS_INTERPOSE_H

#include <dlfcn.h>

/* Declares `real`, the C library's own function of that name. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

#endif
