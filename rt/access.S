/*
 * Guarded accesses to guest memory and the window of blocking system calls: see guard.h. guard.c
 * knows the labels.
 */
    .intel_syntax noprefix
    .text

/*
 * size_t guard_copy(void *to, const void *from, size_t n): a fault leaves RCX bytes undone. Short
 * copies go by 16 bytes, as far as that works; what faults then goes by bytes, to be exact.
 */
    .globl guard_copy, guard_copy_begin, guard_copy_end
    .globl guard_copy16_begin, guard_copy16_end, guard_copy16_failed
    .type guard_copy, @function
guard_copy:
    mov     rcx, rdx
    cmp     rdx, 256
    ja      guard_copy_begin
    sub     rcx, 16
    jb      guard_copy16_failed
guard_copy16_begin:
    movups  xmm0, [rsi]
    movups  [rdi], xmm0
guard_copy16_end:
    add     rsi, 16
    add     rdi, 16
    sub     rcx, 16
    jae     guard_copy16_begin
guard_copy16_failed:
    add     rcx, 16
guard_copy_begin:
    rep movsb
guard_copy_end:
    mov     rax, rcx
    ret
    .size guard_copy, . - guard_copy

/* bool guard_store32(u32 *to, u32 value) */
    .globl guard_store32, guard_store_begin, guard_store_end, guard_store_failed
    .type guard_store32, @function
guard_store32:
guard_store_begin:
    mov     [rdi], esi
guard_store_end:
    mov     eax, 1
    ret
guard_store_failed:
    xor     eax, eax
    ret
    .size guard_store32, . - guard_store32

/* s64 guard_strnlen(const char *s, size_t max) */
    .globl guard_strnlen, guard_length_begin, guard_length_end, guard_length_failed
    .type guard_strnlen, @function
guard_strnlen:
    xor     eax, eax
1:  cmp     rax, rsi
    je      2f
guard_length_begin:
    cmp     byte ptr [rdi + rax], 0
guard_length_end:
    je      2f
    inc     rax
    jmp     1b
2:  ret
guard_length_failed:
    mov     rax, -1
    ret
    .size guard_strnlen, . - guard_strnlen

/*
 * s64 guard_syscall(u32 *attention, long nr, a0, a1, a2, a3, a4, a5)
 *
 * RCX is 0 up to the SYSCALL instruction, which sets it to the address behind itself: so a signal
 * handler that finds RIP at the instruction knows whether the kernel has wound it back to restart
 * the call or whether it has not begun (1: guard_again is about to make it once more). Where it
 * returns, the call's number is on the stack.
 */
    .globl guard_syscall, guard_syscall_begin, guard_syscall_insn, guard_syscall_end
    .globl guard_syscall_again, guard_syscall_restart
    .type guard_syscall, @function
guard_syscall:
    push    rsi
    mov     r11, rdi
    mov     rax, rsi
    mov     rdi, rdx
    mov     rsi, rcx
    mov     rdx, r8
    mov     r10, r9
    mov     r8, [rsp + 16]
    mov     r9, [rsp + 24]
    xor     ecx, ecx
guard_syscall_begin:
    test    dword ptr [r11], 1      /* ATTENTION_SIGNAL */
    jnz     guard_syscall_again
guard_syscall_insn:
    syscall
guard_syscall_end:
    pop     rcx
    ret
guard_syscall_again:
    mov     rax, -513
    pop     rcx
    ret
guard_syscall_restart:
    mov     rax, -512
    pop     rcx
    ret
    .size guard_syscall, . - guard_syscall

/* s64 host_syscall(long nr, a0, a1, a2, a3, a4, a5) */
    .globl host_syscall
    .type host_syscall, @function
host_syscall:
    mov     rax, rdi
    mov     rdi, rsi
    mov     rsi, rdx
    mov     rdx, rcx
    mov     r10, r8
    mov     r8, r9
    mov     r9, [rsp + 8]
    syscall
    ret
    .size host_syscall, . - host_syscall

/*
 * s64 host_clone(u64 flags, void *stack, u64 ptid, u64 ctid, void *tls, void (*run)(void *), arg)
 *
 * The child starts on `stack` (its top) and calls run(arg), which never returns.
 */
    .globl host_clone
    .type host_clone, @function
host_clone:
    mov     eax, 56                 /* clone of x86-64: flags, stack, ptid, ctid, tls */
    mov     r10, rcx
    mov     r11, r9
    mov     r9, [rsp + 8]
    and     rsi, -16
    sub     rsi, 16
    mov     [rsi], r11
    mov     [rsi + 8], r9
    syscall
    test    rax, rax
    jz      1f
    ret
1:  xor     ebp, ebp
    pop     rax
    pop     rdi
    call    rax
    hlt
    .size host_clone, . - host_clone

/* The host kernel asks for it of every SA_RESTORER handler. */
    .globl host_sigreturn
    .type host_sigreturn, @function
host_sigreturn:
    mov     eax, 15
    syscall
    .size host_sigreturn, . - host_sigreturn

    .section .note.GNU-stack, "", @progbits
