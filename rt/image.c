/*
 * From a mapped module to its mapped image: see image.h, and aot/image/cache.h for what is trusted.
 */
#include "rt/image.h"

#include "aot/abi/sites.h"
#include "aot/image/cache.h"
#include "rt/auto_convert.h"
#include "rt/bundle.h"
#include "rt/engine.h"
#include "rt/guard.h"
#include "rt/log.h"
#include "rt/missed.h"
#include "rt/mm.h"
#include "rt/options.h"
#include "rt/profile.h"
#include "rt/thread.h"
#include "rt/translate.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How far apart an image's start and its module's start may be: all of the one reaches all of the
 * other (aot/image/build.c). */
#define IMAGE_REACH (UINT64_C(1) << 30)

static char user_dir[PATH_MAX];
static const char *dirs[3]; /* caches that are there; NULL at the end */
static struct digest translator;

static void add_dir(const char *dir)
{
    unsigned n = 0;

    while (dirs[n] != NULL) n++;
    if (access(dir, R_OK | X_OK) == 0) dirs[n] = dir;
}

void image_init(void)
{
    if (options.no_cache || engine->image_mapped == NULL) return;
    translator = translate_id();
    if (bundle_on) return; /* it has its own images, or none */
    if (options.cache != NULL)
        add_dir(options.cache);
    else if (cache_default(user_dir, sizeof(user_dir)))
        add_dir(options.cache = user_dir);
    add_dir(CACHE_SYSTEM);
}

bool image_leave(const struct thread *t)
{
    /* What a vfork child has in its memory is its parent's, which goes on. */
    if (!t->process->borrowed) profile_flush(options.no_cache ? NULL : options.cache);
    return missed_flush(options.no_cache ? NULL : options.cache);
}

bool image_end(const struct thread *t)
{
    if (options.auto_convert && options.cache != NULL && !options.no_cache && !bundle_on)
        auto_convert_leave(options.cache, &translator);
    return image_leave(t);
}

static bool is_guest_elf(int fd)
{
    Elf64_Ehdr h;

    return pread(fd, &h, sizeof(h), 0) == sizeof(h) && memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
           h.e_machine == EM_AARCH64 && h.e_ident[EI_CLASS] == ELFCLASS64;
}

static struct image_file file_of(int fd, u64 base, const struct bundle_entry *bundled,
                                 const struct image_header *h)
{
    return (struct image_file){.fd = fd,
                               .base = base,
                               .bundled = bundled,
                               .text = h->text,
                               .map_size = h->map_size,
                               .total = h->total_size,
                               .distance = h->distance};
}

/* The bundle's own image of an entry. */
static void find_bundled(struct image_file *f, const struct bundle_entry *e, u64 length)
{
    const struct image_header *h;
    const char *why;
    const u8 *image;

    if (options.no_cache || engine->image_mapped == NULL) return;
    if (e->image.size < IMAGE_HEADER_AT + sizeof(*h)) return;
    image = bundle_image(e, 0, IMAGE_HEADER_AT + sizeof(*h));
    h = (const void *)(image + IMAGE_HEADER_AT);
    why = image_check(h, e->image.size);
    if (why == NULL && memcmp(&h->translator, &translator, sizeof(translator)) != 0)
        why = "another translator's";
    if (why == NULL && (h->features & ~translate_host_features()) != 0)
        why = "for another processor";
    if (why != NULL) log_line(LOG_IMAGE, "the bundle's image is not used: %s", why);
    if (why != NULL || ALIGN_UP(length, (u64)GUEST_PAGE) != h->span) return;
    *f = file_of((int)bundle_file(), e->image.at, e, h);
}

void image_find(struct image_file *f, int fd, const struct bundle_entry *bundled, u64 length)
{
    const struct cache_query q = {&translator, translate_image_features(), dirs, NULL};
    struct cache_found found;
    const char *why = NULL;
    struct stat st;

    f->fd = -1;
    if (bundled != NULL) find_bundled(f, bundled, length);
    if (dirs[0] == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !is_guest_elf(fd)) return;
    if (!cache_find(&q, fd, &st, &found, &why)) {
        if (why != NULL)
            log_line(LOG_IMAGE, "inode %llu: an image is not used: %s",
                     (unsigned long long)st.st_ino, why);
        return;
    }
    if (ALIGN_UP(length, (u64)GUEST_PAGE) != found.header.span) {
        close(found.fd);
        return;
    }
    log_line(LOG_IMAGE, "%s", found.path);
    *f = file_of(found.fd, 0, NULL, &found.header);
}

