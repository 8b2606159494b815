/*
 * --stats: the counters of stats.h and what the engine adds.
 */
#include "rt/stats.h"

#include "rt/engine.h"
#include "rt/log.h"
#include "rt/profile.h"

#include <stdio.h>

u64 stats[STAT_COUNT];
bool stats_on;

static const char *const texts[] = {
#define X(name, text) text,
    STATS(X)
#undef X
};

void stats_print(const char *text, u64 value)
{
    char line[160];
    int n = snprintf(line, sizeof(line), "%14llu  %s\n", (unsigned long long)value, text);

    log_text(LOG_ERROR, line, (size_t)n);
}

void stats_report(void)
{
    if (!stats_on) return;
    profile_count_guards();
    if (engine->stats != NULL) engine->stats();
    for (unsigned i = 0; i < STAT_COUNT; i++)
        if (stats[i] != 0 && texts[i] != NULL) stats_print(texts[i], stats[i]);
}
