/*
 * The files of profiles: see profile.h.
 */
#include "aot/image/profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aot/image/cache.h"
#include "aot/image/records.h"

/* --- records ------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    const struct profile_record *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->kind == PROFILE_EVER) return 0; /* there is one */
    if (x->pc != y->pc) return x->pc < y->pc ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

bool profile_is_about_tiers(const struct profile_record *r)
{
    return r->kind == PROFILE_TIER || r->kind == PROFILE_PROCESS;
}

static bool is_good_tier(const struct profile_record *r)
{
    u64 slices = r->kind == PROFILE_TIER ? PROFILE_SLICES : 1;
    u64 tiers = r->kind == PROFILE_TIER ? TIER_COUNT : 1;
    return r->count && r->pc < slices && (r->to & 0xff) < tiers && r->to >> 8 < PROFILE_IMAGE_COUNT;
}

static bool is_good(const void *record)
{
    const struct profile_record *r = record;
    if (profile_is_about_tiers(r)) return is_good_tier(r);
    if (r->kind == PROFILE_EVER) return r->count == 1 && !r->to;
    return r->kind < PROFILE_KIND_COUNT && r->count && r->pc % 4 == 0 && r->to % 4 == 0 &&
           (r->kind == PROFILE_CALL || r->kind == PROFILE_GUARD || !r->to);
}

static const struct record_kind files = {.folder = "profile",
                                         .magic = {'F', 'E', 'R', 'R', 'Y', 'P', 'R', 'F'},
                                         .version = 1,
                                         .size = sizeof(struct profile_record),
                                         .max = PROFILE_RECORDS,
                                         .compare = compare,
                                         .is_good = is_good};

static u64 samples_of(const struct profile_record *r, u32 count)
{
    u64 sum = 0;
    for (u32 n = 0; n < count; n++) sum += r[n].kind == PROFILE_WEIGHT ? r[n].count : 0;
    return sum;
}

static u32 plus(u32 a, u32 b)
{
    return a + b < a ? UINT32_MAX : a + b;
}

/* --- adding -------------------------------------------------------------------------------------
 */

/* Those that are alike become one; they are in order. */
static u32 unite(struct profile_record *r, u32 count)
{
    u32 kept = 0;
    for (u32 n = 0; n < count; n++) {
        if (!is_good(&r[n]) || r[n].kind == PROFILE_EVER) continue;
        if (kept && !compare(&r[kept - 1], &r[n]))
            r[kept - 1].count = plus(r[kept - 1].count, r[n].count);
        else
            r[kept++] = r[n];
    }
    return kept;
}

/* Half of each count; what was seen once is gone. */
static u32 fade(struct profile_record *r, u32 count)
{
    u32 kept = 0;
    for (u32 n = 0; n < count; n++) {
        if (r[n].kind != PROFILE_EVER) r[n].count /= 2;
        if (r[n].count) r[kept++] = r[n];
    }
    return kept;
}

/* No more than a file holds: what was counted least goes, but for tiers, of which there are few and
 * the shares matter. */
static u32 bound(struct profile_record *r, u32 count)
{
    for (u32 least = 1; count > PROFILE_RECORDS; least = plus(least, least)) {
        u32 kept = 0;
        for (u32 n = 0; n < count; n++)
            if (r[n].kind == PROFILE_EVER || profile_is_about_tiers(&r[n]) || r[n].count > least)
                r[kept++] = r[n];
        count = kept;
    }
    return count;
}

struct added {
    const struct profile_record *record; /* in order, each once */
    u32 count;
    u64 ever;
    bool newer;  /* than what is there, which fades first */
    bool failed; /* no memory */
};

/* What a file says first, if it says anything. */
static bool has_ever(const struct profile_record *r, u32 count)
{
    return count && r->kind == PROFILE_EVER;
}

static u64 ever_of(const struct profile_record *r, u32 count)
{
    return has_ever(r, count) ? r->pc : 0;
}

/* Both in order. */
static u32 join(const struct profile_record *a, u32 a_count, const struct profile_record *b,
                u32 b_count, struct profile_record *out)
{
    u32 count = 0;
    while (a_count || b_count) {
        int order = !a_count ? 1 : !b_count ? -1 : compare(a, b);
        out[count] = order <= 0 ? *a : *b;
        if (!order) out[count].count = plus(a->count, b->count);
        count++;
        if (order <= 0) a++, a_count--;
        if (order >= 0) b++, b_count--;
    }
    return count;
}