static bool map_fixed(u64 at, u64 size, u32 prot, int fd, u64 offset)
{
    u32 flags = MAP_PRIVATE | MAP_FIXED;

    return host_syscall(SYS_mmap, at, size, prot, flags, (u64)fd, offset) == (s64)at;
}

/* --- code and side tables of a bundle's images, which are checked when they are first used
 * ----------------------------
 */

#define UNCHECKED_MAX 256

static struct unchecked {
    bool taken;
    u64 at;         /* of the image; 0: not in use */
    u64 text, size; /* addresses */
    const struct bundle_entry *e;
} unchecked[UNCHECKED_MAX];

/* Whether the code is to fault where it is first run; it is checked now if not. */
static bool check_later(const struct bundle_entry *e, u64 at, u64 text, u64 size)
{
    struct unchecked *u = unchecked;

    while (u < unchecked + UNCHECKED_MAX &&
           (u->taken || __atomic_exchange_n(&u->taken, true, __ATOMIC_ACQUIRE)))
        u++;
    if (u == unchecked + UNCHECKED_MAX) {
        (void)bundle_image(e, 0, text + size);
        return false;
    }
    *u = (struct unchecked){true, 0, at + text, size, e};
    __atomic_store_n(&u->at, at, __ATOMIC_RELEASE);
    return true;
}

static const struct unchecked *unchecked_at(u64 address)
{
    for (u32 n = 0; n < UNCHECKED_MAX; n++) {
        const struct unchecked *u = &unchecked[n];

        if (__atomic_load_n(&u->at, __ATOMIC_ACQUIRE) != 0 && address - u->text < u->size) return u;
    }
    return NULL;
}

void image_unmapped(u64 at)
{
    for (u32 n = 0; n < UNCHECKED_MAX; n++) {
        if (unchecked[n].at != at) continue;
        __atomic_store_n(&unchecked[n].at, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&unchecked[n].taken, false, __ATOMIC_RELEASE);
    }
}

bool image_fault(u64 address, ucontext_t *uc)
{
    const u64 write = 2; /* bit of the page fault's error code */
    const struct unchecked *u = bundle_on ? unchecked_at(address) : NULL;
    u64 offset, from, to;

    if (u == NULL || ((u64)uc->uc_mcontext.gregs[REG_ERR] & write) != 0 ||
        unchecked_at((u64)uc->uc_mcontext.gregs[REG_RIP]) == NULL)
        return false;
    offset = address - u->at;
    from = ALIGN_DOWN(offset, (u64)BUNDLE_CHUNK);
    to = from + BUNDLE_CHUNK;
    if (from < u->text - u->at) from = u->text - u->at;
    if (to > u->text - u->at + u->size) to = u->text - u->at + u->size;
    if (host_syscall(SYS_mprotect, u->at + from, to - from, PROT_READ | PROT_EXEC, 0, 0, 0) != 0)
        return false;
    bundle_check_mapped(u->e, offset, 1, (const u8 *)u->at, to);
    return true;
}

void image_side_used(u64 at, u64 from, u64 size)
{
    for (u32 n = 0; bundle_on && n < UNCHECKED_MAX; n++) {
        const struct unchecked *u = &unchecked[n];

        if (__atomic_load_n(&u->at, __ATOMIC_ACQUIRE) == at)
            bundle_check_mapped(u->e, from, size, (const u8 *)at, u->text - at);
    }
}

/* --- mapping ------------------------------------------------------------------------------------
 */

