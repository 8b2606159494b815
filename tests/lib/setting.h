/*
 * Numbers that the environment gives to tests: FERRY_SEED, FERRY_CASES and the like.
 */
#ifndef TESTS_LIB_SETTING_H
#define TESTS_LIB_SETTING_H

#include <stdlib.h>

#include "aot/base/types.h"

static inline u64 test_setting(const char *name, u64 otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* How many random cases to try: FERRY_CASES, or as many as usual, of which FERRY_PART=N asks for
 * one in N (under the sanitizers, where each costs several times as much). */
static inline u64 test_cases(u64 usual)
{
    u64 part = test_setting("FERRY_PART", 1);
    return test_setting("FERRY_CASES", part > 1 ? usual / part + 1 : usual);
}

#endif
