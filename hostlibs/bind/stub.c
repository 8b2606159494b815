/*
 * The stub library: what the guest's loader needs to take it for the real one.
 *
 *     0         ELF header, program headers
 *     ...       .hash .dynsym .dynstr .gnu.version .gnu.version_d .rodata .eh_frame_hdr   read-only
 *     CODE      .text: hlt #0xfd00; ret for each function                      executable
 *     ...       .dynamic                           writable: loaders put addresses into it
 *     ...       .shstrtab, section headers
 *
 * Segments are 64 KiB apart, which suits every page size an arm64 kernel has; addresses are file
 * offsets. Versions are those of the library that it stands for, with their numbers.
 */
#include "hostlibs/bind/bind.h"
#include "hostlibs/binding.h"

#include "aot/abi/guest_unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEGMENT 0x10000u

enum { HASH = 1, DYNSYM, DYNSTR, VERSYM, VERDEF, RODATA, UNWIND, TEXT, DYNAMIC, NAMES, SECTIONS };

static const char section_names[] = "\0.hash\0.dynsym\0.dynstr\0.gnu.version\0.gnu.version_d\0."
                                    "rodata\0.eh_frame_hdr\0.text\0.dynamic\0.shstrtab";

/* A section's bytes, growing. */
struct buffer {
    u8 *at;
    size_t size, room;
};

struct image {
    const char *path, *soname;
    const struct library *l;
    const struct stub_symbol *symbol;
    size_t count;
    struct buffer part[SECTIONS];
    u64 offset[SECTIONS]; /* in the file, and the address */
    u64 *data;            /* of each symbol: offset in .rodata */
};

static size_t append(struct buffer *b, const void *bytes, size_t size, size_t align)
{
    size_t at = ALIGN_UP(b->size, align);
    if (at + size > b->room) {
        b->room = 2 * (at + size) + 64;
        u8 *more = allocate(b->room, 1);
        if (b->size) memcpy(more, b->at, b->size);
        free(b->at);
        b->at = more;
    }
    if (size && bytes) memcpy(b->at + at, bytes, size); /* else zeroes */
    b->size = at + size;
    return at;
}

static u32 append_string(struct image *m, const char *s)
{
    return (u32)append(&m->part[DYNSTR], s, strlen(s) + 1, 1);
}

/* --- the sections ----------------------------------------------------------------------------- */

static void make_code(struct image *m)
{
    static const u32 code[2] = {0xd4400000 | BINDING_HLT << 5, 0xd65f03c0};
    for (size_t i = 0; i < m->count; i++)
        if (!m->symbol[i].symbol->data) append(&m->part[TEXT], code, sizeof(code), 4);
}

/* Objects that several symbols name are copied once. */
static void make_data(struct image *m)
{
    m->data = allocate(m->count, sizeof(*m->data));
    for (size_t i = 0; i < m->count; i++) {
        const struct symbol *s = m->symbol[i].symbol, *other = NULL;
        if (!s->data) continue;
        for (size_t k = 0; k < i; k++) {
            other = m->symbol[k].symbol;
            if (other->data && other->value == s->value && other->size == s->size) {
                m->data[i] = m->data[k];
                break;
            }
            other = NULL;
        }
        if (!other)
            m->data[i] = append(&m->part[RODATA], s->constant ? s->bytes : NULL, s->size,
                                s->constant ? s->align : 16);
    }
}

