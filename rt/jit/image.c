/*
 * The table of mapped images. It is small, changes seldom, and is read without a lock by signal
 * handlers: an image's base is stored last, and cleared first.
 *
 * An image is used whole or not at all: its code goes from region to region directly, so when guest
 * code that it was made from changes, all of it goes, and threads that run in it leave it at their
 * next safepoint.
 */
#include "rt/jit/image.h"

#include "aot/abi/image_index.h"
#include "aot/abi/sidepack.h"
#include "rt/image.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/stats.h"

#include <string.h>
#include <sys/mman.h>

#define MAX_IMAGES   1024
#define MAX_DIVERTED 256

struct mapped_image {
    const u8 *base;           /* NULL: free */
    u32 retired;              /* 0, or the generation before which threads may be in it */
    u64 code_start, code_end; /* guest addresses */
    u64 text;                 /* host address of the code */
    u32 text_size;
    u32 total; /* bytes */
    u32 chunk; /* bytes of cells that are filled in at once */
    u32 guard_count;
    bool published; /* other threads may use it */
    u64 ready;      /* bit n: chunk n of the cells has been filled in */
    u64 *cells;
    const struct image_header *header;
};

/* Cells are filled in by chunks, of which an image has at most 64; up to LEAST_CHUNK of them when
 * the image is added, more when code first gets to them. */
#define LEAST_CHUNK (16u << 10)

/* A cell that leads elsewhere than into its image. */
struct diverted {
    const struct mapped_image *image;
    u32 cell;
    u32 code; /* what it led to, in the image's text */
};

static struct mapped_image images[MAX_IMAGES];
static u32 image_count; /* grows only */
static struct diverted diverted[MAX_DIVERTED];
static u32 diverted_count;
static struct lock table_lock; /* images come into the table, leave it, or must stay */

/* --- tables -------------------------------------------------------------------------------------
 */

static const void *table(const struct mapped_image *m, u32 at)
{
    return m->base + at;
}

/* Offset in text of the code of the entry at guest address pc, or UINT32_MAX. */
static u32 entry_at(const struct mapped_image *m, u64 pc)
{
    return pc % 4 ? UINT32_MAX : index_find(m->base, (u32)((pc - m->code_start) / 4));
}

/* Reads where cells lead: offsets in text. Behind the end of a damaged table they stay the same. */
struct cell_reader {
    const u8 *at, *end;
    u32 code;
};

static struct cell_reader read_cells(const struct mapped_image *m)
{
    const u8 *at = table(m, m->header->cell_code);
    return (struct cell_reader){at, at + m->header->cell_code_size, 0};
}

static u32 next_cell(struct cell_reader *r)
{
    u32 forward = 0;
    for (unsigned shift = 0; shift < 32 && r->at < r->end; shift += 7) {
        u8 byte = *r->at++;
        forward |= (u32)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) break;
    }
    return r->code += forward;
}

/* --- queries ------------------------------------------------------------------------------------
 */

static const struct mapped_image *image_of(u64 pc)
{
    u32 count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
    for (u32 n = 0; n < count; n++) {
        const struct mapped_image *m = &images[n];
        if (__atomic_load_n(&m->base, __ATOMIC_ACQUIRE) && !m->retired && pc >= m->code_start &&
            pc < m->code_end)
            return m;
    }
    return NULL;
}

bool image_has(u64 pc)
{
    const struct mapped_image *m = image_of(pc);
    return m && entry_at(m, pc) != UINT32_MAX;
}

const struct digest *image_without(u64 pc, u64 *unbiased)
{
    const struct mapped_image *m = image_of(pc);
    if (!m) return NULL;
    *unbiased = pc - m->code_start + m->header->code_low;
    return &m->header->module;
}

bool image_is_guided(const struct digest *module)
{
    const u8 *header = (const u8 *)module - offsetof(struct image_header, module);
    return ((const struct image_header *)(const void *)header)->profile_samples != 0;
}

u8 *image_code(u64 pc)
{
    const struct mapped_image *m = image_of(pc);
    u32 code = m ? entry_at(m, pc) : UINT32_MAX;
    return code == UINT32_MAX ? NULL : (u8 *)(uintptr_t)(m->text + code);
}

/* The image that has ip in a region's code, or NULL. */
static const struct mapped_image *image_at(u64 ip)
{
    u32 count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
    for (u32 n = 0; n < count; n++)
        if (__atomic_load_n(&images[n].base, __ATOMIC_ACQUIRE) &&
            ip - images[n].text < images[n].text_size)
            return &images[n];
    return NULL;
}

