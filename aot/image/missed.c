/*
 * The files of missed addresses: see missed.h.
 */
#include "aot/image/missed.h"

#include <string.h>
#include <sys/mman.h>

#include "aot/image/records.h"

static int compare(const void *a, const void *b)
{
    const struct missed *x = a, *y = b;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static bool is_good(const void *record)
{
    const struct missed *m = record;
    return m->pc % 4 == 0;
}

static const struct record_kind files = {.folder = "missed",
                                         .magic = {'F', 'E', 'R', 'R', 'Y', 'M', 'I', 'S'},
                                         .version = 1,
                                         .size = sizeof(struct missed),
                                         .max = MISSED_MAX,
                                         .compare = compare,
                                         .is_good = is_good};

void missed_free(struct missed *missed, u32 count)
{
    records_free(&files, missed, count);
}

u32 cache_missed(const char *dir, const struct digest *module, struct missed **out)
{
    const char *why;
    *out = NULL;
    struct missed *all = records_room(&files, MISSED_MAX);
    if (!all) return 0;
    u32 count = records_read(&files, dir, module, all, &why);
    size_t used = ALIGN_UP(count * sizeof *all, (size_t)4096), room = MISSED_MAX * sizeof *all;
    if (used < room) munmap((u8 *)all + used, room - used);
    *out = count ? all : NULL;
    return count;
}

/* The place of an address among the entries, or where it would be. */
static u32 place_of(const struct missed *all, u32 count, u64 pc)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (all[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct added {
    const struct missed *missed;
    u32 count;
};

/* What has been come to by a branch is no longer one that was only resumed at. */
static bool note_again(struct missed *m, u8 kind)
{
    bool counts = m->runs < UINT32_MAX, branch = m->kind == MISSED_RESUME && kind != m->kind;
    m->runs += counts;
    if (branch) m->kind = kind;
    return counts || branch;
}

static u32 merge(void *records, u32 old, void *context)
{
    const struct added *a = context;
    struct missed *all = records;
    u32 count = old;
    bool changed = false;
    for (u32 n = 0; n < a->count; n++) {
        u64 pc = a->missed[n].pc;
        if ((n && pc == a->missed[n - 1].pc) || pc % 4) continue;
        u8 kind = a->missed[n].kind < MISSED_KIND_COUNT ? a->missed[n].kind : MISSED_OTHER;
        u32 at = place_of(all, old, pc);
        if (at < old && all[at].pc == pc) {
            changed |= note_again(&all[at], kind);
        } else if (count < MISSED_MAX) {
            all[count++] = (struct missed){.pc = pc, .runs = 1, .kind = kind};
            changed = true;
        }
    }
    if (count > old) records_sort(&files, all, count);
    return changed ? count : RECORDS_AS_THEY_ARE;
}

static int by_pc_and_kind(const void *a, const void *b)
{
    const struct missed *x = a, *y = b;
    int order = compare(a, b);
    return order ? order : x->kind < y->kind ? -1 : x->kind > y->kind;
}

bool cache_note_missed(const char *dir, const struct digest *module, const struct missed *missed,
                       u32 count)
{
    struct record_kind notes = files;
    const char *why;
    if (count > MISSED_MAX) count = MISSED_MAX;
    if (!count) return true;
    struct missed *added = records_room(&files, count);
    if (!added) return false;
    memcpy(added, missed, count * sizeof *added);
    notes.compare = by_pc_and_kind;
    records_sort(&notes, added, count);
    bool good = records_change(&files, dir, module, merge, &(struct added){added, count}, &why);
    records_free(&files, added, count);
    return good;
}