static void make_versions(struct image *m)
{
    const struct library *l = m->l;
    u16 none = VER_NDX_LOCAL;
    if (!l->version_count) return;
    append(&m->part[VERSYM], &none, sizeof(none), 2);
    for (size_t i = 0; i < m->count; i++) {
        const struct symbol *s = m->symbol[i].symbol;
        u16 index = s->version_index | (s->hidden ? 0x8000 : 0);
        append(&m->part[VERSYM], &index, sizeof(index), 2);
    }
    for (size_t i = 0; i < l->version_count; i++) {
        const struct version *v = &l->version[i];
        u32 size = (u32)(sizeof(Elf64_Verdef) + v->names * sizeof(Elf64_Verdaux));
        Elf64_Verdef d = {
            .vd_version = VER_DEF_CURRENT,
            .vd_flags = v->flags,
            .vd_ndx = v->index,
            .vd_cnt = (Elf64_Half)v->names,
            .vd_hash = (Elf64_Word)elf_hash(v->name[0]),
            .vd_aux = sizeof(d),
            .vd_next = i + 1 < l->version_count ? size : 0,
        };
        append(&m->part[VERDEF], &d, sizeof(d), 4);
        for (u32 k = 0; k < v->names; k++) {
            Elf64_Verdaux x = {append_string(m, v->name[k]),
                               k + 1 < v->names ? sizeof(Elf64_Verdaux) : 0};
            append(&m->part[VERDEF], &x, sizeof(x), 4);
        }
    }
}

/* The symbols' values wait until the sections have their places. */
static void make_symbols(struct image *m)
{
    Elf64_Sym none = {0};
    append(&m->part[DYNSTR], "", 1, 1);
    append(&m->part[DYNSYM], &none, sizeof(none), 8);
    for (size_t i = 0; i < m->count; i++) {
        const struct symbol *s = m->symbol[i].symbol;
        Elf64_Sym e = {
            .st_name = append_string(m, s->name),
            .st_info =
                ELF64_ST_INFO(s->weak ? STB_WEAK : STB_GLOBAL, s->data ? STT_OBJECT : STT_FUNC),
            .st_shndx = s->data ? RODATA : TEXT,
            .st_size = s->data ? s->size : BINDING_STUB_BYTES,
        };
        append(&m->part[DYNSYM], &e, sizeof(e), 8);
    }
}

static void make_hash(struct image *m)
{
    u32 buckets = (u32)m->count / 2 + 1, chains = (u32)m->count + 1;
    u32 *table = allocate(2 + buckets + chains, sizeof(*table));
    table[0] = buckets;
    table[1] = chains;
    for (u32 i = 1; i < chains; i++) {
        u32 *bucket = &table[2 + elf_hash(m->symbol[i - 1].symbol->name) % buckets];
        table[2 + buckets + i] = *bucket;
        *bucket = i;
    }
    append(&m->part[HASH], table, (2 + buckets + chains) * sizeof(*table), 4);
}

static bool is_present(const struct image *m, u32 section)
{
    return m->part[section].size != 0;
}

static void add_dynamic(struct image *m, s64 tag, u64 value)
{
    Elf64_Dyn d = {tag, {value}};
    append(&m->part[DYNAMIC], &d, sizeof(d), 8);
}

/* --- places ----------------------------------------------------------------------------------- */

#define SEGMENTS 6

static void place(struct image *m)
{
    u64 at = sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr);
    for (u32 i = HASH; i < NAMES; i++) {
        u64 align = i == TEXT || i == DYNAMIC ? SEGMENT : i == RODATA ? 64 : 8;
        if (is_present(m, i) || i == DYNAMIC) at = ALIGN_UP(at, align);
        m->offset[i] = at;
        at += m->part[i].size;
    }
}

/* A signal's frame may begin at a stub, while native code runs. */
static void finish_unwind(struct image *m)
{
    s64 code = (s64)(m->offset[TEXT] - m->offset[UNWIND]);
    guest_unwind_make((struct guest_unwind *)m->part[UNWIND].at, code, (u32)m->part[TEXT].size,
                      GUEST_FRAME_NONE);
}

static void finish_symbols(struct image *m)
{
    Elf64_Sym *e = (Elf64_Sym *)m->part[DYNSYM].at + 1;
    for (size_t i = 0; i < m->count; i++)
        e[i].st_value = m->symbol[i].symbol->data
                            ? m->offset[RODATA] + m->data[i]
                            : m->offset[TEXT] + m->symbol[i].number * BINDING_STUB_BYTES;
}

