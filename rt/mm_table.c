/*
 * The sorted array of guest mappings. Arrays of some thousand areas (a large JVM) still move in
 * a microsecond or two; lookups are binary searches.
 */
#include "rt/mm_table.h"

#include "rt/log.h"
#include "rt/thread.h"

#include <string.h>
#include <sys/mman.h>

struct lock mm_lock;
struct mm_table mm_table;

static void make_room(size_t more)
{
    size_t bytes, want;
    void *p;

    if (mm_table.count + more <= mm_table.capacity) return;
    want = mm_table.capacity == 0 ? 512 : mm_table.capacity * 2;
    bytes = ALIGN_UP(want * sizeof(struct mm_area), (size_t)GUEST_PAGE);
    p = mm_table.area == NULL
            ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : mremap(mm_table.area,
                     ALIGN_UP(mm_table.capacity * sizeof(struct mm_area), (size_t)GUEST_PAGE),
                     bytes, MREMAP_MAYMOVE);
    if (p == MAP_FAILED) log_fatal(126, "no memory for the guest's map");
    mm_table.area = p;
    mm_table.capacity = want;
}

size_t mm_index(u64 addr)
{
    size_t lo = 0, hi = mm_table.count;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (mm_table.area[mid].end <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool mm_is_free(u64 start, u64 end)
{
    size_t i = mm_index(start);

    return i == mm_table.count || mm_table.area[i].start >= end;
}

u64 mm_covered_to(u64 start, u64 end)
{
    for (size_t i = mm_index(start); start < end; i++) {
        if (i == mm_table.count || mm_table.area[i].start > start ||
            mm_table.area[i].label == MM_IMAGE)
            return start;
        start = mm_table.area[i].end;
    }
    return end;
}

bool mm_has_image(u64 start, u64 end)
{
    for (size_t i = mm_index(start); i < mm_table.count && mm_table.area[i].start < end; i++)
        if (mm_table.area[i].label == MM_IMAGE) return true;
    return false;
}

static void open_gap(size_t at, size_t n)
{
    make_room(n);
    memmove(mm_table.area + at + n, mm_table.area + at,
            (mm_table.count - at) * sizeof(struct mm_area));
    mm_table.count += n;
    mm_changed();
}

static void close_gap(size_t at, size_t n)
{
    mm_table.count -= n;
    mm_changed();
    memmove(mm_table.area + at, mm_table.area + at + n,
            (mm_table.count - at) * sizeof(struct mm_area));
}

void mm_split(u64 at)
{
    size_t i = mm_index(at);
    struct mm_area *a;

    if (i == mm_table.count || mm_table.area[i].start >= at) return;
    open_gap(i, 1);
    a = &mm_table.area[i];
    a[0] = a[1];
    a[0].end = at;
    a[1].start = at;
    if (a[1].ino != 0) a[1].offset += at - a[0].start;
}

bool mm_remove(u64 start, u64 end)
{
    bool executable = false;
    size_t i, n = 0;

    mm_split(start);
    mm_split(end);
    i = mm_index(start);
    while (i + n < mm_table.count && mm_table.area[i + n].start < end) {
        executable |= (mm_table.area[i + n].prot & PROT_EXEC) != 0;
        n++;
    }
    if (n != 0) close_gap(i, n);
    return executable;
}

static bool continues(const struct mm_area *a, const struct mm_area *b)
{
    return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->dev == b->dev &&
           a->ino == b->ino && a->label == b->label &&
           (a->ino == 0 || a->offset + (a->end - a->start) == b->offset);
}

void mm_merge(u64 start, u64 end)
{
    size_t i = mm_index(start);

    if (i > 0) i--;
    while (i + 1 < mm_table.count && mm_table.area[i].start <= end) {
        struct mm_area *a = &mm_table.area[i];

        if (continues(&a[0], &a[1])) {
            a[0].end = a[1].end;
            close_gap(i + 1, 1);
        } else {
            i++;
        }
    }
}

static void tell_of_aliases(struct thread *t, void *context)
{
    (void)context;
    __atomic_store_n(&t->state.aliased, 1, __ATOMIC_RELAXED);
}

void mm_note_alias(void)
{
    if (mm_table.aliased) return;
    __atomic_store_n(&mm_table.aliased, true, __ATOMIC_SEQ_CST);
    thread_each(tell_of_aliases, NULL);
}

/* A file's part that is in another area too, and shared by one of them. */
void mm_look_for_alias(const struct mm_area *area)
{
    u64 end = area->offset + (area->end - area->start);

    for (size_t i = 0; area->ino != 0 && !mm_table.aliased && i < mm_table.count; i++) {
        const struct mm_area *b = &mm_table.area[i];
        bool same = b->ino == area->ino && b->dev == area->dev;

        if (b == area || !same || (MAP_SHARED & (area->flags | b->flags)) == 0) continue;
        if (b->offset < end && area->offset < b->offset + (b->end - b->start)) mm_note_alias();
    }
}

void mm_insert(const struct mm_area *area)
{
    size_t i = mm_index(area->start);

    mm_look_for_alias(area);
    mm_table.writable_code |= (area->prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
    open_gap(i, 1);
    mm_table.area[i] = *area;
    mm_merge(area->start, area->end);
}
