/*
 * A mapped ELF file: its headers, sections by index and name, notes.
 */
#include "aot/elf/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum module_status map_file(struct elf_file *f, const char *path, char why[160])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        int error = errno;
        snprintf(why, 160, "%s", strerror(error));
        if (fd >= 0) close(fd);
        errno = error;
        return MODULE_IO;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr)) {
        close(fd);
        snprintf(why, 160, "no AArch64 program or library");
        return MODULE_NOT_GUEST;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int error = errno;
    close(fd);
    if (p == MAP_FAILED) {
        snprintf(why, 160, "%s", strerror(error));
        errno = error;
        return error == ENOMEM ? MODULE_NO_MEMORY : MODULE_IO;
    }
    f->bytes = (struct span){p, (u64)st.st_size};
    f->device = st.st_dev;
    f->inode = st.st_ino;
    return MODULE_OK;
}

static void read_section_headers(struct elf_file *f)
{
    const Elf64_Ehdr *e = &f->ehdr;
    if (!e->e_shoff || e->e_shentsize != sizeof(Elf64_Shdr)) return;
    u64 count = e->e_shnum, names = e->e_shstrndx;
    struct span first = span_part(f->bytes, e->e_shoff, sizeof(Elf64_Shdr));
    if (!first.size) return;
    Elf64_Shdr zero;
    span_item(first, 0, &zero, sizeof(zero));
    if (!count) count = zero.sh_size; /* more than 0xff00: the real numbers are in section 0 */
    if (names == SHN_XINDEX) names = zero.sh_link;
    if (count > f->bytes.size / sizeof(Elf64_Shdr)) return;
    f->shdrs = span_part(f->bytes, e->e_shoff, count * sizeof(Elf64_Shdr));
    if (names < elf_shdr_count(f)) {
        Elf64_Shdr s = elf_shdr(f, (u32)names);
        f->section_names = span_strings(elf_section(f, &s));
    }
}

enum module_status elf_file_open(struct elf_file *f, const char *path, char why[160])
{
    memset(f, 0, sizeof(*f));
    enum module_status status = map_file(f, path, why);
    if (status) return status;
    Elf64_Ehdr *e = &f->ehdr;
    span_item(f->bytes, 0, e, sizeof(*e));
    if (memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS64 ||
        e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_machine != EM_AARCH64) {
        snprintf(why, 160, "no AArch64 program or library");
        elf_file_close(f);
        return MODULE_NOT_GUEST;
    }
    if (e->e_phentsize == sizeof(Elf64_Phdr))
        f->phdrs = span_part(f->bytes, e->e_phoff, (u64)e->e_phnum * sizeof(Elf64_Phdr));
    read_section_headers(f);
    return MODULE_OK;
}

void elf_file_close(struct elf_file *f)
{
    if (f->bytes.at) munmap((void *)(uintptr_t)f->bytes.at, f->bytes.size);
    memset(f, 0, sizeof(*f));
}

Elf64_Phdr elf_phdr(const struct elf_file *f, u32 index)
{
    Elf64_Phdr p;
    span_item(f->phdrs, index, &p, sizeof(p));
    return p;
}

Elf64_Shdr elf_shdr(const struct elf_file *f, u32 index)
{
    Elf64_Shdr s;
    span_item(f->shdrs, index, &s, sizeof(s));
    return s;
}

struct span elf_section(const struct elf_file *f, const Elf64_Shdr *s)
{
    if (s->sh_type == SHT_NOBITS) return (struct span){NULL, 0};
    return span_part(f->bytes, s->sh_offset, s->sh_size);
}

const char *elf_section_name(const struct elf_file *f, const Elf64_Shdr *s)
{
    const char *name = span_string(f->section_names, s->sh_name);
    return name ? name : "";
}

u32 elf_find_section(const struct elf_file *f, const char *name, Elf64_Shdr *out)
{
    for (u32 i = 1; i < elf_shdr_count(f); i++) {
        *out = elf_shdr(f, i);
        if (!strcmp(elf_section_name(f, out), name)) return i;
    }
    return 0;
}

static struct span build_id_in(struct span notes)
{
    Elf64_Nhdr n;
    while (notes.size >= sizeof(n)) {
        span_item(notes, 0, &n, sizeof(n));
        u64 desc = sizeof(n) + ALIGN_UP((u64)n.n_namesz, 4);
        struct span value = span_part(notes, desc, n.n_descsz);
        if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && value.size &&
            !memcmp(notes.at + sizeof(n), "GNU", 4))
            return value;
        u64 next = desc + ALIGN_UP((u64)n.n_descsz, 4);
        if (next > notes.size) break;
        notes = span_part(notes, next, notes.size - next);
    }
    return (struct span){NULL, 0};
}

/* Notes don't overlap, so together they are no larger than the file. */
static struct span build_id_within(struct span notes, u64 *left)
{
    if (notes.size > *left) return (struct span){NULL, 0};
    *left -= notes.size;
    return build_id_in(notes);
}

struct span elf_build_id(const struct elf_file *f)
{
    u64 left = 2 * f->bytes.size; /* once as segments, once as sections */
    for (u32 i = 0; i < elf_phdr_count(f); i++) {
        Elf64_Phdr p = elf_phdr(f, i);
        if (p.p_type != PT_NOTE) continue;
        struct span id = build_id_within(span_part(f->bytes, p.p_offset, p.p_filesz), &left);
        if (id.size) return id;
    }
    for (u32 i = 1; i < elf_shdr_count(f); i++) {
        Elf64_Shdr s = elf_shdr(f, i);
        if (s.sh_type != SHT_NOTE) continue;
        struct span id = build_id_within(elf_section(f, &s), &left);
        if (id.size) return id;
    }
    return (struct span){NULL, 0};
}
