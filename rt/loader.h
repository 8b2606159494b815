/*
 * Making a process of an ELF file: segments, interpreter, stack.
 */
#ifndef RT_LOADER_H
#define RT_LOADER_H

#include "aot/base/types.h"

struct thread;

/* What a file is to execve. */
enum program_kind {
    PROGRAM_GUEST,   /* AArch64 ELF that Ferry can run */
    PROGRAM_NATIVE,  /* an ELF of the host's */
    PROGRAM_SCRIPT,  /* #! */
    PROGRAM_UNKNOWN, /* ENOEXEC */
};

/* Looks at the first bytes of a file (`size` of them). *why: what it is when it is NATIVE or
 * UNKNOWN, else NULL. */
enum program_kind program_kind(const u8 *head, size_t size, const char **why);

struct program {
    const char *host_path;  /* to open */
    const char *guest_path; /* AT_EXECFN */
    char **argv, **envp;    /* the guest's */
};

/* Builds the guest's memory and t's first state. On an error: one line and exit (126, 127). */
void load_program(struct thread *t, const struct program *p);

/* What load_program built, for /proc/self/stat, auxv. */
struct image_info {
    u64 code_start, code_end, data_start, data_end, stack_start, brk_start;
    u64 loader; /* an address in the interpreter's code; 0: there is none */
    u64 arg_start, arg_end, env_start, env_end;
    u64 auxv[2 * 32];
    size_t auxv_size; /* bytes */
};
extern struct image_info image_info;

/* The guest's vDSO (vdso.c). */
u64 vdso_map(void);          /* maps it; its ELF header's address or 0 */
u64 vdso_sigreturn(void);    /* address of __kernel_rt_sigreturn */
u64 vdso_return_place(void); /* where callbacks from native code return to; 0: it isn't mapped */
bool vdso_owns(u64 pc);      /* pc is in one of its functions */

#endif
