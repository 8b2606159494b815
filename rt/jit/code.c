/*
 * Code memory and its tables.
 *
 * An arena is one reservation: first the runnable code, then private data, within 2 GiB of each
 * other by construction. Regions are appended in address order, so that an instruction pointer
 * finds its region by bisection. Region lookup is a table of chains, indexed by guest address,
 * whose heads translated code reads itself (enter.S); invalidation walks the regions of the arenas
 * whose guest span it touches, after a bitmap-like count per guest page says that there are any.
 */
#include "rt/jit/jit.h"

#include "rt/jit/image.h"
#include "rt/jit/lookup.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/stats.h"
#include "rt/translate.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_SIZE      (2u << 20)
#define DATA_SIZE      (4u << 20)
#define MAX_ARENAS     64
#define FIRST_POPULATE (64u << 10)
#define MAX_POPULATE   (512u << 10)
#define MAX_REGIONS    (CODE_SIZE / 64)
#define PAGE_COUNTS    (1u << 16)
#define SITES          (1u << 15)

struct code_arena {
    u8 *code;  /* runnable */
    u8 *write; /* the same memory, writable */
    u8 *data;
    u32 code_used, data_used;
    u32 code_ready, data_ready; /* bytes whose pages are there */
    bool sealed;
    u32 retired;             /* 0, or the generation before which threads may be in it */
    u32 count;               /* regions; grows only after the entry is there */
    struct region **regions; /* in data; ascending code */
};

struct lock code_lock;
static struct code_arena arenas[MAX_ARENAS]; /* free: code is NULL */
/* Chains of regions by guest address, linked by region.next: for threads whose FPCR needs nothing
 * special, and for the others (MODE_FPCR, MODE_FLUSH). A table that has become too small is empty
 * and stays, for threads that look into it. */
struct lookup {
    u32 mask; /* heads less one */
    u32 unused;
    struct region *head[];
};
#define FIRST_LOOKUP_BITS 9
#define LAST_LOOKUP_BITS  17
static struct first_lookup { /* a struct lookup with room; nobody reads it as this */
    u32 mask, unused;
    struct region *head[1 << FIRST_LOOKUP_BITS];
} first_lookup[3] = {{.mask = (1 << FIRST_LOOKUP_BITS) - 1},
                     {.mask = (1 << FIRST_LOOKUP_BITS) - 1},
                     {.mask = (1 << FIRST_LOOKUP_BITS) - 1}};
static struct lookup *lookup[3] = {(void *)&first_lookup[0], (void *)&first_lookup[1],
                                   (void *)&first_lookup[2]};
static u32 in_lookup[3];            /* regions in the chains */
static u16 page_count[PAGE_COUNTS]; /* regions per guest page, folded; saturates */
static u32 epoch, published;        /* struct code_stamp */
static u32 generation = 1;
static u32 looked_at;    /* the compiler thread reads tables of this generation; 0: it doesn't */
static s32 current = -1; /* arena that takes new regions */
static u8 sites[SITES];  /* site modes by address, folded: a wrong hit costs only speed */
static bool any_site;    /* most programs never have one */

_Static_assert((int)offsetof(struct lookup, mask) - (int)offsetof(struct lookup, head) ==
                   LOOKUP_MASK_AT,
               "lookup.h disagrees");
struct jump_cache_entry code_no_record = {1, (void *)(uintptr_t)engine_leave_indirect};

_Static_assert(REGION_PC == offsetof(struct jump_cache_entry, pc) &&
                   REGION_CODE == offsetof(struct jump_cache_entry, host),
               "a region is no record of an inline cache");
_Static_assert(REGION_PC == offsetof(struct region, pc), "lookup.h disagrees");
_Static_assert(REGION_CODE == offsetof(struct region, code), "lookup.h disagrees");
_Static_assert(JUMP_CACHE_SIZE == JUMP_CACHE_BYTES, "lookup.h disagrees");
_Static_assert(JUMP_CACHE_MASK == ((1 << JUMP_CACHE_BITS) - 1) << 2, "lookup.h disagrees");

static u32 kind_of(u8 mode)
{
    return mode & MODE_FPCR ? 1 : mode & MODE_FLUSH ? 2 : 0;
}

static struct lookup *lookup_for(u8 mode)
{
    return __atomic_load_n(&lookup[kind_of(mode)], __ATOMIC_ACQUIRE);
}

