/*
 * From quick regions to function-shaped ones: what happens when a region's count has run out.
 *
 * A guest thread asks the compiler thread (background.h) for the region and goes on in the old code
 * at once. The count starts again, at a number that makes up for what asking costs. When the new
 * region is there, it takes the old ones' place: links lead to it, and the counts of what it
 * replaces are set to 0 (code.c), so that a thread that is in one of their loops leaves at the
 * loop's head and finds the new region, which has that head as an entry. Who asked for a loop in
 * the middle of a region asked for its head, which gets a quick region of its own to wait in.
 *
 * Who may touch what: the compiler thread translates in an arena of its own, reads code by
 * mm_read_code, changes code memory's tables under code_lock alone, and asks them for entries
 * between code_begin_looking and code_end_looking. It keeps no pointer to anything in them: what it
 * knows a place by is the guest address. A translation whose bytes have changed meanwhile isn't
 * published (code_stamp).
 */
#include "rt/jit/jit.h"

#include "rt/background.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/stats.h"
#include "rt/translate.h"

#include <sys/mman.h>
#include <time.h>

/* The heat of a region that has been asked for: it asks again after 50 us of the shortest loop at
 * least, for 0.2 us that asking costs. */
#define ASK_AGAIN (50000 * HEAT_OF_TURN)

/* Text of the translator's stages is made with the C library's streams. */
#define LOG_STAGES (1u << LOG_DECODE | 1u << LOG_IR | 1u << LOG_OPT | 1u << LOG_CODE)

static u64 now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* The function-shaped region at pc, if it can be made. False: not now, or never. */
static bool make(struct arena *arena, u64 pc)
{
    struct translation tr;
    struct code_stamp stamp = code_stamp();
    u64 start = stats_on ? now_ns() : 0;
    arena_reset(arena);
    bool good = translate_warm(arena, pc, code_is_entry, &tr) == TRANSLATE_OK &&
                code_publish_warm(&tr, stamp);
    if (stats_on) stats_add(STAT_TRANSLATE_NS, now_ns() - start);
    if (!good) code_set_heat(pc, stamp.epoch == code_stamp().epoch ? INT32_MAX : code_first_heat());
    return good;
}

static void *take_block(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* On the compiler thread, whose arena lives as long as the process. */
static void work(u64 pc)
{
    static struct arena arena = {.take_block = take_block};
    if (code_is_warm(pc)) return;
    code_begin_looking();
    bool made = make(&arena, pc);
    code_end_looking();
    if (made) stats_add(STAT_BACKGROUND, 1);
}

struct region *warm_region(struct arena *arena, struct region *r)
{
    if (r->warm) stats_add(STAT_WARM_ENTERED, 1);
    if (r->image || r->warm || r->mode || r->heat > code_first_heat()) return r;
    enum background_answer answer = options.no_background || log_mask & LOG_STAGES
                                        ? BACKGROUND_REFUSED
                                        : background_ask(work, r->pc);
    if (answer == BACKGROUND_REFUSED) {
        struct region *warm = make(arena, r->pc) ? code_find(r->pc, 0) : NULL;
        return warm ? warm : r;
    }
    r->heat = answer == BACKGROUND_TAKEN ? ASK_AGAIN : code_first_heat();
    return r;
}
