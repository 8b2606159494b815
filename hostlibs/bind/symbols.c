/* What a shared library exports: dynamic symbols with versions, soname and build ID, by libelf.
 * Files may be damaged: libelf hands out what lies within the file, indices are checked here. */
#include "hostlibs/bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct library *l;
    Elf *elf;
    Elf_Data *symbols, *versions, *definitions;
    size_t strings; /* section indices */
    u32 definition_count;
};

static const char *string_at(const struct reading *r, size_t offset)
{
    const char *s = elf_strptr(r->elf, r->strings, offset);
    return s ? s : "";
}

static void read_build_id(struct library *l, Elf_Data *data)
{
    size_t at = 0, next, name, desc;
    GElf_Nhdr head;
    while (data && (next = gelf_getnote(data, at, &head, &name, &desc)) > 0) {
        const u8 *bytes = (const u8 *)data->d_buf + desc;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
            !memcmp((const char *)data->d_buf + name, "GNU", 4)) {
            char *text = allocate(head.n_descsz * 2 + 1, 1);
            for (size_t i = 0; i < head.n_descsz; i++) sprintf(text + 2 * i, "%02x", bytes[i]);
            l->build_id = text;
            return;
        }
        at = next;
    }
}

static void read_dynamic(struct reading *r, Elf_Data *data, size_t strings)
{
    GElf_Dyn d;
    for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
        const char *s = d.d_tag == DT_SONAME ? elf_strptr(r->elf, strings, d.d_un.d_val) : NULL;
        if (s) r->l->soname = s;
    }
}

static void find_sections(struct reading *r)
{
    Elf_Scn *s = NULL;
    GElf_Shdr h;
    while ((s = elf_nextscn(r->elf, s)) != NULL) {
        if (!gelf_getshdr(s, &h)) continue;
        if (h.sh_type == SHT_DYNSYM) {
            r->symbols = elf_getdata(s, NULL);
            r->strings = h.sh_link;
        } else if (h.sh_type == SHT_GNU_versym) {
            r->versions = elf_getdata(s, NULL);
        } else if (h.sh_type == SHT_GNU_verdef) {
            r->definitions = elf_getdata(s, NULL);
            r->definition_count = h.sh_info;
        } else if (h.sh_type == SHT_DYNAMIC) {
            read_dynamic(r, elf_getdata(s, NULL), h.sh_link);
        } else if (h.sh_type == SHT_NOTE && !*r->l->build_id) {
            read_build_id(r->l, elf_getdata(s, NULL));
        }
    }
}

static void read_definitions(struct reading *r)
{
    struct library *l = r->l;
    GElf_Verdef d;
    GElf_Verdaux x;
    int at = 0;
    for (u32 i = 0; r->definitions && i < r->definition_count; i++) {
        if (!gelf_getverdef(r->definitions, at, &d)) break;
        struct version v = {.index = d.vd_ndx, .flags = d.vd_flags};
        int aux = at + (int)d.vd_aux;
        for (u32 k = 0; k < d.vd_cnt && v.names < ARRAY_SIZE(v.name); k++) {
            if (!gelf_getverdaux(r->definitions, aux, &x)) break;
            v.name[v.names++] = string_at(r, x.vda_name);
            aux += (int)x.vda_next;
        }
        if (v.names) {
            l->version = grow(l->version, l->version_count, sizeof(v));
            l->version[l->version_count++] = v;
        }
        if (!d.vd_next || d.vd_next > r->definitions->d_size) break;
        at += (int)d.vd_next;
    }
}

static const char *version_name(const struct library *l, u16 index)
{
    if (index > VER_NDX_GLOBAL)
        for (size_t i = 0; i < l->version_count; i++)
            if (l->version[i].index == index) return l->version[i].name[0];
    return "-";
}

