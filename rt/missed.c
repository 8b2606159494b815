/*
 * Missed addresses (missed.h): a bounded table, filled without locks. A process that has missed
 * nothing pays nothing.
 */
#include "rt/missed.h"

#include "rt/lines.h"
#include "rt/log.h"
#include "rt/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_NOTED 4096 /* of a process */
#define MAX_SAID  100  /* lines of --require-image */

static struct noted {
    u64 pc;               /* where it was */
    struct missed missed; /* in its module */
    struct digest module;
    bool has_image;
    bool ready;
} noted[MAX_NOTED];
static u32 noted_count;

void missed_note(const struct digest *module, u64 pc, u64 unbiased, enum missed_kind kind)
{
    u32 n;

    if (module == NULL && !options.require_image) return;
    if (__atomic_load_n(&noted_count, __ATOMIC_RELAXED) >= MAX_NOTED) return;
    n = __atomic_fetch_add(&noted_count, 1, __ATOMIC_RELAXED);
    if (n >= MAX_NOTED) return;
    noted[n].pc = pc;
    noted[n].missed = (struct missed){.pc = unbiased, .kind = (u8)kind};
    noted[n].has_image = module != NULL;
    if (module != NULL) noted[n].module = *module;
    __atomic_store_n(&noted[n].ready, true, __ATOMIC_RELEASE);
}

/* The file mapped at pc, and pc's offset in it; "" if there is none. */
static u64 find_file(u64 pc, char *name, size_t size)
{
    struct lines lines;
    u64 offset = 0;
    char *line;

    name[0] = '\0';
    if (!lines_open(&lines, "/proc/self/maps")) return 0;
    while ((line = lines_next(&lines)) != NULL) {
        u64 start, end, from;
        int at = 0;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %n", &start, &end, &from,
                   &at) < 3 ||
            pc < start || pc >= end)
            continue;
        snprintf(name, size, "%s", line + at);
        offset = pc - start + from;
    }
    return offset;
}

static void say(const struct noted *n)
{
    char name[512];
    u64 offset = find_file(n->pc, name, sizeof(name));

    if (name[0] == '/')
        log_line(LOG_ERROR, "not from an image: %s+0x%" PRIx64 "%s", name, offset,
                 n->has_image ? "" : " (it has none)");
}

static bool is_of_file(const struct noted *n)
{
    char name[512];

    find_file(n->pc, name, sizeof(name));
    return name[0] == '/';
}

/* Writes what was noted of the module of noted[first], and marks it as done. */
static void write_module(const char *dir, u32 first, u32 count)
{
    static struct missed list[MAX_NOTED];
    struct digest module = noted[first].module;
    u32 kept = 0;

    for (u32 n = first; n < count; n++) {
        if (!noted[n].ready || !noted[n].has_image ||
            memcmp(&noted[n].module, &module, sizeof(module)) != 0)
            continue;
        list[kept++] = noted[n].missed;
        noted[n].ready = false;
    }
    (void)cache_note_missed(dir, &module, list, kept);
}

bool missed_flush(const char *dir)
{
    u32 count = noted_count < MAX_NOTED ? noted_count : MAX_NOTED, said = 0;

    if (count == 0) return false;
    for (u32 n = 0; options.require_image && n < count; n++) {
        if (!noted[n].ready || !is_of_file(&noted[n])) continue;
        if (said++ < MAX_SAID) say(&noted[n]);
    }
    if (said > MAX_SAID) log_line(LOG_ERROR, "not from an image: %u more", said - MAX_SAID);
    for (u32 n = 0; dir != NULL && n < count; n++)
        if (noted[n].ready && noted[n].has_image) write_module(dir, n, count);
    noted_count = 0;
    return said != 0;
}
