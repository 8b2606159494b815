/*
 * Golden cases of the x86-64 encoder and decoder: what emit functions make, each into a slot of its
 * own, beside the text that GNU as is given for it; the slots must have equal bytes. The same bytes
 * are then decoded, printed, assembled again, and must be the same once more. Where an instruction
 * has two encodings of registers, {load} or {store} tells the assembler which.
 */
#ifndef TESTS_LIB_X64_CASES_H
#define TESTS_LIB_X64_CASES_H

#include "aot/x64/x64.h"
#include "tests/lib/check.h"

/* Where cases are emitted to. */
extern struct x64_buf buf;

/* Forgets all cases. */
void golden_start(void);

/* The instructions emitted since the last call, two at most, are what GNU as makes of this text. */
void __attribute__((format(printf, 1, 2))) golden(const char *format, ...);

/* Runs the tests, each a case of its own; the program's exit status. */
int golden_run(const char *suite, const TTest *const *tests, size_t count);

/* Fails the test where bytes differ, both ways. */
void golden_compare(void);

#define EACH(v, array)                                                                             \
    for (const __typeof__((array)[0]) *each_##v = (array),                                         \
                                      *end_##v = each_##v + ARRAY_SIZE(array);                     \
         each_##v < end_##v; each_##v++)                                                           \
        for (__typeof__(*each_##v) v = *each_##v, *once_##v = &v; once_##v; once_##v = NULL)

/* Memory operands of all shapes. */
extern const struct x64_mem mems[22];

/* A register's name; size 16 is an xmm register. The results live until 8 more are made. */
const char *rn(unsigned reg, unsigned size);

/* A memory operand's text; size 0 has no type. Valid until the next call. */
const char *mn(unsigned size, struct x64_mem m);

#endif
