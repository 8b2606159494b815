/*
 * Opening a module: segments, what of them may be code, and the column of readers that collect
 * evidence.
 *
 * What may be code: the file's bytes of executable segments. Where there are section headers, only
 * the executable sections among them: binutils before 2.31 and many links since keep tables and
 * read-only data in the executable segment. Section headers are not used by any loader, so they are
 * believed only if the entry point lies in a section that they call executable.
 */
#include "aot/elf/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE          UINT64_C(4096)
#define ADDRESS_LIMIT (UINT64_C(1) << 47)

static enum module_status broken(char why[160], const char *text)
{
    snprintf(why, 160, "%s", text);
    return MODULE_BROKEN;
}

static int by_vaddr(const void *a, const void *b)
{
    const struct module_segment *x = a, *y = b;
    return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static const char *check_segment(const struct elf_file *f, const Elf64_Phdr *p)
{
    if (p->p_filesz > p->p_memsz) return "a segment is larger in the file than in memory";
    if (p->p_vaddr >= ADDRESS_LIMIT || p->p_memsz > ADDRESS_LIMIT - p->p_vaddr)
        return "a segment lies beyond 47 bits of address";
    if ((p->p_vaddr ^ p->p_offset) % PAGE && p->p_filesz)
        return "a segment's address and file offset differ within the page";
    if (p->p_filesz && !span_part(f->bytes, p->p_offset, p->p_filesz).size)
        return "a segment lies beyond the end of the file";
    return NULL;
}

static enum module_status read_segments(struct reader *r, char why[160])
{
    struct module *m = r->m;
    const struct elf_file *f = r->own;
    u32 count = elf_phdr_count(f);
    if (!count) return broken(why, "no program headers");
    m->segment = arena_alloc(r->arena, count * sizeof(*m->segment));
    for (u32 i = 0; i < count; i++) {
        Elf64_Phdr p = elf_phdr(f, i);
        if (p.p_type != PT_LOAD || !p.p_memsz) continue;
        const char *wrong = check_segment(f, &p);
        if (wrong) return broken(why, wrong);
        m->segment[m->segment_count++] =
            (struct module_segment){p.p_vaddr, p.p_filesz ? p.p_offset : 0, p.p_filesz, p.p_memsz,
                                    p.p_flags & (PF_R | PF_W | PF_X)};
    }
    if (!m->segment_count) return broken(why, "no segments to load");
    qsort(m->segment, m->segment_count, sizeof(*m->segment), by_vaddr);
    for (u32 i = 1; i < m->segment_count; i++)
        if (m->segment[i].vaddr < m->segment[i - 1].vaddr + m->segment[i - 1].memsz)
            return broken(why, "segments overlap");
    const struct module_segment *last = &m->segment[m->segment_count - 1];
    m->low = ALIGN_DOWN(m->segment[0].vaddr, PAGE);
    m->high = ALIGN_UP(last->vaddr + last->memsz, PAGE);
    return MODULE_OK;
}

struct span module_at(const struct module *m, u64 vaddr)
{
    u32 low = 0, high = m->segment_count;
    while (low < high) { /* the first segment that starts behind vaddr */
        u32 mid = low + (high - low) / 2;
        if (m->segment[mid].vaddr <= vaddr)
            low = mid + 1;
        else
            high = mid;
    }
    if (!low) return (struct span){NULL, 0};
    const struct module_segment *s = &m->segment[low - 1];
    u64 offset = vaddr - s->vaddr;
    if (offset >= s->filesz) return (struct span){NULL, 0};
    return (struct span){m->data + s->offset + offset, s->filesz - offset};
}

struct span module_bytes(const struct module *m, u64 vaddr, u64 size)
{
    return span_part(module_at(m, vaddr), 0, size);
}

/* --- what may be code ------------------------------------------------------------------------- */

static struct guest_range executable_bytes(const struct module_segment *s)
{
    if (!(s->flags & PF_X)) return (struct guest_range){0, 0};
    return (struct guest_range){s->vaddr, s->vaddr + s->filesz};
}

static bool may_hold_code(const Elf64_Shdr *s)
{
    const u64 flags = SHF_ALLOC | SHF_EXECINSTR;
    return (s->sh_flags & flags) == flags && s->sh_type != SHT_NOBITS && s->sh_size &&
           s->sh_addr < ADDRESS_LIMIT && s->sh_size < ADDRESS_LIMIT;
}

/* The executable sections, as ranges; none if they aren't to be believed. */
static void executable_sections(struct reader *r, struct range_list *out)
{
    for (u32 i = 1; i < elf_shdr_count(r->own); i++) {
        Elf64_Shdr s = elf_shdr(r->own, i);
        if (may_hold_code(&s)) add_range(r, out, s.sh_addr, s.sh_addr + s.sh_size);
    }
    tidy_ranges(out);
    u64 entry = r->own->ehdr.e_entry;
    r->sections_trusted = out->count && (!entry || range_of(out, entry));
    if (!r->sections_trusted) out->count = 0;
}

static void find_code(struct reader *r)
{
    struct range_list sections = {0};
    executable_sections(r, &sections);
    size_t at = 0;
    for (u32 i = 0; i < r->m->segment_count; i++) {
        struct guest_range bytes = executable_bytes(&r->m->segment[i]);
        if (bytes.start == bytes.end) continue;
        size_t before = r->code.count;
        while (at < sections.count && sections.at[at].end <= bytes.start) at++;
        for (size_t k = at; k < sections.count && sections.at[k].start < bytes.end; k++) {
            struct guest_range s = sections.at[k];
            add_range(r, &r->code, s.start > bytes.start ? s.start : bytes.start,
                      s.end < bytes.end ? s.end : bytes.end);
        }
        if (r->code.count == before) add_range(r, &r->code, bytes.start, bytes.end);
    }
    free(sections.at);
    tidy_ranges(&r->code);
}

void for_each_data_part(struct reader *r, u32 flags, data_part_visitor *visit)
{
    size_t at = 0;
    for (u32 i = 0; i < r->m->segment_count; i++) {
        const struct module_segment *s = &r->m->segment[i];
        u64 from = s->vaddr, end = s->vaddr + s->filesz;
        if ((s->flags & flags) != flags) continue;
        while (at < r->code.count && r->code.at[at].end <= from) at++;
        for (size_t k = at; k < r->code.count && r->code.at[k].start < end; k++) {
            if (from < r->code.at[k].start) visit(r, from, r->code.at[k].start);
            from = r->code.at[k].end;
        }
        if (from < end) visit(r, from, end);
    }
}

static void add_data_part(struct reader *r, u64 start, u64 end)
{
    add_range(r, &r->data, start, end);
}

/* Headers and notes; the other tables without sections are left out by who reads them. */
static void add_headers_as_data(struct reader *r)
{
    const struct elf_file *f = r->own;
    for (u32 i = 0; i < r->m->segment_count; i++) {
        const struct module_segment *s = &r->m->segment[i];
        u64 end = f->ehdr.e_phoff + f->phdrs.size;
        if (!s->offset && s->filesz >= sizeof(Elf64_Ehdr))
            add_range(r, &r->data, s->vaddr, s->vaddr + sizeof(Elf64_Ehdr));
        if (s->offset <= f->ehdr.e_phoff && end <= s->offset + s->filesz)
            add_range(r, &r->data, s->vaddr + (f->ehdr.e_phoff - s->offset),
                      s->vaddr + (end - s->offset));
    }
    for (u32 i = 0; i < elf_phdr_count(f); i++) {
        Elf64_Phdr p = elf_phdr(f, i);
        bool table = p.p_type == PT_INTERP || p.p_type == PT_NOTE || p.p_type == PT_GNU_EH_FRAME ||
                     p.p_type == PT_GNU_PROPERTY || p.p_type == PT_DYNAMIC;
        if (table && module_bytes(r->m, p.p_vaddr, p.p_filesz).size)
            add_range(r, &r->data, p.p_vaddr, p.p_vaddr + p.p_filesz);
    }
}

/* --- open and close --------------------------------------------------------------------------- */

static void read_identity(struct reader *r)
{
    struct module *m = r->m;
    struct span id = elf_build_id(r->own);
    if (id.size <= sizeof(m->build_id)) {
        if (id.size) memcpy(m->build_id, id.at, id.size);
        m->build_id_size = (u32)id.size;
    }
    for (u32 i = 0; i < elf_phdr_count(r->own); i++) {
        Elf64_Phdr p = elf_phdr(r->own, i);
        if (p.p_type != PT_INTERP) continue;
        m->interp = span_string(span_strings(span_part(r->own->bytes, p.p_offset, p.p_filesz)), 0);
        break;
    }
}

static void read_evidence(struct reader *r, struct module_files *files, const char *debug_root)
{
    find_code(r);
    for_each_data_part(r, PF_X, add_data_part);
    add_headers_as_data(r);
    read_identity(r);
    find_debug_file(r, &files->debug, debug_root);
    add_entry(r, r->own->ehdr.e_entry, EVIDENCE_ENTRY);
    read_dynamic(r);
    read_symbols(r);
    read_dwarf(r);
    read_frames(r);
    read_relocations(r);
    read_plt(r);
    finish_entries(r);
}

/* What the file says in words; and where its debug file is, if that is asked for. */
static void read_words(struct reader *r, struct module_files *files, const char *debug_root)
{
    read_identity(r);
    if (debug_root) find_debug_file(r, &files->debug, debug_root);
    read_dynamic(r);
}

static enum module_status open_module(struct arena *arena, const char *path, const char *debug_root,
                                      bool brief, struct module *out, char why[160])
{
    why[0] = 0;
    struct module_files *files = arena_zalloc(arena, sizeof(*files));
    memset(out, 0, sizeof(*out));
    enum module_status status = elf_file_open(&files->own, path, why);
    if (status) return status;
    struct reader r = {.arena = arena, .m = out, .own = &files->own, .debug = &files->debug};
    char *copy = arena_alloc(arena, strlen(path) + 1);
    out->path = strcpy(copy, path);
    out->data = files->own.bytes.at;
    out->size = files->own.bytes.size;
    out->type = files->own.ehdr.e_type;
    out->files = files;
    if (out->type != ET_EXEC && out->type != ET_DYN) {
        snprintf(why, 160, "no program and no shared library");
        status = MODULE_NOT_GUEST;
    }
    if (!status) status = read_segments(&r, why);
    if (!status && brief) read_words(&r, files, debug_root);
    if (!status && !brief) read_evidence(&r, files, debug_root);
    if (r.dwarf_damaged)
        snprintf(why, 160, "its debug information is damaged and was left out in part");
    if (r.no_memory) {
        snprintf(why, 160, "out of memory");
        status = MODULE_NO_MEMORY;
    }
    free(r.found);
    free(r.code.at);
    free(r.data.at);
    if (status) module_close(out);
    return status;
}

enum module_status module_open(struct arena *arena, const char *path, const char *debug_root,
                               struct module *out, char why[160])
{
    return open_module(arena, path, debug_root, false, out, why);
}

enum module_status module_open_brief(struct arena *arena, const char *path, const char *debug_root,
                                     struct module *out, char why[160])
{
    return open_module(arena, path, debug_root, true, out, why);
}

void module_close(struct module *m)
{
    if (!m->files) return;
    elf_file_close(&m->files->own);
    elf_file_close(&m->files->debug);
    memset(m, 0, sizeof(*m));
}
