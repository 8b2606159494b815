/*
 * What host signal handlers know of access.S: where a faulting access goes on, and when a blocking
 * system call has not begun.
 */
#include "rt/guard.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

extern const char guard_copy_begin[], guard_copy_end[];
extern const char guard_copy16_begin[], guard_copy16_end[], guard_copy16_failed[];
extern const char guard_store_begin[], guard_store_end[], guard_store_failed[];
extern const char guard_length_begin[], guard_length_end[], guard_length_failed[];
extern const char guard_syscall_begin[], guard_syscall_insn[], guard_syscall_end[];
extern const char guard_syscall_again[], guard_syscall_restart[];

/* RCX at guard_syscall_insn, when a call had been interrupted before (guard_again): a signal that
 * comes now interrupts it, as the one that it waited for may have done at the same time. */
#define MADE_AGAIN 1

static const struct {
    const char *begin, *end, *go_on;
} accesses[] = {
    {guard_copy_begin, guard_copy_end, guard_copy_end},
    {guard_copy16_begin, guard_copy16_end, guard_copy16_failed},
    {guard_store_begin, guard_store_end, guard_store_failed},
    {guard_length_begin, guard_length_end, guard_length_failed},
};

bool guard_fault(ucontext_t *uc)
{
    greg_t *rip = &uc->uc_mcontext.gregs[REG_RIP];

    for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
        if (*rip >= (greg_t)accesses[i].begin && *rip < (greg_t)accesses[i].end) {
            *rip = (greg_t)accesses[i].go_on;
            return true;
        }
    }
    return false;
}

void guard_interrupt(ucontext_t *uc)
{
    greg_t *reg = uc->uc_mcontext.gregs;

    if (reg[REG_RIP] < (greg_t)guard_syscall_begin || reg[REG_RIP] > (greg_t)guard_syscall_insn)
        return;
    if (reg[REG_RIP] == (greg_t)guard_syscall_insn && reg[REG_RCX] == (greg_t)guard_syscall_end) {
        reg[REG_RIP] = (greg_t)guard_syscall_restart;
    } else if (reg[REG_RIP] == (greg_t)guard_syscall_insn && reg[REG_RCX] == MADE_AGAIN) {
        reg[REG_RIP] = (greg_t)guard_syscall_end;
        reg[REG_RAX] = -EINTR;
    } else {
        reg[REG_RIP] = (greg_t)guard_syscall_again;
    }
}

/* What a handler always interrupts, SA_RESTART or not (signal(7)). Others give EINTR for reasons of
 * their own. Those that wait for a time wait for all of it again: the signal comes when the thread
 * has just used its processor, which is before it waits. */
static bool is_always_interrupted(u64 nr)
{
    switch (nr) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_futex:
    case SYS_futex_waitv:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_msgsnd:
    case SYS_msgrcv:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_io_getevents:
    case SYS_io_pgetevents:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_read:
    case SYS_readv: return true;
    default: return false;
    }
}

void guard_again(ucontext_t *uc)
{
    greg_t *reg = uc->uc_mcontext.gregs;
    u64 nr;

    if (reg[REG_RIP] != (greg_t)guard_syscall_end || reg[REG_RAX] != -EINTR) return;
    nr = *(const u64 *)reg[REG_RSP];
    if (!is_always_interrupted(nr)) return;
    reg[REG_RAX] = (greg_t)nr;
    reg[REG_RCX] = MADE_AGAIN;
    reg[REG_RIP] = (greg_t)guard_syscall_insn;
}
