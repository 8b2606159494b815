/*
 * From a mapped module to its mapped image: see image.h, and aot/image/cache.h for what is trusted.
 */
#include "rt/image.h"

#include "aot/image/cache.h"
#include "rt/engine.h"
#include "rt/guard.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/options.h"
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
    if (options.cache != NULL)
        add_dir(options.cache);
    else if (cache_default(user_dir, sizeof(user_dir)))
        add_dir(options.cache = user_dir);
    add_dir(CACHE_SYSTEM);
}

static bool is_guest_elf(int fd)
{
    Elf64_Ehdr h;

    return pread(fd, &h, sizeof(h), 0) == sizeof(h) && memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
           h.e_machine == EM_AARCH64 && h.e_ident[EI_CLASS] == ELFCLASS64;
}

void image_find(struct image_file *f, int fd, u64 length)
{
    const struct cache_query q = {&translator, translate_host_features(), dirs};
    struct cache_found found;
    const char *why = NULL;
    struct stat st;

    f->fd = -1;
    if (dirs[0] == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !is_guest_elf(fd))
        return;
    if (!cache_find(&q, fd, &st, &found, &why)) {
        if (why != NULL)
            log_line(LOG_IMAGE, "inode %llu: an image is not used: %s", (unsigned long long)st.st_ino,
                     why);
        return;
    }
    if (ALIGN_UP(length, (u64)GUEST_PAGE) != found.header.span) {
        close(found.fd);
        return;
    }
    log_line(LOG_IMAGE, "%s", found.path);
    *f = (struct image_file){found.fd, found.header.total_size, found.header.distance};
}

static bool map_fixed(u64 at, u64 size, u32 prot, int fd, u64 offset)
{
    u32 flags = MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);

    return host_syscall(SYS_mmap, at, size, prot, flags, (u64)(s64)fd, offset) == (s64)at;
}

/* The parts of the image at their place, which is the runtime's already. */
static bool map_parts(const struct image_file *f, u64 at)
{
    const struct image_header *h = (const void *)(at + IMAGE_HEADER_AT);

    if (!map_fixed(at, GUEST_PAGE, PROT_READ, f->fd, 0)) return false;
    if (h->total_size != f->total) return false; /* somebody else's hands were faster */
    return map_fixed(at, h->map_size, PROT_READ, f->fd, 0) &&
           map_fixed(at + h->text, h->map_size - h->text, PROT_READ | PROT_EXEC, f->fd, h->text) &&
           (h->total_size == h->map_size ||
            map_fixed(at + h->cells, h->total_size - h->cells, PROT_READ | PROT_WRITE, -1, 0));
}

/* Every place in the code that knows how far the module is: it is `moved` bytes further away. */
static bool adjust_sites(u64 at, s64 moved)
{
    const struct image_header *h = (const void *)(at + IMAGE_HEADER_AT);
    const u32 *site = (const void *)(at + h->sites);
    u8 *text = (u8 *)(at + h->text);
    u64 size = h->map_size - h->text;

    if (host_syscall(SYS_mprotect, (u64)text, size, PROT_READ | PROT_WRITE, 0, 0, 0) != 0)
        return false;
    for (u32 n = 0; n < h->site_count; n++) {
        s32 distance;

        if (site[n] > size - sizeof(distance)) return false;
        memcpy(&distance, text + site[n], sizeof(distance));
        distance = (s32)(distance - moved);
        memcpy(text + site[n], &distance, sizeof(distance));
    }
    return host_syscall(SYS_mprotect, (u64)text, size, PROT_READ | PROT_EXEC, 0, 0, 0) == 0;
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

void image_map(struct image_file *f, u64 start)
{
    u64 at;
    s64 moved;

    if (f->fd < 0) return;
    at = take_place(f, start);
    moved = (s64)(at - start) - f->distance;
    if (at == 0)
        log_line(LOG_IMAGE, "0x%llx: no place for the image", (unsigned long long)start);
    else if (!map_parts(f, at) || (moved != 0 && !adjust_sites(at, moved)) ||
             !engine->image_mapped((void *)at, start))
        mm_unmap_image(at, f->total);
    else
        log_line(LOG_IMAGE, "0x%llx: image at 0x%llx%s", (unsigned long long)start,
                 (unsigned long long)at, moved != 0 ? ", a private copy" : "");
    close(f->fd);
    f->fd = -1;
}

s64 image_map_file(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset)
{
    s64 at = mm_map(addr, length, prot, flags, fd, offset);
    struct image_file f;

    if (at < 0 || dirs[0] == NULL || offset != 0 || fd < 0 ||
        (flags & (u32)(MAP_ANONYMOUS | MAP_SHARED)) != 0)
        return at;
    image_find(&f, fd, length);
    image_map(&f, (u64)at);
    return at;
}