/* The parts of the image's file at their place, which is the runtime's already. */
static bool map_parts(const struct image_file *f, u64 at)
{
    const struct image_header *h = (const void *)(at + IMAGE_HEADER_AT);
    u32 text_prot = PROT_READ | PROT_EXEC;

    if (!map_fixed(at, f->text, PROT_READ, f->fd, f->base)) return false;
    if (h->text != f->text || h->map_size != f->map_size || h->total_size != f->total)
        return false; /* somebody else's hands were faster */
    if (f->bundled != NULL) {
        u64 behind = h->side + (u64)h->side_size;

        bundle_check_mapped(f->bundled, 0, h->side, (const u8 *)at, h->text);
        bundle_check_mapped(f->bundled, behind, h->text - behind, (const u8 *)at, h->text);
        if (check_later(f->bundled, at, h->text, h->map_size - h->text)) text_prot = PROT_NONE;
    }
    return map_fixed(at + h->text, h->map_size - h->text, text_prot, f->fd, f->base + h->text);
}

/* Every place in the code that knows how far the module is: it is `moved` bytes further away. */
static bool adjust_sites(u64 at, s64 moved)
{
    const struct image_header *h = (const void *)(at + IMAGE_HEADER_AT);
    u8 *text = (u8 *)(at + h->text), *site;
    u64 size = h->map_size - h->text;
    struct site_reader r;

    if (host_syscall(SYS_mprotect, (u64)text, size, PROT_READ | PROT_WRITE, 0, 0, 0) != 0)
        return false;
    sites_start(&r, (u8 *)at);
    while ((site = sites_next(&r)) != NULL) {
        s32 distance;

        memcpy(&distance, site, sizeof(distance));
        distance = (s32)(distance - moved);
        memcpy(site, &distance, sizeof(distance));
    }
    return !r.failed &&
           host_syscall(SYS_mprotect, (u64)text, size, PROT_READ | PROT_EXEC, 0, 0, 0) == 0;
}

/* Takes the image's place, or another from which it reaches its module; 0: there is none. */
static u64 take_place(const struct image_file *f, u64 start)
{
    u64 at = start + (u64)f->distance;
    s64 r;

    if (mm_map_label(at, f->total, PROT_NONE, MM_IMAGE) == (s64)at) return at;
    at = mm_choose_near(start, f->total, IMAGE_REACH - f->total);
    r = at != 0 ? mm_map_label(at, f->total, PROT_NONE, MM_IMAGE) : -ENOMEM;
    return r < 0 ? 0 : (u64)r;
}

static void unmap(u64 at, u64 size)
{
    image_unmapped(at);
    mm_unmap_image(at, size);
}

/* All of the code is changed, so all of it is checked first. */
static bool move(const struct image_file *f, u64 at, s64 moved)
{
    const struct image_header *h = (const void *)(at + IMAGE_HEADER_AT);

    if (f->bundled != NULL) (void)bundle_image(f->bundled, 0, h->map_size);
    image_unmapped(at);
    return adjust_sites(at, moved);
}

void image_map(struct image_file *f, u64 start)
{
    u64 at;
    s64 moved;

    if (f->fd < 0) return;
    at = take_place(f, start);
    moved = (s64)(at - start) - f->distance;
    if (at == 0)
        log_line(LOG_IMAGE, "0x%llx: no place for the image", (unsigned long long)start);
    else if (!map_parts(f, at) || (moved != 0 && !move(f, at, moved)) ||
             !engine->image_mapped((void *)at, start))
        unmap(at, f->total);
    else
        log_line(LOG_IMAGE, "0x%llx: image at 0x%llx%s", (unsigned long long)start,
                 (unsigned long long)at, moved != 0 ? ", a private copy" : "");
    close(f->fd);
    f->fd = -1;
}

s64 image_map_file(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset)
{
    bool of_file = fd >= 0 && (flags & (u32)(MAP_ANONYMOUS | MAP_SHARED)) == 0;
    const struct bundle_entry *bundled = of_file ? bundle_of_fd(fd, NULL) : NULL;
    s64 at = bundled != NULL ? bundle_map(bundled, addr, length, prot, flags, fd, offset)
                             : mm_map(addr, length, prot, flags, fd, offset);
    struct image_file f;

    if (at < 0 || (dirs[0] == NULL && bundled == NULL) || offset != 0 || !of_file) return at;
    image_find(&f, fd, bundled, length);
    image_map(&f, (u64)at);
    return at;
}