static void make_dynamic(struct image *m, u32 soname)
{
    add_dynamic(m, DT_SONAME, soname);
    add_dynamic(m, DT_HASH, m->offset[HASH]);
    add_dynamic(m, DT_STRTAB, m->offset[DYNSTR]);
    add_dynamic(m, DT_SYMTAB, m->offset[DYNSYM]);
    add_dynamic(m, DT_STRSZ, m->part[DYNSTR].size);
    add_dynamic(m, DT_SYMENT, sizeof(Elf64_Sym));
    if (is_present(m, VERDEF)) {
        add_dynamic(m, DT_VERSYM, m->offset[VERSYM]);
        add_dynamic(m, DT_VERDEF, m->offset[VERDEF]);
        add_dynamic(m, DT_VERDEFNUM, m->l->version_count);
    }
    add_dynamic(m, DT_NULL, 0);
}

static void make_image(struct image *m)
{
    make_code(m);
    make_data(m);
    make_symbols(m);
    u32 soname = append_string(m, m->soname);
    make_versions(m);
    make_hash(m);
    append(&m->part[UNWIND], NULL, sizeof(struct guest_unwind), 8);
    place(m);
    finish_symbols(m);
    finish_unwind(m);
    make_dynamic(m, soname);
    append(&m->part[NAMES], section_names, sizeof(section_names), 1);
    m->offset[NAMES] = m->offset[DYNAMIC] + m->part[DYNAMIC].size;
}

/* --- the file --------------------------------------------------------------------------------- */

static _Noreturn void die_of_elf(const char *path)
{
    die("%s: %s", path, errno ? strerror(errno) : elf_errmsg(-1));
}

static const Elf64_Shdr shape[SECTIONS] = {
    [HASH] = {.sh_type = SHT_HASH,
              .sh_flags = SHF_ALLOC,
              .sh_addralign = 8,
              .sh_entsize = 4,
              .sh_link = DYNSYM},
    [DYNSYM] = {.sh_type = SHT_DYNSYM,
                .sh_flags = SHF_ALLOC,
                .sh_addralign = 8,
                .sh_entsize = sizeof(Elf64_Sym),
                .sh_link = DYNSTR,
                .sh_info = 1},
    [DYNSTR] = {.sh_type = SHT_STRTAB, .sh_flags = SHF_ALLOC, .sh_addralign = 1},
    [VERSYM] = {.sh_type = SHT_GNU_versym,
                .sh_flags = SHF_ALLOC,
                .sh_addralign = 2,
                .sh_entsize = 2,
                .sh_link = DYNSYM},
    [VERDEF] = {.sh_type = SHT_GNU_verdef,
                .sh_flags = SHF_ALLOC,
                .sh_addralign = 8,
                .sh_link = DYNSTR},
    [RODATA] = {.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addralign = 64},
    [UNWIND] = {.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addralign = 8},
    [TEXT] = {.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addralign = 4},
    [DYNAMIC] = {.sh_type = SHT_DYNAMIC,
                 .sh_flags = SHF_ALLOC | SHF_WRITE,
                 .sh_addralign = 8,
                 .sh_entsize = sizeof(Elf64_Dyn),
                 .sh_link = DYNSTR},
    [NAMES] = {.sh_type = SHT_STRTAB, .sh_addralign = 1},
};

static const Elf_Type contents[SECTIONS] = {
    [HASH] = ELF_T_WORD,   [DYNSYM] = ELF_T_SYM,  [DYNSTR] = ELF_T_BYTE, [VERSYM] = ELF_T_HALF,
    [VERDEF] = ELF_T_VDEF, [RODATA] = ELF_T_BYTE, [UNWIND] = ELF_T_BYTE, [TEXT] = ELF_T_BYTE,
    [DYNAMIC] = ELF_T_DYN, [NAMES] = ELF_T_BYTE,
};

