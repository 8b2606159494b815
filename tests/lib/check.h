/*
 * Check's assertions without its note of each one that holds. A note is a write to a pipe, for the
 * message that a crash gets ("after this point"); some tests assert millions of times, and spent
 * most of their time on that.
 */
#ifndef TESTS_LIB_CHECK_H
#define TESTS_LIB_CHECK_H

#include <check.h>

/* All of the others end in this one. */
#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                                                   \
    ((expr)                                                                                        \
         ? (void)0                                                                                 \
         : _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", ##__VA_ARGS__))

#endif
