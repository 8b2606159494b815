/*
 * Whether an image's header makes sense: every table lies where it can, so that whoever maps the
 * image may believe the offsets. Whether the contents are those that were written, the digest says.
 */
#include "aot/image/cache.h"

#include "aot/abi/image_index.h"

#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

static bool is_inside(u64 at, u64 size, u64 from, u64 to, u64 align)
{
    return at % align == 0 && at >= from && at <= to && size <= to - at;
}

static bool tables_fit(const struct image_header *h)
{
    u64 from = IMAGE_HEADER_AT + sizeof *h, clusters = h->cluster_count;
    return h->hot_clusters <= h->cluster_count &&
           is_inside(h->cluster_pc, 4 * clusters, from, h->text, 4) &&
           is_inside(h->cluster_code, 4 * clusters, from, h->text, 4) &&
           is_inside(h->cluster_at, 4 * (clusters + 1), from, h->text, 4) &&
           is_inside(h->index, (u64)h->index_size + INDEX_SLACK, from, h->text, 1) &&
           is_inside(h->side_code, 4 * (u64)h->side_groups, from, h->text, 4) &&
           is_inside(h->side_at, 4 * ((u64)h->side_groups + 1), from, h->text, 4) &&
           is_inside(h->side, h->side_size, from, h->text, 1) &&
           is_inside(h->cell_code, h->cell_code_size, from, h->text, 1) &&
           is_inside(h->guards, sizeof(struct image_guard) * (u64)h->guard_count, from, h->text,
                     4) &&
           h->unwind <= h->text;
}

static bool memory_fits(const struct image_header *h)
{
    return h->text % PAGE == 0 && h->map_size % PAGE == 0 && h->total_size % PAGE == 0 &&
           h->text <= h->map_size && is_inside(h->sites, h->sites_size, h->text, h->map_size, 1) &&
           h->text_size <= h->sites - h->text &&
           is_inside(h->cells, 8 * (u64)h->cell_count, h->map_size, h->total_size, 8) &&
           h->caches == h->cells + 8 * (u64)h->cell_count && h->external_count <= h->cache_count &&
           is_inside(h->caches, 8 * (u64)h->cache_count, h->cells, h->total_size, 8) &&
           h->failed == h->caches + 8 * (u64)h->cache_count &&
           is_inside(h->failed, 8 * (u64)h->guard_count, h->cells, h->total_size, 8);
}

const char *image_check(const struct image_header *h, u64 file_size)
{
    if (memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic) != 0) return "no image of Ferry's";
    if (h->format != IMAGE_FORMAT || h->header_size != sizeof *h) return "of another format";
    if (h->file_size != file_size) return "cut short or too long";
    if (h->map_size > file_size || !memory_fits(h) || !tables_fit(h)) return "a damaged header";
    bool apart = h->distance < 0 ? -h->distance >= h->total_size : h->distance >= (s64)h->span;
    if (h->low % PAGE || h->span % PAGE || h->distance % PAGE || !h->span || !apart ||
        h->distance > INT32_MAX || h->distance < INT32_MIN || h->code_low < h->low ||
        h->code_low % 4 || h->code_low - h->low > h->span ||
        4 * (u64)h->code_words > h->span - (h->code_low - h->low))
        return "a damaged header";
    return NULL;
}

const char *image_check_contents(int fd, const struct image_header *h)
{
    const size_t skip = IMAGE_HEADER_AT + offsetof(struct image_header, contents);
    static const struct digest zero;
    struct blake2b s;
    u8 *data = mmap(NULL, h->file_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return "it can't be read";
    blake2b_start(&s);
    blake2b_add(&s, data, skip);
    blake2b_add(&s, &zero, sizeof zero);
    blake2b_add(&s, data + skip + sizeof zero, h->file_size - skip - sizeof zero);
    struct digest d = blake2b_end(&s);
    munmap(data, h->file_size);
    return memcmp(&d, &h->contents, sizeof d) ? "its contents are damaged" : NULL;
}
