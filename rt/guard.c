/*
 * What host signal handlers know of access.S: where a faulting access goes on, and when a blocking
 * system call has not begun.
 */
#include "rt/guard.h"

#include <stddef.h>

extern const char guard_copy_begin[], guard_copy_end[];
extern const char guard_copy16_begin[], guard_copy16_end[], guard_copy16_failed[];
extern const char guard_store_begin[], guard_store_end[], guard_store_failed[];
extern const char guard_length_begin[], guard_length_end[], guard_length_failed[];
extern const char guard_syscall_begin[], guard_syscall_insn[], guard_syscall_end[];
extern const char guard_syscall_again[], guard_syscall_restart[];

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
    if (reg[REG_RIP] == (greg_t)guard_syscall_insn && reg[REG_RCX] == (greg_t)guard_syscall_end)
        reg[REG_RIP] = (greg_t)guard_syscall_restart;
    else
        reg[REG_RIP] = (greg_t)guard_syscall_again;
}