bool image_covers(u64 pc)
{
    const struct mapped_image *m = image_of(pc);
    return m && pc % 4 == 0 && side_pack_covers(m->base, (u32)((pc - m->code_start) / 4));
}

bool image_spans(u64 pc)
{
    const struct mapped_image *m = image_of(pc);
    return m && pc % 4 == 0 && side_pack_spans(m->base, (u32)((pc - m->code_start) / 4));
}

const void *image_base(u64 ip)
{
    const struct mapped_image *m = image_at(ip);
    return m ? m->base : NULL;
}

const struct digest *image_near(u64 ip, u64 *pc, u64 *region_pc)
{
    const struct mapped_image *m = image_at(ip);
    struct index_place region;
    if (!m || !side_pack_near(m->base, (u32)(ip - m->text), pc, &region)) return NULL;
    *pc += m->header->code_low;
    *region_pc = m->header->code_low + 4 * (u64)region.pc;
    return &m->header->module;
}

/* Of guards the one of the region's first call that has such a copy. */
bool image_guarded(u64 ip, u64 pc, u64 region_pc, u64 *from, u64 *to)
{
    const struct mapped_image *m = image_at(ip);
    if (!m || pc < m->header->code_low) return false;
    const struct image_guard *guard = table(m, m->header->guards), *best = NULL;
    u64 at = (pc - m->header->code_low) / 4, region = (region_pc - m->header->code_low) / 4;
    for (u32 n = 0; n < m->header->guard_count; n++, guard++)
        if (guard->to <= at && at - guard->to < COPIED_MOST && guard->from >= region &&
            (!best || guard->from < best->from))
            best = guard;
    if (!best || (at >= region && at <= best->from)) return false; /* the region's own code */
    *from = m->header->code_low + 4 * (u64)best->from;
    *to = m->header->code_low + 4 * (u64)best->to;
    return true;
}

bool image_find_point(u64 ip, enum point_kind kind, u64 *region_pc, struct frame_state *fs)
{
    const struct mapped_image *m = image_at(ip);
    struct index_place region;
    u32 at, size, offset = m ? (u32)(ip - m->text) : 0;
    if (!m || !side_pack_group(m->base, offset, &at, &size)) return false;
    image_side_used((u64)m->base, at, size);
    if (!side_pack_find(m->base, kind, offset, fs, &region)) return false;
    *region_pc = m->code_start + 4 * (u64)region.pc;
    fs->pc += m->code_start;
    return true;
}

bool image_is_between(u64 ip, struct near_safepoints *near)
{
    const struct side_safepoints *in = &near->in;
    if (ip - near->text < in->from || ip - near->text >= in->to) {
        const struct mapped_image *m = image_at(ip);
        u32 at, size;
        if (!m || !side_pack_group(m->base, (u32)(ip - m->text), &at, &size)) return false;
        image_side_used((u64)m->base, at, size);
        side_pack_safepoints(m->base, (u32)(ip - m->text), &near->in);
        near->text = m->text;
        if (ip - near->text < in->from || ip - near->text >= in->to) return false;
    }
    for (u32 n = 0; n < in->count; n++)
        if (near->text + in->offset[n] == ip) return false;
    return true;
}

/* --- changes ------------------------------------------------------------------------------------
 */

/* What the cells in [from, to) of the image hold at first: they lead to their entries' code,
 * inline caches nowhere. */
static void first_cells(const struct mapped_image *m, u32 from, u32 to, u64 *out)
{
    const struct image_header *h = m->header;
    struct cell_reader r = read_cells(m);
    u32 end_of_cells = h->cells + 8 * h->cell_count;
    for (u32 at = h->cells; at < from && at < end_of_cells; at += 8) next_cell(&r);
    for (u32 at = from; at < to; at += 8, out++) {
        if (at >= h->cells && at < end_of_cells)
            *out = m->text + next_cell(&r);
        else if (at >= end_of_cells && at < h->caches + 8 * h->cache_count)
            *out = (u64)&code_no_record;
    }
}

/* Under the lock that guards the image, or while nobody else knows it: the chunk that has that
 * offset of the image. It is made elsewhere if other threads may be about to use it. */