/* The chain that pc is in, if it is there. */
static struct region **lookup_of(u64 pc, u8 mode)
{
    struct lookup *l = lookup_for(mode);
    return &l->head[pc >> LOOKUP_SHIFT & l->mask];
}

/* Becomes its chain's head. */
static void put_first(struct region **head, struct region *r)
{
    r->next = *head;
    __atomic_store_n(head, r, __ATOMIC_RELEASE);
}

/* code_lock held. Who doesn't hold it looks at heads alone. */
static void grow(u32 kind)
{
    struct lookup *old = lookup[kind], *new;
    u64 heads = 4 * ((u64)old->mask + 1), size = sizeof(*new) + heads * sizeof(new->head[0]);
    if (heads > 1u << LAST_LOOKUP_BITS) return;
    new = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (new == MAP_FAILED) return;
    new->mask = (u32)heads - 1;
    for (u32 n = 0; n <= old->mask; n++) {
        for (struct region *r = old->head[n], *next; r; r = next) {
            next = r->next;
            put_first(&new->head[r->pc >> LOOKUP_SHIFT & new->mask], r);
        }
    }
    __atomic_store_n(&lookup[kind], new, __ATOMIC_RELEASE);
    for (u32 n = 0; n <= old->mask; n++) __atomic_store_n(&old->head[n], NULL, __ATOMIC_RELEASE);
}

/* code_lock held. */
static void lookup_add(struct region *r, u8 mode)
{
    if (++in_lookup[kind_of(mode)] > lookup_for(mode)->mask) grow(kind_of(mode));
    put_first(lookup_of(r->pc, mode), r);
}

/* code_lock held. Nobody is in any chain any more. */
static void lookup_clear(u32 kind)
{
    memset(lookup[kind]->head, 0, (lookup[kind]->mask + 1) * sizeof(lookup[kind]->head[0]));
    in_lookup[kind] = 0;
}

void code_choose_lookup(struct guest_state *s, u8 mode)
{
    s->lookup = lookup_for(mode)->head;
}

struct code_stamp code_stamp(void)
{
    return (struct code_stamp){__atomic_load_n(&epoch, __ATOMIC_ACQUIRE),
                               __atomic_load_n(&published, __ATOMIC_ACQUIRE)};
}

/* --- arenas
 * --------------------------------------------------------------------------------------- */

/*
 * Maps one arena; false: no memory. `code` is set last: signal handlers look at it. An old size of
 * 0 makes mremap() give shared memory a second address (mremap(2)); a file for it could be longer
 * than RLIMIT_FSIZE allows.
 */