/* Constant data is found by its section: relocations only change what is mapped writable. */
static void find_bytes(Elf *elf, const GElf_Sym *from, struct symbol *to)
{
    GElf_Shdr h;
    Elf_Scn *s = elf_getscn(elf, from->st_shndx);
    if (!s || !gelf_getshdr(s, &h) || h.sh_type != SHT_PROGBITS || h.sh_flags & SHF_WRITE) return;
    Elf_Data *data = elf_getdata(s, NULL);
    u64 offset = from->st_value - h.sh_addr;
    if (!data || !data->d_buf || offset > data->d_size || from->st_size > data->d_size - offset)
        return;
    to->constant = from->st_size != 0;
    to->bytes = (const u8 *)data->d_buf + offset;
    to->align = h.sh_addralign && h.sh_addralign <= 64 ? h.sh_addralign : 64;
}

static void add_symbol(struct reading *r, const GElf_Sym *s, u16 versym)
{
    struct library *l = r->l;
    const char *name = string_at(r, s->st_name);
    u8 type = GELF_ST_TYPE(s->st_info), bind = GELF_ST_BIND(s->st_info);
    bool code = type == STT_FUNC || type == STT_GNU_IFUNC;
    if (!*name || strpbrk(name, " \n") || s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS)
        return;
    if (bind != STB_GLOBAL && bind != STB_WEAK && bind != STB_GNU_UNIQUE) return;
    if (!code && type != STT_OBJECT && type != STT_TLS && type != STT_COMMON) return;
    if (!strcmp(name, "_init") || !strcmp(name, "_fini")) return;
    if ((versym & 0x7fff) == VER_NDX_LOCAL) return;
    struct symbol n = {
        .name = name,
        .version = version_name(l, versym & 0x7fff),
        .version_index = versym & 0x7fff,
        .hidden = versym & 0x8000,
        .data = !code,
        .weak = bind == STB_WEAK,
        .size = s->st_size,
        .value = s->st_value,
    };
    if (type == STT_OBJECT) find_bytes(r->elf, s, &n);
    l->symbol = grow(l->symbol, l->count, sizeof(n));
    l->symbol[l->count++] = n;
}

static int by_name(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : strcmp(x->version, y->version);
}

static void read_symbols(struct reading *r)
{
    GElf_Sym s;
    for (int i = 1; r->symbols && gelf_getsym(r->symbols, i, &s); i++) {
        GElf_Versym v = VER_NDX_GLOBAL;
        if (r->versions && !gelf_getversym(r->versions, i, &v)) break;
        add_symbol(r, &s, v);
    }
    if (r->l->count) qsort(r->l->symbol, r->l->count, sizeof(*r->l->symbol), by_name);
}

void library_read(const char *path, u16 machine, struct library *l)
{
    struct reading r = {.l = l};
    GElf_Ehdr h;
    *l = (struct library){.path = path, .soname = "", .build_id = ""};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die("%s: %s", path, strerror(errno));
    elf_version(EV_CURRENT);
    r.elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!r.elf || elf_kind(r.elf) != ELF_K_ELF || !gelf_getehdr(r.elf, &h) ||
        gelf_getclass(r.elf) != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB ||
        h.e_type != ET_DYN)
        die("%s: not a shared library", path);
    if (h.e_machine != machine)
        die("%s: not a library for %s", path, machine == EM_AARCH64 ? "arm64" : "x86-64");
    find_sections(&r);
    read_definitions(&r);
    read_symbols(&r);
    if (!l->count) die("%s: exports nothing, or is damaged", path);
}

void library_keep_only(struct library *l, struct annotation *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        struct symbol s = l->symbol[i];
        if (s.data || s.hidden || !annotation_find(a, RULE_ONLY, s.name)) continue;
        s.version = "-";
        s.version_index = VER_NDX_GLOBAL;
        l->symbol[kept++] = s;
    }
    l->count = kept;
    l->version_count = 0;
}

const struct symbol *library_find(const struct library *l, const char *name, const char *version)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(l->symbol[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < l->count && !strcmp(l->symbol[low].name, name); low++) {
        const struct symbol *s = &l->symbol[low];
        if (!strcmp(version, "-") ? !s->hidden : !strcmp(s->version, version)) return s;
    }
    return NULL;
}
