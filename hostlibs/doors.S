/*
 * Calls between both sides that C has no words for.
 *
 * Where a closure of our own leads to, R11 the closure (closure.c): the host's argument registers
 * become a struct host_arguments, and closure_called does the rest. Its result is in RAX, and in
 * XMM0 as well, for functions that return a float.
 */
        .text

#define BYTES 120 /* struct host_arguments, and 8 that align the stack */

        .globl closure_floats
        .type closure_floats, @function
closure_floats:
        .cfi_startproc
        sub $BYTES, %rsp
        .cfi_adjust_cfa_offset BYTES
        movq %xmm0, 48(%rsp)
        movq %xmm1, 56(%rsp)
        movq %xmm2, 64(%rsp)
        movq %xmm3, 72(%rsp)
        movq %xmm4, 80(%rsp)
        movq %xmm5, 88(%rsp)
        movq %xmm6, 96(%rsp)
        movq %xmm7, 104(%rsp)
        jmp 1f
        .cfi_endproc
        .size closure_floats, . - closure_floats

        /* Without vectors. */
        .globl closure_integers
        .type closure_integers, @function
closure_integers:
        .cfi_startproc
        sub $BYTES, %rsp
        .cfi_adjust_cfa_offset BYTES
1:      mov %rdi, (%rsp)
        mov %rsi, 8(%rsp)
        mov %rdx, 16(%rsp)
        mov %rcx, 24(%rsp)
        mov %r8, 32(%rsp)
        mov %r9, 40(%rsp)
        mov %r11, %rdi
        mov %rsp, %rsi
        lea BYTES + 8(%rsp), %rdx
        call closure_called
        movq %rax, %xmm0
        add $BYTES, %rsp
        .cfi_adjust_cfa_offset -BYTES
        ret
        .cfi_endproc
        .size closure_integers, . - closure_integers

/*
 * struct host_result host_call(void *code, const u64 *integer, const double *vector,
 *                              const u64 *word, u64 count)
 */
        .globl host_call
        .type host_call, @function
host_call:
        .cfi_startproc
        push %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        mov %rsp, %rbp
        .cfi_def_cfa_register %rbp
        mov %rdi, %r11
        mov %rsi, %r10
        lea 15(,%r8,8), %rax
        and $-16, %rax
        sub %rax, %rsp
        jmp 2f
1:      mov (%rcx,%r8,8), %rax
        mov %rax, (%rsp,%r8,8)
2:      sub $1, %r8
        jae 1b
        movsd (%rdx), %xmm0
        movsd 8(%rdx), %xmm1
        movsd 16(%rdx), %xmm2
        movsd 24(%rdx), %xmm3
        movsd 32(%rdx), %xmm4
        movsd 40(%rdx), %xmm5
        movsd 48(%rdx), %xmm6
        movsd 56(%rdx), %xmm7
        mov (%r10), %rdi
        mov 8(%r10), %rsi
        mov 16(%r10), %rdx
        mov 24(%r10), %rcx
        mov 32(%r10), %r8
        mov 40(%r10), %r9
        mov $8, %eax /* vector registers at most, if it is variadic */
        call *%r11
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size host_call, . - host_call

        .section .note.GNU-stack, "", @progbits
