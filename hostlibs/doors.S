/*
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

        .section .note.GNU-stack, "", @progbits
