/*
 * Where native code comes to that has branched to guest code, which the host can't execute: the signal
 * handler sends it here, with the guest's address in R11 and all else as at the call. Goes on at the
 * host code that stands for the guest's function.
 */
        .text
        .globl raw_call
        .type raw_call, @function
raw_call:
        push %rbp
        mov %rsp, %rbp
        and $-16, %rsp
        sub $192, %rsp
        mov %rdi, (%rsp)
        mov %rsi, 8(%rsp)
        mov %rdx, 16(%rsp)
        mov %rcx, 24(%rsp)
        mov %r8, 32(%rsp)
        mov %r9, 40(%rsp)
        mov %rax, 48(%rsp)
        movups %xmm0, 64(%rsp)
        movups %xmm1, 80(%rsp)
        movups %xmm2, 96(%rsp)
        movups %xmm3, 112(%rsp)
        movups %xmm4, 128(%rsp)
        movups %xmm5, 144(%rsp)
        movups %xmm6, 160(%rsp)
        movups %xmm7, 176(%rsp)
        mov %r11, %rdi
        call callback_raw
        mov %rax, %r11
        mov (%rsp), %rdi
        mov 8(%rsp), %rsi
        mov 16(%rsp), %rdx
        mov 24(%rsp), %rcx
        mov 32(%rsp), %r8
        mov 40(%rsp), %r9
        mov 48(%rsp), %rax
        movups 64(%rsp), %xmm0
        movups 80(%rsp), %xmm1
        movups 96(%rsp), %xmm2
        movups 112(%rsp), %xmm3
        movups 128(%rsp), %xmm4
        movups 144(%rsp), %xmm5
        movups 160(%rsp), %xmm6
        movups 176(%rsp), %xmm7
        leave
        jmp *%r11
        .size raw_call, . - raw_call

        .section .note.GNU-stack, "", @progbits
