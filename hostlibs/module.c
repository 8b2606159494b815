/*
 * What a guest ELF file needs of others: read from its dynamic section, as hostile input. All that
 * is kept lies in memory of its own.
 */
#include "hostlibs/hostlibs.h"

#include "aot/base/checksum.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SYMBOLS (1u << 22)

struct file {
    const u8 *bytes;
    u64 size;
    const Elf64_Phdr *ph;
    u32 phnum;
    const char *strings;
    u64 strings_size;
};

static const void *at_offset(const struct file *f, u64 offset, u64 size)
{
    return offset <= f->size && size <= f->size - offset ? f->bytes + offset : NULL;
}

/* The file's bytes behind a virtual address; *room: how many. */
static const void *at_address(const struct file *f, u64 address, u64 *room)
{
    for (u32 i = 0; i < f->phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];

        if (p->p_type != PT_LOAD || address < p->p_vaddr || address - p->p_vaddr >= p->p_filesz)
            continue;
        *room = p->p_filesz - (address - p->p_vaddr);
        return at_offset(f, p->p_offset + (address - p->p_vaddr), *room);
    }
    return NULL;
}

static const char *string_at(const struct file *f, u64 offset)
{
    if (f->strings == NULL || offset >= f->strings_size ||
        memchr(f->strings + offset, '\0', f->strings_size - offset) == NULL)
        return "";
    return f->strings + offset;
}

struct dynamic {
    const Elf64_Dyn *entry;
    u32 count;
    u64 symtab, hash, gnu_hash, soname, versym, verneed, verneed_count, verdef, verdef_count;
};

static bool read_dynamic(struct file *f, struct dynamic *d)
{
    u64 strtab = 0, room = 0;

    memset(d, 0, sizeof(*d));
    for (u32 i = 0; i < f->phnum; i++) {
        if (f->ph[i].p_type != PT_DYNAMIC) continue;
        d->entry = at_offset(f, f->ph[i].p_offset, f->ph[i].p_filesz);
        d->count = (u32)(f->ph[i].p_filesz / sizeof(Elf64_Dyn));
    }
    if (d->entry == NULL) return false;
    for (u32 i = 0; i < d->count && d->entry[i].d_tag != DT_NULL; i++) {
        u64 value = d->entry[i].d_un.d_val;

        switch (d->entry[i].d_tag) {
        case DT_STRTAB: strtab = value; break;
        case DT_STRSZ: f->strings_size = value; break;
        case DT_SYMTAB: d->symtab = value; break;
        case DT_HASH: d->hash = value; break;
        case DT_GNU_HASH: d->gnu_hash = value; break;
        case DT_VERSYM: d->versym = value; break;
        case DT_VERNEED: d->verneed = value; break;
        case DT_VERNEEDNUM: d->verneed_count = value; break;
        case DT_VERDEF: d->verdef = value; break;
        case DT_VERDEFNUM: d->verdef_count = value; break;
        case DT_SONAME: d->soname = value; break;
        default: break;
        }
    }
    f->strings = at_address(f, strtab, &room);
    if (f->strings_size > room) f->strings_size = room;
    return f->strings != NULL;
}

/* The symbol table has no size of its own; strings follow it in every file that linkers make. */
static u32 symbol_count(const struct file *f, const struct dynamic *d, u64 room)
{
    u64 r, count = room / sizeof(Elf64_Sym);
    const u32 *hash = d->hash != 0 ? at_address(f, d->hash, &r) : NULL;
    const u8 *symbols = at_address(f, d->symtab, &r);

    if (hash != NULL && r >= 8 && hash[1] < count) return hash[1];
    if (symbols != NULL && (const u8 *)f->strings > symbols) {
        u64 between = (u64)((const u8 *)f->strings - symbols) / sizeof(Elf64_Sym);

        if (between < count) count = between;
    }
    return count < MAX_SYMBOLS ? (u32)count : MAX_SYMBOLS;
}

#define VERSIONS 0x8000u /* indices: the bit above says that a symbol is hidden */

/* The names of the versions that the file needs of others, by their indices below `count`. The
 * number of indices that there are. */
static u32 read_versions(const struct file *f, const struct dynamic *d, const char **name,
                         u32 count)
{
    u64 at = d->verneed, room;
    u32 all = 0;

    for (u64 i = 0; i < d->verneed_count && at != 0; i++) {
        const Elf64_Verneed *n = at_address(f, at, &room);
        u64 aux = n != NULL && room >= sizeof(*n) ? at + n->vn_aux : 0;

        for (u32 k = 0; aux != 0 && k < n->vn_cnt; k++) {
            const Elf64_Vernaux *a = at_address(f, aux, &room);

            if (a == NULL || room < sizeof(*a)) return all;
            if (a->vna_other < VERSIONS && a->vna_other >= all) all = a->vna_other + 1u;
            if (a->vna_other < count && name[a->vna_other] == NULL)
                name[a->vna_other] = string_at(f, a->vna_name);
            if (a->vna_next == 0) break;
            aux += a->vna_next;
        }
        if (n == NULL || aux == 0 || n->vn_next == 0) break;
        at += n->vn_next;
    }
    return all;
}

