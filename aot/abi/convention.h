/*
 * The boundary convention: which guest registers are in host registers wherever control passes from
 * one region to another, and between regions and the switch to C (enter.S). All other guest state
 * is at home there; the homes of these are out of date while translated code runs.
 *
 * Which registers: those that regions of Debian's programs load and store most at their borders.
 * With none carried, homes were a fifth to two fifths of what perf saw in interpreters. User CPU
 * with eight of them, of what it was with none, pairs of runs of the bench's rows: from images
 * python3 0.82, lua 0.85, gawk 0.71, sqlite3 0.85 (JIT), cc1 0.89 (JIT); loops level, since they
 * have pins of their own (aot/gen/zones.c); code of images 0.80 of its size. x3 is the ninth:
 * python3 0.97, lua 1.02, gzip 0.97, code 0.99; it leaves the generator three registers for
 * values, and two for each instruction. Next would be x22, with a tenth of all accesses to homes
 * that remain.
 *
 * Which host register: C functions keep the first five, so a helper's call spares them; SP has
 * R13, which as a base needs a displacement anyway; x30, hardly ever a base, has R12, which needs
 * a byte more as one.
 *
 * This header is included by .S files: nothing but defines.
 */
#ifndef AOT_ABI_CONVENTION_H
#define AOT_ABI_CONVENTION_H

/* X(slot, number, name): a guest register's slot, its host register's number and name. */
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

/* The link register, one of them: a return finds its target there (aot/gen/control.c). */
#define LINK_SLOT     30
#define LINK_REGISTER 12
#define LINK_NAME     r12

#endif
