/*
 * A new program's stack: strings, argv, envp, auxv. Private to the loader.
 */
#ifndef RT_LOADER_STACK_H
#define RT_LOADER_STACK_H

#include "rt/loader.h"

struct stack_plan {
    const struct program *program;
    u64 start; /* first PC */
    u64 entry, phdr, phnum;
    u64 base; /* interpreter's load address */
    u64 vdso;
};

/* Maps the stack, fills it and sets PC and SP of t. */
void stack_build(struct thread *t, const struct stack_plan *plan);

#endif