/* Copies of strings, in one piece of memory behind the tables of pointers. */
struct keeper {
    char *at;
};

static char *keep(struct keeper *k, const char *text)
{
    char *copy = k->at;
    size_t n = strlen(text) + 1;

    memcpy(copy, text, n);
    k->at += n;
    return copy;
}

/* What is read of a file, and where symbols' versions are found. */
struct source {
    const struct file *file;
    struct dynamic dynamic;
    const Elf64_Sym *symbol;
    u32 count;
    const u16 *versym; /* NULL: the file has none */
    u32 versym_count;
    const char **version; /* by index; NULL: no such one */
    u32 version_count;
};

static const char *symbol_version(const struct source *s, u32 i)
{
    u16 index = i < s->versym_count ? s->versym[i] % VERSIONS : 0;

    return index > VER_NDX_GLOBAL && index < s->version_count && s->version[index] != NULL
               ? s->version[index]
               : "";
}

static void fill(const struct source *s, struct module_needs *out, struct keeper *k)
{
    const Elf64_Dyn *entry = s->dynamic.entry;

    for (u32 i = 0; i < s->dynamic.count && entry[i].d_tag != DT_NULL; i++)
        if (entry[i].d_tag == DT_NEEDED)
            out->needed[out->needed_count++] = keep(k, string_at(s->file, entry[i].d_un.d_val));
    for (u32 i = 1; i < s->count; i++) {
        const char *name = string_at(s->file, s->symbol[i].st_name);

        if (name[0] == '\0') continue;
        if (s->symbol[i].st_shndx == SHN_UNDEF) {
            struct import *im = &out->imports[out->import_count++];

            im->name = keep(k, name);
            im->version = keep(k, symbol_version(s, i));
            im->hash = import_hash(name);
        } else
            out->has_malloc |= strcmp(name, "malloc") == 0;
    }
}

static bool collect(const struct source *s, struct module_needs *out)
{
    const Elf64_Dyn *entry = s->dynamic.entry;
    u64 bytes = 1;
    u32 needed = 0;
    void *memory;
    struct keeper k;

    for (u32 i = 0; i < s->dynamic.count && entry[i].d_tag != DT_NULL; i++)
        if (entry[i].d_tag == DT_NEEDED) {
            needed++;
            bytes += strlen(string_at(s->file, entry[i].d_un.d_val)) + 1;
        }
    for (u32 i = 1; i < s->count; i++)
        if (s->symbol[i].st_shndx == SHN_UNDEF)
            bytes +=
                strlen(string_at(s->file, s->symbol[i].st_name)) + strlen(symbol_version(s, i)) + 2;
    memory = malloc(needed * sizeof(char *) + ((u64)s->count + 1) * sizeof(struct import) + bytes);
    if (memory == NULL) return false;
    out->needed = memory;
    out->imports = (struct import *)(out->needed + needed);
    k.at = (char *)(out->imports + s->count + 1);
    fill(s, out, &k);
    strncpy(out->soname, string_at(s->file, s->dynamic.soname), sizeof(out->soname) - 1);
    return true;
}

static bool read_needs(struct file *f, struct module_needs *out)
{
    struct source s = {.file = f};
    u64 room = 0;
    bool good;

    if (!read_dynamic(f, &s.dynamic)) return false;
    s.symbol = at_address(f, s.dynamic.symtab, &room);
    s.count = s.symbol != NULL ? symbol_count(f, &s.dynamic, room) : 0;
    s.versym = s.dynamic.versym != 0 ? at_address(f, s.dynamic.versym, &room) : NULL;
    s.versym_count = s.versym != NULL ? (u32)(room / sizeof(*s.versym)) : 0;
    s.version_count = read_versions(f, &s.dynamic, NULL, 0);
    s.version = calloc(s.version_count + 1u, sizeof(*s.version));
    if (s.version == NULL) return false;
    read_versions(f, &s.dynamic, s.version, s.version_count);
    good = collect(&s, out);
    free(s.version);
    return good;
}

static bool is_guests(const Elf64_Ehdr *h)
{
    return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
           h->e_machine == EM_AARCH64;
}

static bool is_guest_elf(struct file *f)
{
    const Elf64_Ehdr *h = at_offset(f, 0, sizeof(*h));

    if (h == NULL || !is_guests(h) || h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff % 8 != 0)
        return false;
    f->phnum = h->e_phnum;
    f->ph = at_offset(f, h->e_phoff, (u64)h->e_phnum * sizeof(Elf64_Phdr));
    return f->ph != NULL;
}

