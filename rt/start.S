/*
 * The entry point, before the C library's: asks for the pages that relocation is about to write, all
 * at once. They are in one piece, and a fault for each of them would be a good part of the time that a
 * small program takes. Where the kernel can't (before Linux 5.14), they come one by one as ever.
 */
#include <sys/syscall.h>

#define PAGE_MASK           ~4095
#define MADV_POPULATE_WRITE 23

    .intel_syntax noprefix
    .text

    .globl ferry_start
    .type ferry_start, @function
ferry_start:
    lea     rdi, [rip + __init_array_start] # the first that is relocated
    and     rdi, PAGE_MASK
    lea     rsi, [rip + _edata]
    sub     rsi, rdi
    mov     edx, MADV_POPULATE_WRITE
    mov     eax, SYS_madvise
    syscall
    xor     edx, edx # a static program's: nobody else has something to do at exit
    jmp     _start
    .size ferry_start, . - ferry_start

    .section .note.GNU-stack, "", @progbits
