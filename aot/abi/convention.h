/*
 * The boundary convention: which guest registers are in host registers wherever control passes from
 * one region to another, and between regions and the switch to C (enter.S). All other guest state
 * is at home there; the homes of these are out of date while translated code runs.
 *
 * This header is included by .S files: nothing but defines.
 */
#ifndef AOT_ABI_CONVENTION_H
#define AOT_ABI_CONVENTION_H

/* X(slot, number, name): a guest register's slot, its host register's number and name. The first
 * five are registers that C functions keep. */
#define CARRIED_SLOTS(X)                                                                           \
    X(0, 3, rbx)                                                                                   \
    X(31, 13, r13)                                                                                 \
    X(30, 12, r12)                                                                                 \
    X(1, 14, r14)                                                                                  \
    X(19, 15, r15)                                                                                 \
    X(2, 8, r8)                                                                                    \
    X(20, 9, r9)                                                                                   \
    X(21, 10, r10)                                                                                 \
    X(3, 11, r11)

#endif
