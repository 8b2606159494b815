/*
 * Tables of sites.
 */
#include "aot/abi/sites.h"

#include <string.h>

#define SLACK     4096 /* how far outside the module a site may lead and still look like it */
#define RIP_MODRM 0x05 /* ModRM of an operand relative to RIP, but for its register */
#define RIP_MASK  0xc7
/* The next site is at least that far: its ModRM byte isn't in this one. */
#define SITE_NEXT (SITE_SIZE + 1)

/* The field at `at` of the text looks like a site. */
static bool looks_like_site(const struct image_header *h, const u8 *text, u32 at)
{
    s32 distance;
    if (!at || (text[at - 1] & RIP_MASK) != RIP_MODRM) return false;
    memcpy(&distance, text + at, SITE_SIZE);
    s64 target = (s64)h->text + at + SITE_SIZE + distance + h->distance; /* from the module on */
    return target >= -SLACK && target < (s64)h->span + SLACK;
}

static u32 code_end(const struct image_header *h)
{
    u32 size = h->sites - h->text;
    return size < SITE_SIZE ? 0 : size - SITE_SIZE + 1;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static u64 get(struct site_reader *r)
{
    u64 number = 0;
    for (unsigned shift = 0; shift < 64 && r->in < r->end; shift += 7) {
        u8 byte = *r->in++;
        number |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return number;
    }
    r->failed = true;
    return 0;
}

void sites_start(struct site_reader *r, u8 *image)
{
    const struct image_header *h = (const void *)(image + IMAGE_HEADER_AT);
    *r = (struct site_reader){.header = h,
                              .code = image + h->text,
                              .size = code_end(h),
                              .in = image + h->sites,
                              .end = image + h->sites + h->sites_size,
                              .sites = true};
    r->run = get(r);
}

static u8 *next_odd(struct site_reader *r)
{
    if (r->in == r->end || r->failed) return NULL;
    u64 distance = get(r);
    r->failed |= distance >= r->size - r->at;
    if (r->failed) return NULL;
    r->at += (u32)distance;
    return r->code + r->at;
}

u8 *sites_next(struct site_reader *r)
{
    for (; !r->odd && r->at < r->size; r->at++) {
        if (!looks_like_site(r->header, r->code, r->at)) continue;
        while (!r->run && !r->failed) {
            r->run = get(r);
            r->sites = !r->sites;
        }
        if (r->failed) return NULL;
        r->run--;
        if (!r->sites) continue;
        u8 *site = r->code + r->at;
        r->at += SITE_NEXT;
        return site;
    }
    if (!r->odd) r->at = 0;
    r->odd = true;
    return next_odd(r);
}

/* --- writing ------------------------------------------------------------------------------------
 */

struct site_writer {
    u8 *room;
    u32 size, used;
};

static void put(struct site_writer *w, u64 number)
{
    do {
        u8 more = number >= 0x80 ? 0x80 : 0;
        if (w->used < w->size) w->room[w->used] = (u8)((number & 0x7f) | more);
        w->used++;
        number >>= 7;
    } while (number);
}

/* The last run isn't needed if its fields aren't sites, but where the odd ones begin is. */
static void put_runs(struct site_writer *w, const struct image_header *h, const u8 *text,
                     const u32 *site, u32 count)
{
    bool sites = true;
    u64 run = 0;
    for (u32 at = 0, n = 0, end = code_end(h); at < end; at++) {
        if (!looks_like_site(h, text, at)) continue;
        while (n < count && site[n] < at) n++;
        bool is_site = n < count && site[n] == at;
        if (is_site != sites) {
            put(w, run);
            run = 0;
            sites = is_site;
        }
        run++;
        if (is_site) at += SITE_NEXT - 1;
    }
    put(w, run);
}

u32 sites_write(const struct image_header *h, const u8 *text, const u32 *site, u32 count, u8 *room,
                u32 size)
{
    struct site_writer w = {room, size, 0};
    u32 last = 0;
    put_runs(&w, h, text, site, count);
    for (u32 n = 0; n < count; n++) {
        if (looks_like_site(h, text, site[n])) continue;
        put(&w, site[n] - last);
        last = site[n];
    }
    return w.used;
}
