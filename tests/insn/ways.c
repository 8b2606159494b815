/*
 * The ways of ways.h.
 */
#include "tests/insn/ways.h"

#include "aot/x64/features.h"
#include "tests/insn/quick.h"

const struct way ways[WAYS] = {
    {.name = "eval", .evaluator = true},
    {.name = "quick"},
    {.name = "quick, plain SSE2", .plain_host = true},
    {.name = "quick, image", .image = true},
    {.name = "full, image", .image = true, .full = true},
    {.name = "full, upper vector registers", .full = true, .upper_first = true},
    {.name = "full, without AVX-512", .full = true, .no_avx512 = true},
    {.name = "quick, checked", .fp_checked = true},
};

static u64 host_features;

void ways_open(void)
{
    guest_open();
    quick_open();
    host_features = xlat_host_features();
}

struct guest_outcome way_run(const struct way *way, struct guest_state *state, u32 insts)
{
    if (way->evaluator) return guest_evaluate(state, insts);
    u64 without = way->plain_host ? UINT64_MAX : way->no_avx512 ? X64_HAS_AVX512 : 0;
    struct quick_how how = {.features = host_features & ~without,
                            .image = way->image,
                            .full = way->full,
                            .upper_first = way->upper_first,
                            .fp_checked = way->fp_checked};
    return quick_run(state, insts, how);
}
