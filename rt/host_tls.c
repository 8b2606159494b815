/*
 * See host_tls.h. The static C library's own makers of thread-local storage do it.
 */
#include "rt/host_tls.h"

#include "aot/base/types.h"

#include <stddef.h>

extern void *_dl_allocate_tls(void *memory);
extern void _dl_deallocate_tls(void *tcb, bool free_tcb);
extern void __ctype_init(void);

/* Words of the C library's thread control block that the compiler and the library read from FS. */
struct tcb {
    void *self_tcb;
    void *dtv;
    void *self;
    u64 flags, sysinfo;
    u64 stack_guard;
    u64 pointer_guard;
};

void *host_tls_new(void)
{
    struct tcb *tcb = _dl_allocate_tls(NULL), *mine;

    if (tcb == NULL) return NULL;
    __asm__("mov %%fs:0, %0" : "=r"(mine));
    tcb->self_tcb = tcb->self = tcb;
    tcb->stack_guard = mine->stack_guard;
    tcb->pointer_guard = mine->pointer_guard;
    return tcb;
}

void host_tls_free(void *tls)
{
    _dl_deallocate_tls(tls, true);
}

void host_tls_begin(void)
{
    __ctype_init();
}
