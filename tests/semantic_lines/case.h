/*
 * One instruction's run, as it goes between tests/semantic_lines' two programs: state before, and
 * overwritten by the state after. The guest's assembly knows the offsets of the first members.
 */
#ifndef TESTS_SEMANTIC_LINES_CASE_H
#define TESTS_SEMANTIC_LINES_CASE_H

#include <stdint.h>

#define LINE_DATA      0x60010000ul /* GUEST_DATA of tests/insn/guest.h */
#define LINE_DATA_SIZE 0x4000ul
#define LINE_WINDOW    256 /* offset of the memory that cases see */
#define LINE_WORDS     16

struct line_case {
    uint64_t v[4][2]; /* V0 to V3, low half first */
    uint64_t x[4];    /* X0 to X3 */
    uint64_t nzcv, fpcr, fpsr, unused;
    uint64_t memory[LINE_WORDS];
    uint32_t word, signal; /* signal: 0, or what the instruction raised */
};

#endif