/* The file in memory; false: it can't be read, or isn't one of the guest's. */
static bool map_file(const char *host, struct file *f, struct stat *st)
{
    int fd = open(host, O_RDONLY | O_CLOEXEC);
    void *map = MAP_FAILED;

    memset(f, 0, sizeof(*f));
    if (fd < 0) return false;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size > 0)
        map = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return false;
    f->bytes = map;
    f->size = (u64)st->st_size;
    if (is_guest_elf(f)) return true;
    munmap(map, f->size);
    return false;
}

bool module_read(const char *host, struct module_needs *out)
{
    struct file f;
    struct stat st;
    bool good;

    memset(out, 0, sizeof(*out));
    if (!map_file(host, &f, &st)) return false;
    good = read_needs(&f, out);
    out->dev = st.st_dev;
    out->ino = st.st_ino;
    munmap((void *)(u64)f.bytes, f.size);
    return good;
}

bool module_is_one(const char *host)
{
    Elf64_Ehdr h;
    int fd = open(host, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool is = fd >= 0 && read(fd, &h, sizeof(h)) == (ssize_t)sizeof(h) && is_guests(&h);

    if (fd >= 0) close(fd);
    return is;
}

/* The file's definition of that name; NULL: it has none. */
static const Elf64_Sym *find_defined(struct file *f, const char *name)
{
    struct dynamic d;
    const Elf64_Sym *symbol = NULL;
    u64 room = 0;
    u32 count;

    if (read_dynamic(f, &d)) symbol = at_address(f, d.symtab, &room);
    count = symbol != NULL ? symbol_count(f, &d, room) : 0;
    for (u32 i = 1; i < count; i++)
        if (symbol[i].st_shndx != SHN_UNDEF && strcmp(string_at(f, symbol[i].st_name), name) == 0)
            return &symbol[i];
    return NULL;
}

u64 module_symbol(const char *host, const char *name)
{
    struct file f;
    struct stat st;
    const Elf64_Sym *symbol;
    u64 value;

    if (!map_file(host, &f, &st)) return 0;
    symbol = find_defined(&f, name);
    value = symbol != NULL ? symbol->st_value : 0;
    munmap((void *)(u64)f.bytes, f.size);
    return value;
}

bool module_set_symbol(int fd, const char *host, const char *name, u64 address)
{
    struct file f;
    struct stat st;
    const Elf64_Sym *symbol;
    Elf64_Sym fixed;
    off_t at;

    if (!map_file(host, &f, &st)) return false;
    symbol = find_defined(&f, name);
    if (symbol != NULL) {
        at = (const u8 *)symbol - f.bytes;
        fixed = *symbol;
        fixed.st_shndx = SHN_ABS;
        fixed.st_value = address;
    }
    munmap((void *)(u64)f.bytes, f.size);
    return symbol != NULL && pwrite(fd, &fixed, sizeof(fixed), at) == (ssize_t)sizeof(fixed);
}

/* --- definitions looked up by the file's hash tables --------------------------------------------
 */

struct module_symbols {
    struct file file;
    struct dynamic dynamic;
    const Elf64_Sym *symbol;
    u32 count;
};

struct module_symbols *module_symbols_open(const char *host)
{
    struct module_symbols *m = calloc(1, sizeof(*m));
    struct stat st;
    u64 room = 0;

    if (m == NULL || !map_file(host, &m->file, &st)) {
        free(m);
        return NULL;
    }
    if (read_dynamic(&m->file, &m->dynamic))
        m->symbol = at_address(&m->file, m->dynamic.symtab, &room);
    if (m->symbol != NULL) m->count = symbol_count(&m->file, &m->dynamic, room);
    return m;
}

void module_symbols_close(struct module_symbols *m)
{
    if (m != NULL) munmap((void *)(u64)m->file.bytes, m->file.size);
    free(m);
}

/* The name of version `index` that the file defines; "": none. */
static const char *defined_version(const struct module_symbols *m, u16 index)
{
    u64 at = m->dynamic.verdef, room;

    for (u64 i = 0; i < m->dynamic.verdef_count && at != 0; i++) {
        const Elf64_Verdef *v = at_address(&m->file, at, &room);
        const Elf64_Verdaux *name;

        if (v == NULL || room < sizeof(*v)) return "";
        name = v->vd_ndx == index ? at_address(&m->file, at + v->vd_aux, &room) : NULL;
        if (name != NULL && room >= sizeof(*name)) return string_at(&m->file, name->vda_name);
        if (v->vd_next == 0) break;
        at += v->vd_next;
    }
    return "";
}

static bool is_symbol(const struct module_symbols *m, u32 i, const struct import *im)
{
    const u16 *versym;
    u64 room = 0;

    if (i >= m->count || m->symbol[i].st_shndx == SHN_UNDEF ||
        strcmp(string_at(&m->file, m->symbol[i].st_name), im->name) != 0)
        return false;
    versym = m->dynamic.versym != 0 ? at_address(&m->file, m->dynamic.versym, &room) : NULL;
    if (im->version[0] == '\0' || versym == NULL || i >= room / sizeof(*versym)) return true;
    return strcmp(defined_version(m, versym[i] & 0x7fff), im->version) == 0;
}

/* DT_HASH, as the generic ABI has it. */
static bool in_hash(const struct module_symbols *m, const struct import *im)
{
    u64 room = 0;
    const u32 *table = at_address(&m->file, m->dynamic.hash, &room);
    u32 h = 0, words = (u32)(room / sizeof(*table));

    if (table == NULL || words < 2 || table[0] == 0 || table[0] >= words - 2) return false;
    for (const u8 *p = (const u8 *)im->name; *p != '\0'; p++) {
        h = (h << 4) + *p;
        h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
    }
    h = table[2 + h % table[0]];
    for (u32 turn = 0; h != 0 && turn < m->count && h < words - 2 - table[0]; turn++) {
        if (is_symbol(m, h, im)) return true;
        h = table[2 + table[0] + h];
    }
    return false;
}

/* DT_GNU_HASH: buckets, first symbol, words of 64 bits in the filter, its shift; the filter, the
 * buckets, and a chain of hashes whose last has bit 0 set. A name has two bits in one word of the
 * filter. */
static bool in_gnu_hash(const struct module_symbols *m, const struct import *im)
{
    u64 room = 0;
    const u32 *table = at_address(&m->file, m->dynamic.gnu_hash, &room);
    u64 words = room / sizeof(*table), buckets, filter;
    u32 h = im->hash, i;

    if (table == NULL || words < 4 || table[0] == 0 || table[2] == 0) return false;
    buckets = 4 + 2 * (u64)table[2];
    if (buckets + table[0] > words) return false;
    memcpy(&filter, &table[4 + 2 * (h / 64 % table[2])], sizeof(filter));
    if ((filter >> h % 64 & filter >> (h >> table[3] % 32) % 64 & 1) == 0) return false;
    for (i = table[buckets + h % table[0]]; i >= table[1]; i++) {
        u64 at = buckets + table[0] + (i - table[1]);

        if (i == 0 || at >= words) return false;
        if (((table[at] ^ h) & ~1u) == 0 && is_symbol(m, i, im)) return true;
        if ((table[at] & 1) != 0) break;
    }
    return false;
}

bool module_symbols_have(const struct module_symbols *m, const struct import *im)
{
    return m->dynamic.gnu_hash != 0 ? in_gnu_hash(m, im) : in_hash(m, im);
}

/* Segments lie within the file. */
static bool is_whole(const struct file *f)
{
    for (u32 i = 0; i < f->phnum; i++)
        if (f->ph[i].p_type == PT_LOAD &&
            at_offset(f, f->ph[i].p_offset, f->ph[i].p_filesz) == NULL)
            return false;
    return true;
}

/* Nothing has changed in it since it was written. */
static bool is_as_written(const struct file *f, const char *digits)
{
    char now[BINDING_DIGITS + 1];
    struct digest d = checksum_of(f->bytes, f->size);

    digest_text(&d, now, BINDING_DIGITS);
    return strcmp(now, digits) == 0;
}

/* Stub functions that stand there, one behind the other. */
static u32 stubs_at(const struct file *f, u64 offset)
{
    static const u32 code[2] = {0xd4400000u | BINDING_HLT << 5, 0xd65f03c0u};
    u32 count = 0;

    for (const void *at; (at = at_offset(f, offset, sizeof(code))) != NULL;
         offset += sizeof(code)) {
        if (memcmp(at, code, sizeof(code)) != 0) break;
        count++;
    }
    return count;
}

bool module_is_stub(const char *host, const struct binding *b)
{
    struct dynamic d;
    struct file f;
    struct stat st;
    bool good;
    u32 least = b->function_count, count; /* refused objects, which come last, have none */

    while (least > 0 && b->function[least - 1].reason != NULL) least--;
    if (!map_file(host, &f, &st)) return false;
    good = is_as_written(&f, b->stub) && is_whole(&f) && read_dynamic(&f, &d) &&
           strcmp(string_at(&f, d.soname), b->soname) == 0;
    count = good ? stubs_at(&f, b->code) : 0;
    munmap((void *)(u64)f.bytes, f.size);
    return good && count >= least && count <= b->function_count;
}