/* Sections that are empty keep their numbers, as SHT_NULL. */
static void add_section(const struct image *m, Elf *elf, u32 i)
{
    static const char *name = section_names;
    name += i == HASH ? 1 : strlen(name) + 1;
    Elf_Scn *s = elf_newscn(elf);
    Elf_Data *data = s ? elf_newdata(s) : NULL;
    Elf64_Shdr *h = s ? elf64_getshdr(s) : NULL;
    if (!data || !h) die_of_elf(m->path);
    *h = shape[i];
    h->sh_name = (Elf64_Word)(name - section_names);
    h->sh_offset = m->offset[i];
    h->sh_addr = h->sh_flags & SHF_ALLOC ? m->offset[i] : 0;
    h->sh_size = m->part[i].size;
    if (i == VERDEF) h->sh_info = (Elf64_Word)m->l->version_count;
    if (!is_present(m, i)) {
        *h = (Elf64_Shdr){.sh_type = SHT_NULL, .sh_offset = m->offset[i]};
        return;
    }
    *data = (Elf_Data){.d_buf = m->part[i].at,
                       .d_type = contents[i],
                       .d_size = m->part[i].size,
                       .d_align = h->sh_addralign,
                       .d_version = EV_CURRENT};
}

static void set_segment(Elf64_Phdr *p, u32 type, u32 flags, u64 at, u64 size, u64 align)
{
    *p = (Elf64_Phdr){.p_type = type,
                      .p_flags = flags,
                      .p_offset = at,
                      .p_vaddr = at,
                      .p_paddr = at,
                      .p_filesz = size,
                      .p_memsz = size,
                      .p_align = align};
}

static void add_segments(const struct image *m, Elf64_Phdr *p)
{
    u64 dynamic = m->offset[DYNAMIC], size = m->part[DYNAMIC].size;
    set_segment(&p[0], PT_LOAD, PF_R, 0, m->offset[UNWIND] + m->part[UNWIND].size, SEGMENT);
    set_segment(&p[1], PT_LOAD, PF_R | PF_X, m->offset[TEXT], m->part[TEXT].size, SEGMENT);
    set_segment(&p[2], PT_LOAD, PF_R | PF_W, dynamic, size, SEGMENT);
    set_segment(&p[3], PT_DYNAMIC, PF_R | PF_W, dynamic, size, 8);
    set_segment(&p[4], PT_GNU_STACK, PF_R | PF_W, 0, 0, 16);
    set_segment(&p[5], PT_GNU_EH_FRAME, PF_R, m->offset[UNWIND], m->part[UNWIND].size, 8);
}

static void write_image(const struct image *m)
{
    errno = 0;
    elf_version(EV_CURRENT);
    int fd = open(m->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) die("%s: %s", m->path, strerror(errno));
    Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
    Elf64_Ehdr *h = elf ? elf64_newehdr(elf) : NULL;
    Elf64_Phdr *p = h ? elf64_newphdr(elf, SEGMENTS) : NULL;
    if (!p) die_of_elf(m->path);
    elf_flagelf(elf, ELF_C_SET, ELF_F_LAYOUT);
    h->e_ident[EI_DATA] = ELFDATA2LSB;
    h->e_type = ET_DYN;
    h->e_machine = EM_AARCH64;
    h->e_version = EV_CURRENT;
    h->e_phoff = sizeof(*h);
    h->e_shoff = ALIGN_UP(m->offset[NAMES] + m->part[NAMES].size, UINT64_C(8));
    h->e_shstrndx = NAMES;
    for (u32 i = HASH; i < SECTIONS; i++) add_section(m, elf, i);
    add_segments(m, p);
    if (elf_update(elf, ELF_C_WRITE) < 0) die_of_elf(m->path);
    elf_end(elf);
    if (fsync(fd) || close(fd)) die("%s: %s", m->path, strerror(errno));
}

u64 stub_write(const char *path, const char *soname, const struct library *l,
               const struct stub_symbol *s, size_t count)
{
    struct image m = {.path = path, .soname = soname, .l = l, .symbol = s, .count = count};
    make_image(&m);
    write_image(&m);
    return m.offset[TEXT];
}