static u32 merge(void *records, u32 count, void *context)
{
    struct added *a = context;
    const u32 room = 2 * PROFILE_RECORDS + 1;
    struct profile_record *old = records, *all = records_room(&files, room);
    u64 ever = ever_of(old, count), most = PROFILE_SAMPLES;
    a->failed = !all;
    if (!all) return RECORDS_AS_THEY_ARE;
    u64 more = samples_of(a->record, a->count);
    while (a->newer && samples_of(old, count) + more > most && samples_of(old, count))
        count = fade(old, count);
    u32 skipped = has_ever(old, count);
    all[0] = (struct profile_record){.pc = ever + a->ever, .count = 1, .kind = PROFILE_EVER};
    u32 joined = join(old + skipped, count - skipped, a->record, a->count, all + 1);
    count = joined + 1;
    while (!a->newer && samples_of(all, count) > most) count = fade(all, count);
    count = bound(all, count);
    memcpy(old, all, count * sizeof *old);
    records_free(&files, all, room);
    return count;
}

static bool add(const char *dir, const struct digest *module, struct added *a, const char **why)
{
    return records_change(&files, dir, module, merge, a, why) && !a->failed;
}

bool cache_note_profile(const char *dir, const struct digest *module,
                        const struct profile_record *added, u32 count, const char **why)
{
    *why = NULL;
    if (count >= PROFILE_RECORDS) count = PROFILE_RECORDS - 1;
    if (!count) return true;
    struct profile_record *mine = records_room(&files, count);
    if (!mine) return false;
    memcpy(mine, added, count * sizeof *mine);
    records_sort(&files, mine, count);
    struct added a = {.record = mine, .count = unite(mine, count), .newer = true};
    a.ever = samples_of(mine, a.count);
    bool good = !a.ever && !a.count ? true : add(dir, module, &a, why);
    records_free(&files, mine, count);
    return good;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void take_records(struct arena *arena, struct profile_read *out)
{
    struct profile_weight *weight = arena_alloc(arena, (out->count + 1) * sizeof *weight);
    struct profile_call *call = arena_alloc(arena, (out->count + 1) * sizeof *call);
    struct profile *p = &out->profile;
    *p = (struct profile){.weight = weight, .call = call};
    out->ever = ever_of(out->record, out->count);
    p->samples = samples_of(out->record, out->count);
    for (u32 n = 0; n < out->count; n++) {
        const struct profile_record *r = &out->record[n];
        if (r->kind == PROFILE_WEIGHT)
            weight[p->weight_count++] = (struct profile_weight){r->pc, r->count};
        else if (r->kind == PROFILE_CALL)
            call[p->call_count++] = (struct profile_call){r->pc, r->to, r->count};
    }
}

bool cache_profile(struct arena *arena, const char *dir, const struct digest *module,
                   struct profile_read *out, const char **why)
{
    struct profile_record *all = records_room(&files, PROFILE_RECORDS);
    *why = NULL;
    *out = (struct profile_read){0};
    if (!all) return false;
    out->count = records_read(&files, dir, module, all, why);
    out->record = arena_alloc(arena, (out->count + 1) * sizeof *all);
    memcpy(out->record, all, out->count * sizeof *all);
    records_free(&files, all, PROFILE_RECORDS);
    if (out->count) take_records(arena, out);
    return out->count != 0;
}

u32 profile_slice(u64 sample)
{
    u64 firsts = sample / PROFILE_FIRST_SLICE;
    u32 slice = firsts ? 64 - (u32)__builtin_clzll(firsts) : 0;
    return slice < PROFILE_SLICES ? slice : PROFILE_SLICES - 1;
}

u64 profile_slice_end(u32 slice)
{
    return (u64)PROFILE_FIRST_SLICE << slice;
}

void profile_tiers(const struct profile_read *read, struct profile_tiers *out)
{
    *out = (struct profile_tiers){0};
    for (u32 n = 0; n < read->count; n++) {
        const struct profile_record *r = &read->record[n];
        if (r->kind == PROFILE_TIER) out->samples[r->to >> 8][r->to & 0xff][r->pc] = r->count;
        if (r->kind == PROFILE_PROCESS) out->processes[r->to >> 8] = r->count;
    }
}

bool profile_of_records(struct arena *arena, const void *records, size_t size,
                        struct profile_read *out)
{
    *out = (struct profile_read){0};
    if (!size || size % sizeof *out->record || size / sizeof *out->record > PROFILE_RECORDS)
        return false;
    out->count = (u32)(size / sizeof *out->record);
    out->record = arena_alloc(arena, size);
    memcpy(out->record, records, size);
    for (u32 n = 0; n < out->count; n++)
        if (!is_good(&out->record[n]) || (n && compare(&out->record[n - 1], &out->record[n]) >= 0))
            return false;
    take_records(arena, out);
    return true;
}

struct profile_record *profile_pack(struct arena *arena, const struct profile *p, u64 ever,
                                    u32 *count)
{
    u32 n = 1, all = 1 + p->weight_count + p->call_count;
    struct profile_record *r = arena_alloc(arena, all * sizeof *r);
    r[0] = (struct profile_record){.pc = ever, .count = 1, .kind = PROFILE_EVER};
    for (u32 at = 0; at < p->weight_count; at++)
        r[n++] = (struct profile_record){
            .pc = p->weight[at].pc, .count = p->weight[at].samples, .kind = PROFILE_WEIGHT};
    for (u32 at = 0; at < p->call_count; at++)
        r[n++] = (struct profile_record){.pc = p->call[at].from,
                                         .to = p->call[at].to,
                                         .count = p->call[at].samples,
                                         .kind = PROFILE_CALL};
    *count = all;
    return r;
}

struct digest profile_digest(const struct profile *p)
{
    struct blake2b s;
    blake2b_start(&s);
    blake2b_add(&s, &p->weight_count, sizeof p->weight_count);
    for (u32 n = 0; n < p->weight_count; n++) { /* member by member: there is padding */
        blake2b_add(&s, &p->weight[n].pc, sizeof p->weight[n].pc);
        blake2b_add(&s, &p->weight[n].samples, sizeof p->weight[n].samples);
    }
    for (u32 n = 0; n < p->call_count; n++) {
        blake2b_add(&s, &p->call[n].from, sizeof p->call[n].from);
        blake2b_add(&s, &p->call[n].to, sizeof p->call[n].to);
        blake2b_add(&s, &p->call[n].samples, sizeof p->call[n].samples);
    }
    return blake2b_end(&s);
}

/* --- whole folders ------------------------------------------------------------------------------
 */

/* The name of a profile, or of what a writer left that was killed: PROFILE.PID.tmp. Whatever else
 * is in a folder of that name is not ours. */
static bool is_ours(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");
    return n == RECORDS_DIGITS && (!name[n] || name[n] == '.');
}

static DIR *open_folder(const char *dir, int *folder)
{
    *folder = cache_folder(dir, files.folder, false);
    DIR *d = *folder < 0 ? NULL : fdopendir(*folder);
    if (!d && *folder >= 0) close(*folder);
    return d;
}

static bool add_all(const char *dir, const char *from, const struct digest *module)
{
    struct profile_record *all = records_room(&files, PROFILE_RECORDS);
    const char *why;
    if (!all) return false;
    u32 count = records_read(&files, from, module, all, &why);
    u32 skipped = has_ever(all, count);
    struct added a = {
        .record = all + skipped, .count = count - skipped, .ever = ever_of(all, count)};
    bool good = !count || add(dir, module, &a, &why);
    records_free(&files, all, PROFILE_RECORDS);
    return good;
}

bool cache_merge_profiles(const char *dir, const char *from, u32 *modules, bool *left_out)
{
    struct dirent *e;
    struct digest module;
    bool good = true;
    int folder;
    errno = 0;
    DIR *d = open_folder(from, &folder);
    *modules = 0;
    *left_out = !d && errno != ENOENT;
    while (d && (e = readdir(d)) != NULL) {
        if (!records_module(&files, from, e->d_name, &module)) {
            *left_out |= is_ours(e->d_name) && !strchr(e->d_name, '.');
            continue;
        }
        bool added = add_all(dir, from, &module);
        *modules += added;
        good &= added;
    }
    if (d) closedir(d);
    return good;
}

u32 cache_clear_profiles(const char *dir, const struct digest *module)
{
    char name[RECORDS_DIGITS + 1] = "";
    struct dirent *e;
    u32 removed = 0;
    int folder;
    DIR *d = open_folder(dir, &folder);
    if (module) digest_text(module, name, RECORDS_DIGITS);
    while (d && (e = readdir(d)) != NULL) {
        if (!is_ours(e->d_name) || (module && strcmp(e->d_name, name) != 0)) continue;
        removed += unlinkat(folder, e->d_name, 0) == 0 && strlen(e->d_name) == RECORDS_DIGITS;
    }
    if (d) closedir(d);
    return removed;
}