static bool open_arena(struct code_arena *a)
{
    memset(a, 0, sizeof(*a));
    u8 *place = mmap(NULL, CODE_SIZE + DATA_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    u8 *write = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool good = place != MAP_FAILED && write != MAP_FAILED &&
                mremap(write, 0, CODE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place &&
                !mprotect(place, CODE_SIZE, PROT_READ | PROT_EXEC);
    if (!good) {
        if (place != MAP_FAILED) munmap(place, CODE_SIZE + DATA_SIZE);
        if (write != MAP_FAILED) munmap(write, CODE_SIZE);
        return false;
    }
    a->write = write;
    a->data = place + CODE_SIZE;
    a->regions = (struct region **)(void *)a->data;
    a->data_used = a->data_ready = MAX_REGIONS * sizeof(*a->regions);
    __atomic_store_n(&a->code, place, __ATOMIC_RELEASE);
    return true;
}

static void close_arena(struct code_arena *a)
{
    u8 *code = a->code, *write = a->write;
    __atomic_store_n(&a->code, NULL, __ATOMIC_RELEASE);
    munmap(code, CODE_SIZE + DATA_SIZE);
    munmap(write, CODE_SIZE);
}

static struct code_arena *current_arena(void)
{
    return current < 0 ? NULL : &arenas[current];
}

static size_t data_needed(const struct translation *tr)
{
    return tr->entry_count * ALIGN_UP(sizeof(struct region), (size_t)16) +
           tr->cell_count * sizeof(struct cell_slot) + tr->side_size + 64;
}

static bool fits(const struct code_arena *a, const struct translation *tr)
{
    return a && !a->sealed && a->code_used + tr->code_size + 64 <= CODE_SIZE &&
           a->data_used + data_needed(tr) <= DATA_SIZE && a->count < MAX_REGIONS;
}

/*
 * Sees to it that the pages of [start, start + need) are there, asking for them in ever larger
 * pieces: a fault on each page costs more than all else that is done to it. Where the kernel can't
 * (before Linux 5.14), the faults do it.
 */
static void populate(u8 *start, u32 *ready, u32 need, u32 size)
{
    if (need <= *ready) return;
    u32 more = *ready < FIRST_POPULATE ? FIRST_POPULATE
               : *ready < MAX_POPULATE ? *ready
                                       : MAX_POPULATE;
    u32 to = ALIGN_UP(need > *ready + more ? need : *ready + more, 4096u);
    if (to > size) to = size;
    madvise(start + *ready, to - *ready, MADV_POPULATE_WRITE);
    *ready = to;
}

/* An arena with room, or NULL: code memory has reached its bound. */
static struct code_arena *arena_for(const struct translation *tr)
{
    struct code_arena *a = current_arena();
    if (fits(a, tr)) return a;
    for (s32 n = 0; n < MAX_ARENAS; n++) {
        if (arenas[n].code) continue;
        if (!open_arena(&arenas[n])) return NULL;
        current = n;
        return fits(&arenas[n], tr) ? &arenas[n] : NULL;
    }
    return NULL;
}

static void *take_data(struct code_arena *a, size_t size)
{
    void *p = a->data + a->data_used;
    a->data_used += (u32)ALIGN_UP(size, (size_t)16);
    return p;
}

/* --- publishing
 * ----------------------------------------------------------------------------------- */

static void relocate(struct code_arena *a, const struct translation *tr, u32 at,
                     const struct cell_slot *cells, const s32 *heat)
{
    for (u32 n = 0; n < tr->reloc_count; n++) {
        const struct reloc *r = &tr->relocs[n];
        u64 from = (u64)(a->code + at + r->offset + 4 + r->tail);
        u64 to = r->kind == RELOC_CELL   ? (u64)&cells[r->value]
                 : r->kind == RELOC_HEAT ? (u64)heat
                                         : r->value;
        s32 distance = (s32)(to - from);
        memcpy(a->write + at + r->offset, &distance, 4);
    }
}

static void count_pages(const struct guest_range *range, int by)
{
    for (u64 page = range->start >> 12; page <= (range->end - 1) >> 12; page++) {
        u16 *count = &page_count[page % PAGE_COUNTS];
        if (*count != UINT16_MAX) *count = (u16)(*count + by);
    }
}

s32 code_first_heat(void)
{
    return (s32)options.warm * HEAT_OF_ENTRY;
}

static struct region *install(struct code_arena *a, const struct translation *tr, u8 mode,
                              struct cell_slot **cells_out)
{
    u32 at = a->code_used;
    populate(a->write, &a->code_ready, at + tr->code_size, CODE_SIZE);
    populate(a->data, &a->data_ready, a->data_used + (u32)data_needed(tr), DATA_SIZE);
    memcpy(a->write + at, tr->code, tr->code_size);
    a->code_used = (u32)ALIGN_UP(at + tr->code_size, 16u);
    struct region *r = take_data(a, sizeof(*r));
    struct cell_slot *cells = take_data(a, tr->cell_count * sizeof(*cells));
    u8 *side = take_data(a, tr->side_size);
    memcpy(side, tr->side, tr->side_size);
    for (u32 n = 0; n < tr->cell_count; n++)
        cells[n].target = cells[n].stub = tr->cells[n].target == CELL_RECORD
                                              ? (void *)&code_no_record
                                              : a->code + at + tr->cells[n].stub;
    relocate(a, tr, at, cells, &r->heat);
    *r = (struct region){.pc = tr->entries[0].pc,
                         .code = a->code + at,
                         .code_size = tr->code_size,
                         .side = side,
                         .side_size = tr->side_size,
                         .range = {tr->ranges[0].start, tr->ranges[tr->range_count - 1].end},
                         .heat = code_first_heat(),
                         .mode = mode};
    *cells_out = cells;
    a->regions[a->count] = r;
    __atomic_store_n(&a->count, a->count + 1, __ATOMIC_RELEASE);
    return r;
}

/* code_lock held. The region found becomes its chain's head. */
static struct region *find(u64 pc, u8 mode)
{
    struct region **head = lookup_of(pc, mode);
    for (struct region **p = head; *p; p = &(*p)->next) {
        struct region *r = *p;
        if (r->pc != pc || r->mode != mode) continue;
        if (p != head) {
            *p = r->next;
            r->next = *head;
            __atomic_store_n(head, r, __ATOMIC_RELEASE);
        }
        return r;
    }
    return NULL;
}

struct region *code_find(u64 pc, u8 mode)
{
    const struct lookup *l = lookup_for(mode);
    struct region *head = __atomic_load_n(&l->head[pc >> LOOKUP_SHIFT & l->mask], __ATOMIC_ACQUIRE);
    if (head && head->pc == pc && head->mode == mode && !head->dead) return head;
    if (!head && l == lookup_for(mode)) return NULL; /* l hasn't been emptied */
    lock_take(&code_lock);
    struct region *r = find(pc, mode);
    lock_drop(&code_lock);
    return r;
}

bool code_is_entry(void *context, u64 pc)
{
    (void)context;
    const struct region *r = __atomic_load_n(lookup_of(pc, 0), __ATOMIC_ACQUIRE);
    return r && r->pc == pc;
}

bool code_is_warm(u64 pc)
{
    lock_take(&code_lock);
    const struct region *r = find(pc, 0);
    bool warm = r && r->warm;
    lock_drop(&code_lock);
    return warm;
}

void code_set_heat(u64 pc, s32 heat)
{
    lock_take(&code_lock);
    struct region *r = find(pc, 0);
    if (r && !r->warm) r->heat = heat;
    lock_drop(&code_lock);
}

/* An arena with room for that much data, or NULL. */
static struct code_arena *arena_for_data(size_t size)
{
    const struct translation nothing = {.side_size = (u32)size};
    struct code_arena *a = current_arena();
    return a && a->data_used + size <= DATA_SIZE ? a : arena_for(&nothing);
}

/* What a cell of that kind holds to lead to the region; and what when that is gone. */
static void *leading_to(const struct incoming *in, struct region *to)
{
    return in->is_record ? (void *)to : to->code;
}

static void *leading_nowhere(const struct incoming *in)
{
    return in->is_record ? (void *)&code_no_record
                         : ((const struct cell_slot *)(const void *)in->cell)->stub;
}

/* code_lock held. The cell leads to the region, and elsewhere when the region goes. */
static void link_cell(struct code_arena *a, void **cell, bool is_record, struct region *to)
{
    if (!a || a->data_used + sizeof(struct incoming) > DATA_SIZE) return;
    struct incoming *in = take_data(a, sizeof(*in));
    *in = (struct incoming){to->incoming, cell, is_record};
    to->incoming = in;
    __atomic_store_n(cell, leading_to(in, to), __ATOMIC_RELEASE);
}

static bool is_in_arena(const void *cell)
{
    for (u32 n = 0; n < MAX_ARENAS; n++)
        if (arenas[n].code && !arenas[n].retired && (u64)cell - (u64)arenas[n].data < DATA_SIZE)
            return true;
    return false;
}

void code_link(struct cell_slot *cell, struct region *to)
{
    lock_take(&code_lock);
    if (!to->dead) link_cell(current_arena(), &cell->target, false, to);
    lock_drop(&code_lock);
}

/* An image's cells may have gone before this. */
void code_link_record(void **cell, struct region *to)
{
    lock_take(&code_lock);
    if (!to->dead && (is_in_arena(cell) || image_has_cache((u64)cell)))
        link_cell(arena_for_data(sizeof(struct incoming)), cell, true, to);
    lock_drop(&code_lock);
}

/* Links of a new region to regions that are there already. */
static void link_known(struct code_arena *a, const struct translation *tr, struct cell_slot *cells,
                       u8 mode)
{
    for (u32 n = 0; n < tr->cell_count; n++) {
        u64 target = tr->cells[n].target;
        struct region *to = *lookup_of(target, mode);
        if (target != CELL_RECORD && to && to->pc == target &&
            to->mode == ((mode & MODES_OF_FPCR) | code_site_mode(target)))
            link_cell(a, &cells[n].target, false, to);
    }
}

struct region *code_publish(const struct translation *tr, u8 mode, struct code_stamp since)
{
    struct region *r = NULL;
    lock_take(&code_lock);
    struct code_arena *a = NULL;
    if (since.epoch == epoch) {
        /* Another thread may have been faster. */
        if (since.published != published) r = find(tr->entries[0].pc, mode);
        if (!r) a = arena_for(tr);
    }
    if (a) {
        __atomic_store_n(&published, published + 1, __ATOMIC_RELEASE);
        struct cell_slot *cells;
        r = install(a, tr, mode, &cells);
        lookup_add(r, mode);
        count_pages(&r->range, 1);
        link_known(a, tr, cells, mode);
        if (log_on_at(LOG_LINK, r->pc))
            log_line(LOG_LINK,
                     "region 0x%llx: %u instructions, %u bytes at 0x%llx (0x%llx of arena %d)",
                     (unsigned long long)r->pc, tr->insn_count, tr->code_size,
                     (unsigned long long)r->code, (unsigned long long)(r->code - a->code),
                     (int)(a - arenas));
    }
    lock_drop(&code_lock);
    return r;
}

/* Who went to the old region from now on goes to the new one. The old one's code stays right, for
 * whoever is in it. code_lock held. */
static void take_place(struct region *old, struct region *new)
{
    struct region **p = lookup_of(old->pc, old->mode);
    while (*p && *p != old) p = &(*p)->next;
    if (*p) {
        __atomic_store_n(p, old->next, __ATOMIC_RELEASE);
        in_lookup[kind_of(old->mode)]--;
    }
    for (struct incoming *in = old->incoming, *next; in; in = next) {
        next = in->next;
        in->next = new->incoming;
        new->incoming = in;
        __atomic_store_n(in->cell, leading_to(in, new), __ATOMIC_RELEASE);
    }
    old->incoming = NULL;
    old->heat = 0; /* whose loop turns in it comes out */
}

static bool is_plain(const struct translation *tr)
{
    for (u32 n = 0; n < tr->entry_count; n++)
        if (code_site_mode(tr->entries[n].pc)) return false;
    return true;
}

/* The first entry's record is the code's own; the others hang from it. code_lock held. */
static void enter_all(struct code_arena *a, const struct translation *tr, struct region *first)
{
    for (u32 n = 0; n < tr->entry_count; n++) {
        struct region *r = n ? take_data(a, sizeof *r) : first;
        struct region *old = find(tr->entries[n].pc, 0);
        if (n) {
            *r = *first;
            r->pc = tr->entries[n].pc;
            r->first = first;
            first->also = r;
        }
        r->code = first->code + tr->entries[n].offset - tr->entries[0].offset;
        r->warm = true;
        r->incoming = NULL;
        if (old) take_place(old, r);
        lookup_add(r, 0);
    }
}

struct region *code_publish_warm(const struct translation *tr, struct code_stamp since)
{
    struct region *r = NULL;
    struct cell_slot *cells;
    lock_take(&code_lock);
    struct code_arena *a = since.epoch == epoch && is_plain(tr) ? arena_for(tr) : NULL;
    if (a) {
        __atomic_store_n(&published, published + 1, __ATOMIC_RELEASE);
        r = install(a, tr, 0, &cells);
        enter_all(a, tr, r);
        count_pages(&r->range, 1);
        link_known(a, tr, cells, 0);
        stats_add(STAT_WARM, 1);
        if (log_on_at(LOG_LINK, r->pc))
            log_line(LOG_LINK,
                     "region 0x%llx is warm: %u instructions, %u entries, %u bytes at 0x%llx",
                     (unsigned long long)r->pc, tr->insn_count, tr->entry_count, tr->code_size,
                     (unsigned long long)r->code);
    }
    lock_drop(&code_lock);
    return r;
}

struct region *code_from_image(u64 pc)
{
    lock_take(&code_lock);
    struct region *r = find(pc, 0);
    u8 *code = r ? NULL : image_code(pc);
    struct code_arena *a = code ? arena_for_data(sizeof(*r)) : NULL;
    if (a) {
        r = take_data(a, sizeof(*r));
        *r = (struct region){.pc = pc, .code = code, .range = {pc, pc + 4}, .image = true};
        lookup_add(r, 0);
        count_pages(&r->range, 1);
        stats_add(STAT_IMAGE_ENTRIES, 1);
    }
    lock_drop(&code_lock);
    return r;
}

/* --- lookup by host address
 * ------------------------------------------------------------------------- */

static struct region *region_in(const struct code_arena *a, u64 ip)
{
    u32 low = 0, high = __atomic_load_n(&a->count, __ATOMIC_ACQUIRE);
    while (low < high) {
        u32 middle = (low + high) / 2;
        if ((u64)a->regions[middle]->code <= ip)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) return NULL;
    struct region *r = a->regions[low - 1];
    return ip < (u64)r->code + r->code_size ? r : NULL;
}

struct region *code_region_at(u64 ip)
{
    for (u32 n = 0; n < MAX_ARENAS; n++) {
        const struct code_arena *a = &arenas[n];
        u64 code = (u64)__atomic_load_n(&a->code, __ATOMIC_ACQUIRE);
        if (code && ip >= code && ip < code + CODE_SIZE) return region_in(a, ip);
    }
    return NULL;
}

/* --- death
 * ------------------------------------------------------------------------------------------ */

/* code_lock held. */
static void kill_entry(struct region *r)
{
    struct region **p = lookup_of(r->pc, r->mode);
    while (*p && *p != r) p = &(*p)->next;
    if (*p) {
        __atomic_store_n(p, r->next, __ATOMIC_RELEASE);
        in_lookup[kind_of(r->mode)]--;
    }
    r->dead = true;
    for (struct incoming *in = r->incoming; in; in = in->next)
        __atomic_store_n(in->cell, leading_nowhere(in), __ATOMIC_RELEASE);
    r->incoming = NULL;
}

static void kill_region(struct region *r)
{
    if (r->first) r = r->first;
    if (r->dead) return;
    for (struct region *e = r; e; e = e->also) kill_entry(e);
    count_pages(&r->range, -1);
}

/* code_lock held. */
static void set_site(u64 pc, u8 site)
{
    sites[(pc >> 2) % SITES] |= site;
    any_site = true;
}

static u8 wanted_site; /* of make_detour */

/* The entry at pc is to be translated anew; code that looks for that translation, for a cell of an
 * image. NULL: no room. */
static u8 *make_detour(u64 pc)
{
    u8 code[TRANSLATE_DETOUR_SIZE];
    struct code_arena *a = current_arena();
    struct region *r = find(pc, 0);
    u32 size = translate_detour(code, pc);
    set_site(pc, wanted_site);
    if (r) kill_region(r);
    if (!a || a->sealed || a->code_used + size + 64 > CODE_SIZE) return NULL;
    u32 at = a->code_used;
    populate(a->write, &a->code_ready, at + size, CODE_SIZE);
    memcpy(a->write + at, code, size);
    a->code_used = (u32)ALIGN_UP(at + size, 16u);
    return a->code + at;
}

void code_supersede(struct region *r, u8 site)
{
    lock_take(&code_lock);
    set_site(r->pc, site);
    wanted_site = site;
    if (r->image && !r->dead) image_divert(r->code, make_detour);
    if (!r->dead) kill_region(r);
    lock_drop(&code_lock);
}

u8 code_site_mode(u64 pc)
{
    return any_site ? sites[(pc >> 2) % SITES] : 0;
}

static bool pages_have_code(u64 start, u64 end)
{
    u64 pages = ((end - 1) >> 12) - (start >> 12) + 1;
    if (pages >= PAGE_COUNTS) return true;
    for (u64 n = 0; n < pages; n++)
        if (page_count[((start >> 12) + n) % PAGE_COUNTS]) return true;
    return false;
}

/* Cells in [start, end) of memory lead nowhere from now on, and are not looked at again. */
static void forget_cells(struct region *r, u64 start, u64 end)
{
    for (struct incoming **p = &r->incoming; *p;) {
        struct incoming *in = *p;
        if ((u64)in->cell < start || (u64)in->cell >= end) {
            p = &in->next;
            continue;
        }
        __atomic_store_n(in->cell, leading_nowhere(in), __ATOMIC_RELEASE);
        *p = in->next;
    }
}

/* An image goes: so do the regions that stand for its entries, and what its cells lead to may go
 * later. */
static void kill_image_regions(const struct image_parts *gone)
{
    for (u32 n = 0; n <= lookup[0]->mask; n++)
        for (struct region *r = lookup[0]->head[n], *next; r; r = next) {
            next = r->next;
            forget_cells(r, gone->caches_start, gone->caches_end);
            if (r->image && r->pc >= gone->code_start && r->pc < gone->code_end) kill_region(r);
        }
}

bool code_invalidate(u64 start, u64 end)
{
    bool any = false;
    if (start >= end) return false;
    lock_take(&code_lock);
    __atomic_store_n(&epoch, epoch + 1, __ATOMIC_RELEASE);
    if (image_invalidate(start, end, generation + 1, kill_image_regions)) {
        generation++;
        any = true;
    }
    if (pages_have_code(start, end)) {
        for (u32 n = 0; n < MAX_ARENAS; n++) {
            if (!arenas[n].code || arenas[n].retired) continue;
            for (u32 k = 0; k < arenas[n].count; k++) {
                struct region *r = arenas[n].regions[k];
                if (r->dead || r->range.end <= start || r->range.start >= end) continue;
                kill_region(r);
                any = true;
            }
        }
    }
    lock_drop(&code_lock);
    if (any) stats_add(STAT_INVALIDATIONS, 1);
    return any;
}

/* --- giving memory back
 * --------------------------------------------------------------------------- */

void code_flush(void)
{
    lock_take(&code_lock);
    epoch++;
    generation++;
    for (u32 n = 0; n < MAX_ARENAS; n++) {
        if (!arenas[n].code || arenas[n].retired) continue;
        for (u32 k = 0; k < arenas[n].count; k++) arenas[n].regions[k]->dead = true;
        arenas[n].retired = generation;
    }
    for (u32 kind = 0; kind < ARRAY_SIZE(lookup); kind++) lookup_clear(kind);
    memset(page_count, 0, sizeof(page_count));
    image_reset_cells();
    current = -1;
    lock_drop(&code_lock);
    stats_add(STAT_EVICTIONS, 1);
    jit_kick_all();
}

static void find_oldest(struct thread *t, void *context)
{
    const struct jit_thread *j = jit_of(t);
    u32 *oldest = context;
    if (!j || __atomic_load_n(&j->outside, __ATOMIC_SEQ_CST)) return;
    u32 g = __atomic_load_n(&j->generation, __ATOMIC_SEQ_CST);
    if (g < *oldest) *oldest = g;
}

/* code_lock held. Nobody holds addresses of code of an older generation. */
static u32 oldest_in_use(void)
{
    u32 oldest = UINT32_MAX, looked = __atomic_load_n(&looked_at, __ATOMIC_SEQ_CST);
    thread_each(find_oldest, &oldest);
    return looked && looked < oldest ? looked : oldest;
}

/* Who is about to give memory back has taken all of it out of the tables before looking at this. So
 * either he sees it, or what is in that memory isn't found any more. */
void code_begin_looking(void)
{
    __atomic_store_n(&looked_at, __atomic_load_n(&generation, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
}

void code_end_looking(void)
{
    __atomic_store_n(&looked_at, 0, __ATOMIC_RELEASE);
}

void code_acknowledge(struct jit_thread *j)
{
    __atomic_store_n(&j->generation, generation, __ATOMIC_SEQ_CST);
    lock_take(&code_lock);
    u32 oldest = oldest_in_use();
    for (u32 n = 0; n < MAX_ARENAS; n++)
        if (arenas[n].code && arenas[n].retired && arenas[n].retired <= oldest)
            close_arena(&arenas[n]);
    lock_drop(&code_lock);
    image_give_back(oldest);
}

/* The caller is in a system call and holds no address of code; the others are told to let go of
 * theirs. */
bool code_evict_images(u64 start, u64 end)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        lock_take(&code_lock);
        bool any = image_evict(start, end, generation + 1, kill_image_regions);
        generation += any;
        lock_drop(&code_lock);
        if (!any) return true;
        jit_kick_all(); /* before any is given back: frames may lead there */
        lock_take(&code_lock);
        u32 oldest = oldest_in_use();
        lock_drop(&code_lock);
        image_give_back(oldest);
        if (tries) usleep(1000);
    }
    return false;
}

/* --- fork
 * ------------------------------------------------------------------------------------------- */

void code_before_fork(void)
{
    lock_take(&code_lock);
    if (current >= 0) arenas[current].sealed = true;
}

void code_after_fork(bool child)
{
    if (child)
        lock_reset(&code_lock);
    else
        lock_drop(&code_lock);
}
