/*
 * The ELF around an image's bytes. The layout is ours (ELF_F_LAYOUT): offsets are addresses, so
 * that one mmap of the file's start maps headers, tables and code.
 */
#include "aot/image/write.h"

#include <errno.h>
#include <libelf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aot/image/lines.h"
#include "aot/image/profile.h"
#include "aot/image/unwind.h"

#define NAMES_MAX    128 /* bytes of the sections' names: more than all of them have */
#define TEXT_SECTION 4   /* its number */
#define CHDR_ALIGN   8   /* of compressed sections */

struct writer {
    Elf *elf;
    struct image_header *h;
    u8 *bytes;
    const struct image_debug *debug;
    struct line_sections lines;
    Elf64_Sym *sym;
    char *names;
    u32 sym_count, names_size;
    char section_names[NAMES_MAX];
    u32 section_names_size, section_count;
    u64 at; /* next free file offset */
};

static bool program_headers(struct writer *w)
{
    const struct image_header *h = w->h;
    Elf64_Phdr *p = elf64_newphdr(w->elf, 5);
    if (!p) return false;
    p[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = PF_R,
                        .p_filesz = h->text,
                        .p_memsz = h->text,
                        .p_align = 4096};
    p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = PF_R | PF_X,
                        .p_offset = h->text,
                        .p_vaddr = h->text,
                        .p_paddr = h->text,
                        .p_filesz = h->map_size - h->text,
                        .p_memsz = h->map_size - h->text,
                        .p_align = 4096};
    p[2] = (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = PF_R | PF_W,
                        .p_offset = h->map_size,
                        .p_vaddr = h->cells,
                        .p_paddr = h->cells,
                        .p_memsz = h->total_size - h->cells,
                        .p_align = 4096};
    p[3] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
    p[4] = (Elf64_Phdr){.p_type = PT_GNU_EH_FRAME,
                        .p_flags = PF_R,
                        .p_offset = h->unwind,
                        .p_vaddr = h->unwind,
                        .p_paddr = h->unwind,
                        .p_filesz = UNWIND_HEADER_SIZE,
                        .p_memsz = UNWIND_HEADER_SIZE,
                        .p_align = 4};
    return true;
}

