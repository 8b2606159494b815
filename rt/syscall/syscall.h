/*
 * Inside the system calls: handlers and what they share.
 */
#ifndef RT_SYSCALL_SYSCALL_H
#define RT_SYSCALL_SYSCALL_H

#include "rt/background.h"
#include "rt/kernel.h"
#include "rt/syscall/table.h"

/* A handler's result when it has set all of the guest's registers itself. */
#define SYSCALL_NO_RESULT (-600)

typedef s64 syscall_handler(struct thread *t, const u64 *a);

#define P(number, name, args)
#define R(number, name, args)
#define H(number, name, args) syscall_handler sys_##name;
SYSCALLS(P, H, R)
#undef P
#undef H
#undef R

/* The row's text for the trace. */
void trace_call(struct thread *t, const char *name, const char *args, const u64 *a, s64 result);

/* Copies a guest sigset (size must be 8); *mask is 0 when the address is. */
s64 read_sigset(u64 address, u64 size, sigset64 *mask);

/* Keeps the compiler thread away, or gives it up, if that is what the call needs (the guest's
 * number and its row's arguments). */
void alone_for_call(struct thread *t, u64 nr, const char *args, const u64 *a);

/* As background_less, of clock ticks. */
u64 ticks_for_guest(enum background_time kind, u64 ticks);

/* /proc files that must look like arm64's (proc_files.c), by a host path relative to dirfd: an open
 * descriptor, -ENOSYS when the path is none of them, or another error. */
s64 proc_open(s64 dirfd, const char *host, u64 flags);

/* As proc_program (proc_name.h), relative to dirfd. */
bool proc_link(s64 dirfd, const char *host, char *program);

/* Bytes of guest memory that a call filled may have been translated. */
void written_by_kernel(u64 address, s64 length);

struct bundle_entry;

/* The host's call nr on a bundled name, the guest's arguments. */
s64 bundle_call(long nr, const char *inside, const u64 *a);

/* True for a system call (the guest's number) that may be made while bundled files wait for their
 * contents. */
bool bundle_may_wait(u64 nr, const u64 *a);

/* A bundle's entry as struct statx. */
s64 bundle_write_statx(const struct bundle_entry *e, u64 address);

/* Flags of open and fcntl between the two architectures. */
u64 open_flags_to_host(u64 flags);
u64 open_flags_to_guest(u64 flags);

#endif