static bool fill_chunk(struct mapped_image *m, u32 offset)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
    u32 first = m->header->map_size, n = (offset - first) / m->chunk, from = first + n * m->chunk;
    u32 size = from + m->chunk <= m->total ? m->chunk : m->total - from;
    if (m->ready >> n & 1) return true;
    void *place = (u8 *)(uintptr_t)m->base + from;
    void *made = m->published ? mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0)
                              : mmap(place, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1, 0);
    if (made == MAP_FAILED) return false;
    first_cells(m, from, from + size, made);
    if (made != place &&
        mremap(made, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
        munmap(made, size);
        return false;
    }
    m->ready |= UINT64_C(1) << n;
    return true;
}

bool image_holds(u64 ip)
{
    u32 count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
    for (u32 n = 0; n < count; n++) {
        const struct mapped_image *m = &images[n];
        if (__atomic_load_n(&m->base, __ATOMIC_ACQUIRE) &&
            ip - m->text < m->header->map_size - m->header->text)
            return true;
    }
    return false;
}

bool image_fill_cells(u64 address)
{
    bool filled = false;
    for (u32 n = 0; n < image_count && !filled; n++) {
        u64 base = (u64)__atomic_load_n(&images[n].base, __ATOMIC_ACQUIRE);
        if (base && address >= base + images[n].header->map_size &&
            address < base + images[n].total)
            filled = fill_chunk(&images[n], (u32)(address - base));
    }
    return filled;
}

static struct mapped_image *free_slot(void)
{
    for (u32 n = 0; n < MAX_IMAGES; n++)
        if (!images[n].base) return &images[n];
    return NULL;
}

static u32 chunk_size(u32 cells)
{
    u32 size = (u32)ALIGN_UP((cells + UINT64_C(63)) / 64, (u64)GUEST_PAGE);
    return size < LEAST_CHUNK ? LEAST_CHUNK : size;
}

bool image_add(void *base, u64 start)
{
    const struct image_header *h = (const void *)((const u8 *)base + IMAGE_HEADER_AT);
    u32 cells = h->total_size - h->map_size;
    struct mapped_image made = {.base = base,
                                .header = h,
                                .text = (u64)base + h->text,
                                .text_size = h->text_size,
                                .total = h->total_size,
                                .chunk = chunk_size(cells),
                                .guard_count = h->guard_count,
                                .cells = (void *)((u8 *)base + h->cells),
                                .code_start = start + (h->code_low - h->low),
                                .code_end =
                                    start + (h->code_low - h->low) + 4 * (u64)h->code_words};
    if (cells != 0 && cells <= made.chunk && !fill_chunk(&made, h->map_size)) return false;
    lock_take(&table_lock);
    struct mapped_image *m = free_slot();
    if (m) {
        *m = made;
        m->base = NULL;
        m->published = true;
        __atomic_store_n(&m->base, made.base, __ATOMIC_RELEASE);
        if (m - images >= image_count)
            __atomic_store_n(&image_count, (u32)(m - images) + 1, __ATOMIC_RELEASE);
        stats_add(STAT_IMAGES, 1);
    }
    lock_drop(&table_lock);
    return m != NULL;
}

static struct mapped_image *image_with_code(u64 ip)
{
    for (u32 n = 0; n < image_count; n++)
        if (images[n].base && !images[n].retired && ip - images[n].text < images[n].text_size)
            return &images[n];
    return NULL;
}

/* The guest address of the entry whose code is at that offset of the text, or 0. */
static u64 pc_of_entry(const struct mapped_image *m, u32 offset)
{
    struct index_cursor c;
    index_start(&c, m->base, index_cluster_of_code(m->base, offset), 1);
    while (index_next_region(&c) && c.region.code <= offset)
        while (index_next_entry(&c))
            if (c.entry.code == offset) return m->code_start + 4 * (u64)c.entry.pc;
    return 0;
}

bool image_divert(const u8 *code, image_detour_fn *detour)
{
    struct mapped_image *m = image_with_code((u64)code);
    if (!m) return false;
    struct cell_reader r = read_cells(m);
    struct index_place region;
    u32 end;
    if (!index_region_of_code(m->base, (u32)((u64)code - m->text), &region, &end)) return false;
    for (u32 cell = 0; cell < m->header->cell_count; cell++) {
        u32 offset = next_cell(&r);
        if (offset < region.code || offset >= end || diverted_count == MAX_DIVERTED) continue;
        u64 pc = pc_of_entry(m, offset);
        u8 *to = pc ? detour(pc) : NULL;
        if (!to || !fill_chunk(m, m->header->cells + 8 * cell)) return false;
        diverted[diverted_count++] = (struct diverted){m, cell, offset};
        __atomic_store_n(&m->cells[cell], (u64)to, __ATOMIC_RELEASE);
    }
    return true;
}