static int by_offset(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

/* The first of these places behind `at`; `end` if there is none before that. */
static u32 next_place(const u32 *place, u32 count, u32 at, u32 end)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (place[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && place[low] < end ? place[low] : end;
}

/* Where functions begin, ascending; the caller's to free. NULL: no memory. */
static u32 *function_places(const struct writer *w)
{
    u32 count = w->debug->symbol_count;
    u32 *place = malloc((count + 1) * sizeof *place);
    if (!place) return NULL;
    for (u32 n = 0; n < count; n++) place[n] = w->debug->symbol[n].at;
    qsort(place, count, sizeof *place, by_offset);
    return place;
}

/* A function's code goes on to the end of its last region, but not into another function. */
static void put_symbol(struct writer *w, const struct image_symbol *symbol, const u32 *place)
{
    size_t length = strlen(symbol->name) + 1;
    u32 end = next_place(place, w->debug->symbol_count, symbol->at, symbol->end);
    w->sym[w->sym_count++] = (Elf64_Sym){.st_name = w->names_size,
                                         .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
                                         .st_shndx = TEXT_SECTION,
                                         .st_value = w->h->text + symbol->at,
                                         .st_size = end - symbol->at};
    memcpy(w->names + w->names_size, symbol->name, length);
    w->names_size += (u32)length;
}

/* Symbols: code under the guest's names. */
static bool make_symbols(struct writer *w)
{
    const struct image_symbol *symbol = w->debug->symbol;
    u32 count = w->debug->symbol_count;
    size_t room = 1;
    for (u32 n = 0; n < count; n++) room += strlen(symbol[n].name) + 1;
    u32 *place = function_places(w);
    w->sym = calloc(count + 1, sizeof *w->sym);
    w->names = calloc(room, 1);
    w->names_size = w->sym_count = 1; /* the null symbol and its name */
    bool good = place && w->sym && w->names;
    for (u32 n = 0; good && n < count; n++) put_symbol(w, &symbol[n], place);
    free(place);
    return good;
}

/* The next section, with these bytes at the header's file offset. */
static bool section(struct writer *w, const char *name, const Elf64_Shdr *header, void *data,
                    Elf_Type type)
{
    Elf_Scn *scn = elf_newscn(w->elf);
    Elf64_Shdr *s = scn ? elf64_getshdr(scn) : NULL;
    Elf_Data *d = scn ? elf_newdata(scn) : NULL;
    if (!s || !d) return false;
    *s = *header;
    s->sh_name = w->section_names_size;
    w->section_names_size += (u32)strlen(strcpy(w->section_names + s->sh_name, name)) + 1;
    w->section_count++;
    d->d_buf = data;
    d->d_size = header->sh_size;
    d->d_type = type;
    d->d_align = header->sh_addralign;
    d->d_version = EV_CURRENT;
    return true;
}

/* A section of the mapped part: [from, to), which is at the same place in the file. */
static bool mapped_section(struct writer *w, const char *name, u64 flags, u32 from, u32 to,
                           u32 align)
{
    Elf64_Shdr s = {.sh_type = SHT_PROGBITS,
                    .sh_flags = SHF_ALLOC | flags,
                    .sh_addr = from,
                    .sh_offset = from,
                    .sh_size = to - from,
                    .sh_addralign = align};
    return section(w, name, &s, w->bytes + from, ELF_T_BYTE);
}

/* A section behind the mapped part. */
static bool tail_section(struct writer *w, const char *name, Elf64_Shdr header, void *data,
                         Elf_Type type)
{
    w->at = ALIGN_UP(w->at, (u64)header.sh_addralign);
    header.sh_offset = w->at;
    w->at += header.sh_size;
    return section(w, name, &header, data, type);
}

static bool mapped_sections(struct writer *w)
{
    const struct image_header *h = w->h;
    const u32 frames = h->unwind + UNWIND_HEADER_SIZE;
    Elf64_Shdr cells = {.sh_type = SHT_NOBITS,
                        .sh_flags = SHF_ALLOC | SHF_WRITE,
                        .sh_addr = h->cells,
                        .sh_offset = h->map_size,
                        .sh_size = h->total_size - h->cells,
                        .sh_addralign = 4096};
    return mapped_section(w, ".ferry", 0, IMAGE_HEADER_AT, h->unwind, 8) &&
           mapped_section(w, ".eh_frame_hdr", 0, h->unwind, frames, 4) &&
           mapped_section(w, ".eh_frame", 0, frames, frames + UNWIND_FRAMES_SIZE, 4) &&
           mapped_section(w, ".text", SHF_EXECINSTR, h->text, h->sites, 4096) &&
           mapped_section(w, ".sites", 0, h->sites, h->sites + h->sites_size, 1) &&
           section(w, ".cells", &cells, NULL, ELF_T_BYTE);
}

static bool symbol_sections(struct writer *w)
{
    Elf64_Shdr symtab = {.sh_type = SHT_SYMTAB,
                         .sh_size = w->sym_count * sizeof(Elf64_Sym),
                         .sh_entsize = sizeof(Elf64_Sym),
                         .sh_link = w->section_count + 1,
                         .sh_info = w->sym_count,
                         .sh_addralign = 8};
    Elf64_Shdr strtab = {.sh_type = SHT_STRTAB, .sh_size = w->names_size, .sh_addralign = 1};
    return tail_section(w, ".symtab", symtab, w->sym, ELF_T_SYM) &&
           tail_section(w, ".strtab", strtab, w->names, ELF_T_BYTE);
}

/* Compressed, as all readers of DWARF expect it to be, unless that makes it larger. */
static bool debug_section(struct writer *w, const char *name, const struct section_bytes *b)
{
    Elf64_Shdr s = {.sh_type = SHT_PROGBITS, .sh_size = b->size, .sh_addralign = CHDR_ALIGN};
    if (!tail_section(w, name, s, b->at, ELF_T_BYTE)) return false;
    Elf_Scn *scn = elf_getscn(w->elf, w->section_count - 1);
    int packed = elf_compress(scn, ELFCOMPRESS_ZLIB, 0);
    const Elf64_Shdr *made = elf64_getshdr(scn);
    if (packed < 0 || !made) return false;
    w->at = made->sh_offset + made->sh_size;
    return true;
}

static bool line_sections(struct writer *w)
{
    struct line_sections *l = &w->lines;
    if (!w->debug->line_count) return true;
    return image_lines(w->h, w->debug, l) && debug_section(w, ".debug_info", &l->info) &&
           debug_section(w, ".debug_abbrev", &l->abbrev) &&
           debug_section(w, ".debug_line", &l->line);
}

static bool profile_section(struct writer *w)
{
    Elf64_Shdr s = {.sh_type = SHT_PROGBITS,
                    .sh_size = w->debug->profile_count * sizeof *w->debug->profile,
                    .sh_addralign = 8};
    if (!s.sh_size) return true;
    if (!tail_section(w, ".ferry.profile", s, (void *)(uintptr_t)w->debug->profile, ELF_T_BYTE))
        return false;
    w->h->profile_at = w->at - s.sh_size;
    w->h->profile_size = s.sh_size;
    return true;
}

/* The names come last: they have their own. */
static bool name_section(struct writer *w)
{
    static const char name[] = ".shstrtab";
    Elf64_Shdr s = {
        .sh_type = SHT_STRTAB, .sh_size = w->section_names_size + sizeof name, .sh_addralign = 1};
    return tail_section(w, name, s, w->section_names, ELF_T_BYTE);
}

static bool sections(struct writer *w)
{
    w->at = w->h->sites + w->h->sites_size;
    w->section_count = w->section_names_size = 1; /* the null section and its name */
    return mapped_sections(w) && symbol_sections(w) && line_sections(w) && profile_section(w) &&
           name_section(w);
}

static bool write_elf(struct writer *w, int fd)
{
    if (elf_version(EV_CURRENT) == EV_NONE) return false;
    w->elf = elf_begin(fd, ELF_C_WRITE, NULL);
    if (!w->elf) return false;
    elf_flagelf(w->elf, ELF_C_SET, ELF_F_LAYOUT);
    Elf64_Ehdr *e = elf64_newehdr(w->elf);
    if (!e) return false;
    e->e_ident[EI_DATA] = ELFDATA2LSB;
    e->e_type = ET_DYN;
    e->e_machine = EM_X86_64;
    e->e_version = EV_CURRENT;
    e->e_phoff = sizeof *e;
    if (!program_headers(w) || !sections(w)) return false;
    e->e_shstrndx = (Elf64_Half)(w->section_count - 1);
    if (w->at + w->section_count * sizeof(Elf64_Shdr) < w->h->map_size)
        w->at = w->h->map_size - w->section_count * sizeof(Elf64_Shdr);
    e->e_shoff = ALIGN_UP(w->at, UINT64_C(8));
    w->h->file_size = e->e_shoff + w->section_count * sizeof(Elf64_Shdr);
    memcpy(w->bytes + IMAGE_HEADER_AT, w->h, sizeof *w->h);
    return elf_update(w->elf, ELF_C_WRITE) >= 0;
}

/* The digest of what has been written, which has zeroes in its own place. */
static int seal(int fd, struct image_header *h)
{
    static const size_t piece = 1 << 20;
    struct blake2b s;
    u8 *buffer = malloc(piece);
    u64 at = 0;
    if (!buffer) return ENOMEM;
    blake2b_start(&s);
    while (at < h->file_size) {
        ssize_t n = pread(fd, buffer, piece, (off_t)at);
        if (n <= 0) break;
        blake2b_add(&s, buffer, (size_t)n);
        at += (u64)n;
    }
    free(buffer);
    if (at != h->file_size) return EIO;
    h->contents = blake2b_end(&s);
    ssize_t n = pwrite(fd, &h->contents, sizeof h->contents,
                       IMAGE_HEADER_AT + offsetof(struct image_header, contents));
    return n == sizeof h->contents ? 0 : n < 0 ? errno : ENOSPC;
}

int image_write(int fd, struct image_header *header, u8 *bytes, const struct image_debug *debug)
{
    struct writer w = {.h = header, .bytes = bytes, .debug = debug};
    memset(&header->contents, 0, sizeof header->contents);
    errno = 0;
    bool good = make_symbols(&w) && write_elf(&w, fd);
    int error = good ? 0 : errno ? errno : EIO;
    if (w.elf) elf_end(w.elf);
    free(w.sym);
    free(w.names);
    image_lines_free(&w.lines);
    return error ? error : seal(fd, header);
}
