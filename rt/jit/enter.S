/*
 * The switch between C and translated code.
 *
 * engine_enter saves what C calls keep and puts the biased state into RBP; translated code leaves by
 * one of the doors of exits.h, or is made to leave by a signal handler that sets RIP to
 * engine_leave_recovered after it has written all guest state. engine_call is the same for a guest
 * function: its return leaves too, by a door of its own.
 */
#include "aot/abi/convention.h"
#include "aot/abi/offsets.h"
#include "rt/jit/lookup.h"

#define FIELD(offset) (offset - STATE_RBP_BIAS)(%rbp)
#define JUMP_CACHE    -(JUMP_CACHE_SIZE + STATE_RBP_BIAS) /* from RBP on */

/* Beyond enum leave_door: see jit.h. */
#define DOOR_ATTENTION 4
#define DOOR_RECOVERED 5
#define DOOR_RETURNED  6

/* EAX at the door for traps: enum trap_reason HLT, native.h's NATIVE_HLT_CALL (see engine.c). */
#define TRAP_NATIVE_CALL (3 | 0xfd00 << 8)

        .text

/*
 * struct left engine_enter(struct guest_state *state, void *code, const u32 *attention)
 * RAX, RDX: what RAX and RCX were at the door.
 */
#define LOAD(slot, number, name) mov FIELD(STATE_X + 8 * slot), %name;
#define ENTER                                                                                      \
        push %rbp;                                                                                 \
        push %rbx;                                                                                 \
        push %r12;                                                                                 \
        push %r13;                                                                                 \
        push %r14;                                                                                 \
        push %r15;                                                                                 \
        sub $8, %rsp;                                                                              \
        lea STATE_RBP_BIAS(%rdi), %rbp;                                                            \
        mov %rdx, %rax;                                                                            \
        CARRIED_SLOTS(LOAD)                                                                        \
        mov %rsp, FIELD(STATE_HOST_SP);                                                            \
        mov FIELD(STATE_TRANSLATED_SP), %rsp

        .globl engine_enter
        .type engine_enter, @function
engine_enter:
        ENTER
        /* From here on a signal handler that finds RIP in this file before `jmp *%rsi` lets the
         * processor step to the region's entry, which is a safepoint. Before the comparison it
         * needn't, but may. */
        movl $1, FIELD(STATE_IN_TRANSLATED)
        .globl engine_enter_window
engine_enter_window:
        cmpl $0, (%rax)
        jne 1f
        ldmxcsr FIELD(STATE_MXCSR)
        jmp *%rsi
        .globl engine_enter_end
engine_enter_end:
1:      movl $DOOR_ATTENTION, FIELD(STATE_DOOR)
        jmp leave

/*
 * struct left engine_call(struct guest_state *state, void *code, const u32 *attention)
 * MXCSR is the guest's, and stays so if the function returns here. RDX: the guest address that it
 * returns to, which may be any.
 */
        .globl engine_call
        .type engine_call, @function
engine_call:
        ENTER
        movl $1, FIELD(STATE_IN_TRANSLATED)
        cmpl $0, (%rax)
        jne 1b
        call *%rsi
#define STORE(slot, number, name) mov %name, FIELD(STATE_X + 8 * slot);
        CARRIED_SLOTS(STORE)
        mov %LINK_NAME, %rcx
        stmxcsr FIELD(STATE_MXCSR)
        movl $DOOR_RETURNED, FIELD(STATE_DOOR)
        jmp leave_with_float
        .size engine_call, . - engine_call

        /* What is at the end of translated code's stack: a return that no call expected, or none
         * that is still known. The guest target is in the link register. The word that led here
         * stays where it is. */
        .globl engine_return_last
engine_return_last:
        sub $8, %rsp
        mov %LINK_NAME, %rcx
        movzwl %cx, %eax
        cmp %rcx, JUMP_CACHE(%rbp,%rax,4)
        jne engine_leave_indirect
        jmp *8 + JUMP_CACHE(%rbp,%rax,4)

        .globl engine_leave_recovered
engine_leave_recovered:
        movl $DOOR_RECOVERED, FIELD(STATE_DOOR)
        jmp leave

        .globl engine_leave_link
engine_leave_link:
        movl $0, FIELD(STATE_DOOR)
        jmp leave_guest

        /* A miss of the jump cache: the shared table of regions first. RCX: guest target. */
        .globl engine_leave_indirect
engine_leave_indirect:
        mov FIELD(STATE_LOOKUP), %rdx
        mov %ecx, %eax
        shr $LOOKUP_SHIFT, %eax
        and LOOKUP_MASK_AT(%rdx), %eax
        mov (%rdx,%rax,8), %rax
        test %rax, %rax
        jz 2f
        cmp REGION_PC(%rax), %rcx
        jne 2f
        mov REGION_CODE(%rax), %rax
        mov %ecx, %edx
        and $JUMP_CACHE_MASK, %edx
        mov %rcx, JUMP_CACHE(%rbp,%rdx,4)
        mov %rax, 8 + JUMP_CACHE(%rbp,%rdx,4)
        jmp *%rax
2:      movl $1, FIELD(STATE_DOOR)
        jmp leave_guest

        .globl engine_leave_trap
engine_leave_trap:
        cmp $TRAP_NATIVE_CALL, %eax
        je leave_native
leave_trap:
        movl $2, FIELD(STATE_DOOR)
        jmp leave_guest

        /* A stub of a native library: the call is made from here, on the C stack, and its end is the
         * guest's return. MXCSR stays the guest's (native.c). With attention, run() looks into it
         * first, state.pc being behind the call. */
leave_native:
        CARRIED_SLOTS(STORE)
        mov %rcx, FIELD(STATE_PC)
        mov %rsp, FIELD(STATE_TRANSLATED_SP)
        movl $0, FIELD(STATE_IN_TRANSLATED)
        mov FIELD(STATE_HOST_SP), %rsp
        lea -STATE_RBP_BIAS(%rbp), %rdi
        call engine_native
        mov FIELD(STATE_TRANSLATED_SP), %rsp
        CARRIED_SLOTS(LOAD)
        test %rax, %rax
        jz 3f
        movl $1, FIELD(STATE_IN_TRANSLATED)
        cmpl $0, (%rax)
        jne 4f
        ret
3:      mov $TRAP_NATIVE_CALL, %eax /* no stub of ours */
        mov FIELD(STATE_PC), %rcx
        jmp leave_trap
4:      stmxcsr FIELD(STATE_MXCSR)
        movl $DOOR_ATTENTION, FIELD(STATE_DOOR)
        jmp leave

        .globl engine_leave_warm
engine_leave_warm:
        movl $3, FIELD(STATE_DOOR)

        /* MXCSR's sticky flags are the guest's. */
leave_guest:
        CARRIED_SLOTS(STORE)
        stmxcsr FIELD(STATE_MXCSR)
leave:
        ldmxcsr FIELD(STATE_HOST_MXCSR)
leave_with_float:
        mov %rsp, FIELD(STATE_TRANSLATED_SP)
        movl $0, FIELD(STATE_IN_TRANSLATED)
        mov FIELD(STATE_HOST_SP), %rsp
        mov %rcx, %rdx
        add $8, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbx
        pop %rbp
        cld
        ret
        .size engine_enter, . - engine_enter

        .section .note.GNU-stack, "", @progbits