static void failed_guards(const struct mapped_image *m, profile_guard_fn *each)
{
    if (!m->guard_count) return; /* the header's page need not be there in a fork's child */
    const struct image_header *h = m->header;
    const struct image_guard *guard = table(m, h->guards);
    for (u32 n = 0; n < m->guard_count; n++, guard++) {
        u32 at = h->failed + 8 * n;
        if (!(m->ready >> (at - h->map_size) / m->chunk & 1)) continue;
        u64 *count = (u64 *)(uintptr_t)(m->base + at), failed = *count;
        if (!failed) continue;
        *count = 0;
        if (each)
            each(&h->module, h->code_low + 4 * (u64)guard->from, h->code_low + 4 * (u64)guard->to,
                 failed);
    }
}

void image_failed_guards(profile_guard_fn *each)
{
    lock_take(&table_lock);
    for (u32 n = 0; n < image_count; n++)
        if (images[n].base) failed_guards(&images[n], each);
    lock_drop(&table_lock);
}

void image_before_fork(void)
{
    lock_take(&table_lock);
}

void image_after_fork(bool child)
{
    if (child)
        lock_reset(&table_lock);
    else
        lock_drop(&table_lock);
}

static struct image_parts parts_of(const struct mapped_image *m)
{
    u64 caches = (u64)m->base + m->header->caches;
    return (struct image_parts){m->code_start, m->code_end, caches,
                                caches + 8 * (u64)m->header->cache_count};
}

bool image_has_cache(u64 address)
{
    for (u32 n = 0; n < image_count; n++) {
        if (!images[n].base || images[n].retired) continue;
        struct image_parts p = parts_of(&images[n]);
        if (address >= p.caches_start && address < p.caches_end) return true;
    }
    return false;
}

static void reset_caches(const struct mapped_image *m)
{
    u32 first = m->header->map_size;
    for (u32 n = 0; n < m->header->cache_count; n++) {
        u32 at = m->header->caches + 8 * n;
        if (m->ready >> (at - first) / m->chunk & 1)
            __atomic_store_n((u64 *)(uintptr_t)(m->base + at), (u64)&code_no_record,
                             __ATOMIC_RELEASE);
    }
}

void image_reset_cells(void)
{
    for (u32 n = 0; n < image_count; n++)
        if (images[n].base) reset_caches(&images[n]);
    for (u32 n = 0; n < diverted_count; n++) {
        const struct diverted *d = &diverted[n];
        if (!d->image->base || d->cell >= d->image->header->cell_count) continue;
        __atomic_store_n(&d->image->cells[d->cell], d->image->text + d->code, __ATOMIC_RELEASE);
    }
    diverted_count = 0;
}

bool image_invalidate(u64 start, u64 end, u32 generation, image_kill_fn *kill)
{
    bool any = false;
    for (u32 n = 0; n < image_count; n++) {
        struct mapped_image *m = &images[n];
        if (!m->base || m->retired || start >= m->code_end || end <= m->code_start) continue;
        __atomic_store_n(&m->retired, generation, __ATOMIC_RELEASE);
        struct image_parts gone = parts_of(m);
        kill(&gone);
        any = true;
    }
    return any;
}

bool image_evict(u64 start, u64 end, u32 generation, image_kill_fn *kill)
{
    bool any = false;
    for (u32 n = 0; n < image_count; n++) {
        struct mapped_image *m = &images[n];
        u64 base = (u64)m->base;
        if (!base || start >= base + m->total || end <= base) continue;
        any = true;
        if (m->retired) continue;
        __atomic_store_n(&m->retired, generation, __ATOMIC_RELEASE);
        struct image_parts gone = parts_of(m);
        kill(&gone);
    }
    return any;
}

void image_give_back(u32 oldest)
{
    for (u32 n = 0; n < image_count; n++) {
        struct mapped_image *m = &images[n];
        if (!m->retired) continue;
        lock_take(&table_lock);
        bool old = m->base && m->retired && m->retired <= oldest;
        u64 base = old ? (u64)m->base : 0, size = old ? m->header->total_size : 0;
        if (old) __atomic_store_n(&m->base, NULL, __ATOMIC_RELEASE);
        lock_drop(&table_lock);
        if (size) image_unmapped(base);
        if (size) mm_unmap_image(base, size);
    }
}
