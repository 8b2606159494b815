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

enum { SEC_NULL, SEC_TABLES, SEC_TEXT, SEC_CELLS, SEC_SYMTAB, SEC_STRTAB, SEC_NAMES, SECTIONS };

static const char section_names[] = "\0.ferry\0.text\0.cells\0.symtab\0.strtab\0.shstrtab";
static const u32 name_at[SECTIONS] = {0, 1, 8, 14, 21, 29, 37};

struct writer {
    Elf *elf;
    struct image_header *h;
    u8 *bytes;
    Elf64_Sym *sym;
    char *names;
    u32 sym_count, names_size;
    u64 at; /* next free file offset */
};

static bool program_headers(struct writer *w)
{
    const struct image_header *h = w->h;
    Elf64_Phdr *p = elf64_newphdr(w->elf, 4);
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
    return true;
}

/* A section with these bytes at that file offset. */
static bool section(struct writer *w, unsigned number, const Elf64_Shdr *header, void *data,
                    Elf_Type type)
{
    Elf_Scn *scn = elf_newscn(w->elf);
    Elf64_Shdr *s = scn ? elf64_getshdr(scn) : NULL;
    Elf_Data *d = scn ? elf_newdata(scn) : NULL;
    if (!s || !d) return false;
    *s = *header;
    s->sh_name = name_at[number];
    d->d_buf = data;
    d->d_size = header->sh_size;
    d->d_type = type;
    d->d_align = header->sh_addralign;
    d->d_version = EV_CURRENT;
    return true;
}

/* A section behind the mapped part. */
static bool tail_section(struct writer *w, unsigned number, Elf64_Shdr header, void *data,
                         Elf_Type type)
{
    w->at = ALIGN_UP(w->at, (u64)header.sh_addralign);
    header.sh_offset = w->at;
    w->at += header.sh_size;
    return section(w, number, &header, data, type);
}

static bool sections(struct writer *w)
{
    const struct image_header *h = w->h;
    const u32 first = IMAGE_HEADER_AT;
    Elf64_Shdr tables = {.sh_type = SHT_PROGBITS,
                         .sh_flags = SHF_ALLOC,
                         .sh_addr = first,
                         .sh_offset = first,
                         .sh_size = h->text - first,
                         .sh_addralign = 8};
    Elf64_Shdr text = {.sh_type = SHT_PROGBITS,
                       .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                       .sh_addr = h->text,
                       .sh_offset = h->text,
                       .sh_size = h->map_size - h->text,
                       .sh_addralign = 4096};
    Elf64_Shdr cells = {.sh_type = SHT_NOBITS,
                        .sh_flags = SHF_ALLOC | SHF_WRITE,
                        .sh_addr = h->cells,
                        .sh_offset = h->map_size,
                        .sh_size = h->total_size - h->cells,
                        .sh_addralign = 4096};
    Elf64_Shdr symtab = {.sh_type = SHT_SYMTAB,
                         .sh_size = w->sym_count * sizeof(Elf64_Sym),
                         .sh_entsize = sizeof(Elf64_Sym),
                         .sh_link = SEC_STRTAB,
                         .sh_info = w->sym_count,
                         .sh_addralign = 8};
    Elf64_Shdr strtab = {.sh_type = SHT_STRTAB, .sh_size = w->names_size, .sh_addralign = 1};
    Elf64_Shdr names = {.sh_type = SHT_STRTAB, .sh_size = sizeof section_names, .sh_addralign = 1};
    w->at = h->map_size;
    return section(w, SEC_TABLES, &tables, w->bytes + first, ELF_T_BYTE) &&
           section(w, SEC_TEXT, &text, w->bytes + h->text, ELF_T_BYTE) &&
           section(w, SEC_CELLS, &cells, NULL, ELF_T_BYTE) &&
           tail_section(w, SEC_SYMTAB, symtab, w->sym, ELF_T_SYM) &&
           tail_section(w, SEC_STRTAB, strtab, w->names, ELF_T_BYTE) &&
           tail_section(w, SEC_NAMES, names, (void *)(u64)(uintptr_t)section_names, ELF_T_BYTE);
}

/* Symbols: code of image entries [entry, behind) under the guest's name. */
static bool make_symbols(struct writer *w, const struct image_symbol *symbol, u32 count)
{
    const u32 *entry_code = (const u32 *)(const void *)(w->bytes + w->h->entry_code);
    size_t room = 1;
    for (u32 n = 0; n < count; n++) room += strlen(symbol[n].name) + 1;
    w->sym = calloc(count + 1, sizeof *w->sym);
    w->names = malloc(room);
    if (!w->sym || !w->names) return false;
    w->names[0] = '\0';
    w->names_size = 1;
    w->sym_count = count + 1;
    for (u32 n = 0; n < count; n++) {
        size_t length = strlen(symbol[n].name) + 1;
        u32 from = entry_code[symbol[n].entry];
        u32 to =
            symbol[n].behind < w->h->entry_count ? entry_code[symbol[n].behind] : w->h->text_size;
        if (to < from) to = from; /* its entries are in several regions */
        w->sym[n + 1] = (Elf64_Sym){.st_name = w->names_size,
                                    .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
                                    .st_shndx = SEC_TEXT,
                                    .st_value = w->h->text + from,
                                    .st_size = to - from};
        memcpy(w->names + w->names_size, symbol[n].name, length);
        w->names_size += (u32)length;
    }
    return true;
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
    e->e_shstrndx = SEC_NAMES;
    if (!program_headers(w) || !sections(w)) return false;
    e->e_shoff = ALIGN_UP(w->at, UINT64_C(8));
    w->h->file_size = e->e_shoff + SECTIONS * sizeof(Elf64_Shdr);
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

int image_write(int fd, struct image_header *header, u8 *bytes, const struct image_symbol *symbol,
                u32 symbol_count)
{
    struct writer w = {.h = header, .bytes = bytes};
    memset(&header->contents, 0, sizeof header->contents);
    errno = 0;
    bool good = make_symbols(&w, symbol, symbol_count) && write_elf(&w, fd);
    int error = good ? 0 : errno ? errno : EIO;
    if (w.elf) elf_end(w.elf);
    free(w.sym);
    free(w.names);
    return error ? error : seal(fd, header);
}
