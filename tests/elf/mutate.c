/*
 * The damage is what breaks readers: lengths, offsets and counts that are a little or very wrong,
 * pieces of tables in another place, a cut end. It aims by the section headers of the whole file,
 * since most bytes of a file are instructions, which nothing here reads.
 */
#include "tests/elf/mutate.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* splitmix64 */
static u64 next(u64 *seed)
{
    u64 z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static u64 below(u64 *seed, u64 n)
{
    return next(seed) % n;
}

bool elf_image_read(struct elf_image *image, const char *path, size_t most)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = !fstat(fd, &st) && S_ISREG(st.st_mode) && (size_t)st.st_size <= most &&
                (size_t)st.st_size >= sizeof(Elf64_Ehdr);
    if (good) {
        image->size = (size_t)st.st_size;
        image->bytes = malloc(image->size);
        good = read(fd, image->bytes, image->size) == (ssize_t)image->size;
        image->name = strdup(path);
    }
    close(fd);
    return good;
}

/* --- damage ----------------------------------------------------------------------------------- */

/* A section that isn't text, or the whole file when there is none. */
static void choose_section(const struct elf_image *image, u64 *seed, size_t *start, size_t *size)
{
    Elf64_Ehdr e;
    memcpy(&e, image->bytes, sizeof(e));
    *start = 0;
    *size = image->size;
    for (unsigned attempt = 0; attempt < 8 && e.e_shnum; attempt++) {
        Elf64_Shdr s;
        size_t at = e.e_shoff + below(seed, e.e_shnum) * sizeof(s);
        if (at + sizeof(s) > image->size) return;
        memcpy(&s, image->bytes + at, sizeof(s));
        if (s.sh_type == SHT_NOBITS || s.sh_flags & SHF_EXECINSTR || !s.sh_size) continue;
        if (s.sh_offset > image->size || s.sh_size > image->size - s.sh_offset) continue;
        *start = s.sh_offset;
        *size = s.sh_size;
        return;
    }
}

static size_t choose_place(const struct elf_image *image, u64 *seed)
{
    Elf64_Ehdr e;
    memcpy(&e, image->bytes, sizeof(e));
    size_t start, size;
    switch (below(seed, 8)) {
    case 0: return below(seed, sizeof(e));
    case 1: /* program headers */
        start = e.e_phoff;
        size = (size_t)e.e_phnum * sizeof(Elf64_Phdr);
        break;
    case 2:
        start = e.e_shoff;
        size = (size_t)e.e_shnum * sizeof(Elf64_Shdr);
        break;
    default: choose_section(image, seed, &start, &size); break;
    }
    if (!size || start >= image->size) return below(seed, image->size);
    /* Starts of tables hold what the rest is read by. */
    u64 offset = below(seed, below(seed, 3) && size > 64 ? 64 : size);
    size_t at = start + offset;
    return at < image->size ? at : image->size - 1;
}

static u64 telling_value(const struct elf_image *image, u64 *seed)
{
    static const u64 values[] = {0,
                                 1,
                                 2,
                                 4,
                                 7,
                                 8,
                                 0x7f,
                                 0x80,
                                 0xff,
                                 0x7fff,
                                 0xffff,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 0x100000000,
                                 0x7fffffffffff,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 ~UINT64_C(0) - 7,
                                 ~UINT64_C(0)};
    switch (below(seed, 4)) {
    case 0: return values[below(seed, ARRAY_SIZE(values))];
    case 1: return below(seed, 2 * image->size);
    case 2: return image->size - below(seed, 32);
    default: return next(seed);
    }
}

static void damage_once(const struct elf_image *image, u8 *bytes, u64 *seed)
{
    static const size_t widths[] = {1, 2, 4, 8};
    size_t at = choose_place(image, seed), left = image->size - at;
    size_t width = widths[below(seed, 4)];
    u64 value = telling_value(image, seed), old = 0;
    switch (below(seed, 6)) {
    case 0: bytes[at] ^= (u8)(1u << below(seed, 8)); break;
    case 1: bytes[at] = (u8)next(seed); break;
    case 2: /* a little off */
        if (width > left) width = left;
        memcpy(&old, bytes + at, width);
        old += below(seed, 33) - 16;
        memcpy(bytes + at, &old, width);
        break;
    case 3: { /* a piece from somewhere else */
        size_t from = choose_place(image, seed), n = 1 + below(seed, 64);
        if (n > left) n = left;
        if (n > image->size - from) n = image->size - from;
        memmove(bytes + at, image->bytes + from, n);
        break;
    }
    default: memcpy(bytes + at, &value, width < left ? width : left); break;
    }
}

int elf_image_damaged(const struct elf_image *image, u64 seed, char path[64])
{
    u8 *bytes = malloc(image->size);
    memcpy(bytes, image->bytes, image->size);
    u64 edits = below(&seed, 3) ? 1 + below(&seed, 3) : 1 + below(&seed, 40);
    while (edits--) damage_once(image, bytes, &seed);
    size_t size = below(&seed, 16) ? image->size : below(&seed, image->size);
    int fd = memfd_create("damaged", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
        perror("memfd");
        exit(1);
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    free(bytes);
    return fd;
}

/* --- what must hold --------------------------------------------------------------------------- */

static bool lies_in_code(const struct module *m, u64 pc)
{
    for (u32 i = 0; i < m->segment_count; i++) {
        const struct module_segment *s = &m->segment[i];
        if (s->flags & PF_X && pc >= s->vaddr && pc - s->vaddr < s->filesz) return true;
    }
    return false;
}

static const char *range_fault(const struct module *m)
{
    for (u32 i = 0; i < m->data_range_count; i++) {
        const struct guest_range *d = &m->data_range[i];
        if (d->start >= d->end) return "an empty range of data";
        if (i && d->start <= d[-1].end) return "ranges of data that touch or are out of order";
    }
    return NULL;
}

static const char *entry_fault(const struct module *m)
{
    u32 d = 0;
    for (u32 i = 0; i < m->entry_count; i++) {
        const struct module_entry *e = &m->entry[i];
        if (i && e->pc <= e[-1].pc) return "entries out of order";
        if (e->pc % 4) return "an odd entry";
        if (!lies_in_code(m, e->pc)) return "an entry outside of code";
        if (e->size && !lies_in_code(m, e->pc + e->size - 1)) return "a size beyond the segment";
        if (e->evidence >= EVIDENCE_COUNT) return "evidence of no kind";
        if (e->name && !*e->name) return "an empty name";
        if (e->name && strlen(e->name) > 65535) return "a name without end";
        while (d < m->data_range_count && m->data_range[d].end <= e->pc) d++;
        if (d < m->data_range_count && m->data_range[d].start <= e->pc) return "an entry in data";
    }
    return NULL;
}

const char *module_fault(const struct module *m)
{
    const char *const words[] = {m->soname, m->interp, m->rpath, m->runpath, m->path};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i] && strlen(words[i]) > m->size + 4096) return "a word without end";
    for (u32 i = 0; i < m->needed_count; i++)
        if (!*m->needed[i]) return "a needed library without name";
    if (!m->segment_count || m->low >= m->high || m->low % 4096 || m->high % 4096)
        return "no proper span";
    for (u32 i = 0; i < m->segment_count; i++) {
        const struct module_segment *s = &m->segment[i];
        if (s->offset > m->size || s->filesz > m->size - s->offset)
            return "a segment beyond the file";
        if (s->vaddr < m->low || s->vaddr + s->memsz > m->high)
            return "a segment outside of the span";
    }
    const char *fault = range_fault(m);
    return fault ? fault : entry_fault(m);
}
