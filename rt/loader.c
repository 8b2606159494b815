/*
 * The ELF loader: checks a file as hostile input, maps its segments as Linux does (fs/binfmt_elf.c
 * is the model for what is accepted), loads the interpreter from the sysroot.
 *
 * Places: non-PIE programs lie where they were linked. PIE programs go to two thirds of the
 * window with the break behind them; static-PIE programs and interpreters go to where mmap would
 * put them.
 */
#include "rt/loader.h"

#include "rt/bundle.h"
#include "rt/guard.h"
#include "rt/image.h"
#include "rt/loader_stack.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/path.h"
#include "rt/process.h"
#include "rt/thread.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PHDRS_SIZE 65536u /* as Linux */

struct image_info image_info;

struct elf_file {
    const char *path;
    int fd;
    u64 base; /* where the file begins in fd */
    u64 size;
    const struct bundle_entry *bundled; /* the bundle's entry that it is; NULL: none */
    Elf64_Ehdr header;
    Elf64_Phdr *ph;
    u64 low, high; /* page-rounded span of the segments, unbiased */
    u64 bias;
};

static void refuse(const char *path, int status, const char *why)
{
    struct log_shown shown;

    log_fatal(status, "%s: %s", log_shown(&shown, path_to_guest(path)), why);
}

/* Table: machines that people have programs for. */
static const struct {
    u16 machine;
    const char *name;
} machines[] = {{EM_AARCH64, "AArch64"}, {EM_X86_64, "x86-64"},  {EM_386, "x86"},
                {EM_ARM, "Arm"},         {EM_RISCV, "RISC-V"},   {EM_PPC64, "PowerPC"},
                {EM_PPC, "PowerPC"},     {EM_S390, "IBM Z"},     {EM_MIPS, "MIPS"},
                {EM_SPARC, "SPARC"},     {EM_SPARCV9, "SPARC"},  {EM_LOONGARCH, "LoongArch"},
                {EM_ALPHA, "Alpha"},     {EM_PARISC, "PA-RISC"}, {EM_IA_64, "Itanium"}};

static const char *type_text(u16 type)
{
    switch (type) {
    case ET_EXEC:
    case ET_DYN: return "program";
    case ET_REL: return "object file";
    case ET_CORE: return "core file";
    default: return "ELF file of no known type";
    }
}

/* What an ELF file is that can't be run here: its class, byte order, machine and type. */
static const char *describe(const Elf64_Ehdr *h)
{
    static __thread char text[160];
    bool big = h->e_ident[EI_DATA] == ELFDATA2MSB;
    u16 machine = big ? __builtin_bswap16(h->e_machine) : h->e_machine;
    u16 type = big ? __builtin_bswap16(h->e_type) : h->e_type;
    char number[32];
    const char *name = number;

    if (h->e_ident[EI_CLASS] != ELFCLASS32 && h->e_ident[EI_CLASS] != ELFCLASS64)
        return "ELF file of no known class";
    if (!big && h->e_ident[EI_DATA] != ELFDATA2LSB) return "ELF file of no known byte order";
    snprintf(number, sizeof(number), "machine %u", machine);
    for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
        if (machines[i].machine == machine) name = machines[i].name;
    snprintf(text, sizeof(text), "%s%s%s %s, not a 64-bit AArch64 program",
             h->e_ident[EI_CLASS] == ELFCLASS32 ? "32-bit " : "", big ? "big-endian " : "", name,
             type_text(type));
    return text;
}

enum program_kind program_kind(const u8 *head, size_t size, const char **why)
{
    Elf64_Ehdr h;

    *why = NULL;
    if (size >= 2 && head[0] == '#' && head[1] == '!') return PROGRAM_SCRIPT;
    *why = "not an ELF file";
    if (size < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0) return PROGRAM_UNKNOWN;
    *why = "truncated ELF header";
    if (size < sizeof(h)) return PROGRAM_UNKNOWN;
    memcpy(&h, head, sizeof(h));
    *why = NULL;
    if (h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_ident[EI_DATA] == ELFDATA2LSB &&
        h.e_machine == EM_AARCH64 && (h.e_type == ET_EXEC || h.e_type == ET_DYN))
        return PROGRAM_GUEST;
    *why = describe(&h);
    return h.e_ident[EI_DATA] == ELFDATA2LSB && (h.e_machine == EM_X86_64 || h.e_machine == EM_386)
               ? PROGRAM_NATIVE
               : PROGRAM_UNKNOWN;
}

/* Reads n bytes of the file; false: it has them not. */
static bool read_at(const struct elf_file *f, void *to, u64 n, u64 at)
{
    if (at > f->size || n > f->size - at) return false;
    if (f->bundled == NULL) return pread(f->fd, to, n, (off_t)at) == (ssize_t)n;
    memcpy(to, bundle_contents(f->bundled, at, n) + at, n);
    return true;
}

static void read_phdrs(struct elf_file *f)
{
    const Elf64_Ehdr *h = &f->header;
    u64 bytes = (u64)h->e_phnum * sizeof(Elf64_Phdr);
    struct log_shown shown;

    if (h->e_phentsize != sizeof(Elf64_Phdr))
        log_fatal(126, "%s: program headers of %u bytes each, not %zu", log_shown(&shown, f->path),
                  h->e_phentsize, sizeof(Elf64_Phdr));
    if (h->e_phnum == 0) refuse(f->path, 126, "no program headers");
    if (bytes > MAX_PHDRS_SIZE) refuse(f->path, 126, "too many program headers");
    f->ph = malloc(bytes);
    if (f->ph == NULL) refuse(f->path, 126, "no memory");
    if (!read_at(f, f->ph, bytes, h->e_phoff))
        refuse(f->path, 126, "truncated: program headers lie behind the end of the file");
}

static void check_segment(struct elf_file *f, const Elf64_Phdr *p, u64 *last)
{
    if (p->p_filesz > p->p_memsz)
        refuse(f->path, 126, "segment is larger in the file than in memory");
    if (p->p_offset > f->size || p->p_filesz > f->size - p->p_offset)
        refuse(f->path, 126, "truncated: a segment lies behind the end of the file");
    if (((p->p_vaddr ^ p->p_offset) & (GUEST_PAGE - 1)) != 0)
        refuse(f->path, 126, "segment's address and file offset differ within a page");
    if (p->p_vaddr >= mm_high() || p->p_memsz > mm_high() - p->p_vaddr)
        refuse(f->path, 126, "segment outside the guest's address space");
    if (*last != 0 && p->p_vaddr < *last)
        refuse(f->path, 126, "segments overlap or are out of order");
    *last = p->p_vaddr + p->p_memsz;
}

static void measure(struct elf_file *f)
{
    u64 last = 0;

    f->low = UINT64_MAX;
    for (unsigned i = 0; i < f->header.e_phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];

        if (p->p_type != PT_LOAD) continue;
        check_segment(f, p, &last);
        if (f->low == UINT64_MAX) f->low = ALIGN_DOWN(p->p_vaddr, (u64)GUEST_PAGE);
        f->high = ALIGN_UP(p->p_vaddr + p->p_memsz, (u64)GUEST_PAGE);
    }
    if (f->low == UINT64_MAX || f->high <= f->low) refuse(f->path, 126, "no loadable segments");
}

/* A bundled program lies in the bundle's own file. */
static bool open_bundled(struct elf_file *f, const char *path, struct stat *st)
{
    const char *inside = bundle_inside(path);
    s64 error = 0, fd;

    if (inside == NULL) return false;
    f->bundled = bundle_find(inside, &error);
    if (f->bundled == NULL) refuse(path, 127, strerror((int)-error));
    bundle_stat(f->bundled, st);
    fd = bundle_file();
    if (fd < 0) refuse(path, 126, strerror((int)-fd));
    f->fd = (int)fd;
    f->base = f->bundled->contents.at;
    return true;
}

static void open_elf(struct elf_file *f, const char *path)
{
    struct stat st;
    const char *why;
    u64 n;

    memset(f, 0, sizeof(*f));
    f->path = path;
    if (!open_bundled(f, path, &st)) f->fd = process_open(path);
    if (f->fd < 0 || (f->bundled == NULL && fstat(f->fd, &st) != 0))
        refuse(path, errno == ENOENT || errno == ENOTDIR ? 127 : 126, strerror(errno));
    if (S_ISDIR(st.st_mode)) refuse(path, 126, "is a directory");
    f->size = (u64)st.st_size;
    n = f->size < sizeof(f->header) ? f->size : sizeof(f->header);
    if (!read_at(f, &f->header, n, 0)) n = 0;
    switch (program_kind((u8 *)&f->header, n, &why)) {
    case PROGRAM_GUEST: break;
    case PROGRAM_SCRIPT: refuse(path, 126, "is a script"); break;
    case PROGRAM_NATIVE:
    case PROGRAM_UNKNOWN: refuse(path, 126, why); break;
    }
    read_phdrs(f);
    measure(f);
}

static u32 prot_of(const Elf64_Phdr *p)
{
    return ((p->p_flags & PF_R) != 0 ? (u32)PROT_READ : 0) |
           ((p->p_flags & PF_W) != 0 ? (u32)PROT_WRITE : 0) |
           ((p->p_flags & PF_X) != 0 ? (u32)PROT_EXEC : 0);
}

/* The part of a segment behind its file contents: zeroes in the last page, then fresh pages. */
static void map_zeroes(struct elf_file *f, const Elf64_Phdr *p)
{
    u64 from = f->bias + p->p_vaddr + p->p_filesz, page = ALIGN_UP(from, (u64)GUEST_PAGE);
    u64 end = ALIGN_UP(f->bias + p->p_vaddr + p->p_memsz, (u64)GUEST_PAGE);
    static const u8 zero[GUEST_PAGE];

    if (p->p_memsz == p->p_filesz) return;
    if (p->p_filesz != 0 && page > from && (p->p_flags & PF_W) != 0)
        (void)guest_write(from, zero, page - from);
    if (p->p_filesz == 0) page = ALIGN_DOWN(from, (u64)GUEST_PAGE);
    if (end > page &&
        mm_map(page, end - page, prot_of(p), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0)
        refuse(f->path, 126, "no memory for its data");
}

static void map_segment(struct elf_file *f, const Elf64_Phdr *p)
{
    u64 skew = p->p_vaddr & (GUEST_PAGE - 1);
    struct log_shown shown;
    s64 r;

    if (p->p_filesz != 0) {
        if (f->bundled != NULL)
            (void)bundle_contents(f->bundled, p->p_offset - skew, p->p_filesz + skew);
        r = mm_map(f->bias + p->p_vaddr - skew, p->p_filesz + skew, prot_of(p),
                   MAP_PRIVATE | MAP_FIXED, f->fd, f->base + p->p_offset - skew);
        if (r < 0)
            log_fatal(126, "%s: mapping a segment at 0x%llx: %s", log_shown(&shown, f->path),
                      (unsigned long long)(f->bias + p->p_vaddr), strerror((int)-r));
    }
    map_zeroes(f, p);
    log_line(LOG_LOADER, "%s: segment at 0x%llx, %llu bytes", f->path,
             (unsigned long long)(f->bias + p->p_vaddr), (unsigned long long)p->p_memsz);
}

/* Gives back what the segments leave free of the span: Linux reserves it for no longer than it
 * takes to map them (elf_map of fs/binfmt_elf.c), so holes are the program's to fault in or to map.
 */
static void free_holes(const struct elf_file *f)
{
    u64 end = 0;

    for (unsigned i = 0; i < f->header.e_phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];
        u64 start = ALIGN_DOWN(f->bias + p->p_vaddr, (u64)GUEST_PAGE);

        if (p->p_type != PT_LOAD) continue;
        if (end != 0 && start > end) mm_unmap(end, start - end);
        end = ALIGN_UP(f->bias + p->p_vaddr + p->p_memsz, (u64)GUEST_PAGE);
    }
}

/* Reserves the file's whole span and maps its segments. hint: where a PIE likes to be, 0: as mmap
 * chooses. */
static void map_elf(struct elf_file *f, u64 hint)
{
    u64 span = f->high - f->low, align = GUEST_PAGE;
    u32 flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    struct log_shown shown;
    struct image_file image;
    s64 at;

    for (unsigned i = 0; i < f->header.e_phnum; i++)
        if (f->ph[i].p_type == PT_LOAD && f->ph[i].p_align > align &&
            (f->ph[i].p_align & (f->ph[i].p_align - 1)) == 0)
            align = f->ph[i].p_align;
    image_find(&image, f->fd, f->bundled, span);
    if (f->header.e_type == ET_EXEC)
        at = mm_map(f->low, span, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
    else
        at = mm_map(mm_choose(ALIGN_DOWN(hint, align), span, align), span, PROT_NONE, flags, -1, 0);
    if (at < 0)
        log_fatal(126, "%s: no room for it at 0x%llx: %s", log_shown(&shown, f->path),
                  (unsigned long long)f->low, strerror((int)-at));
    f->bias = (u64)at - f->low;
    for (unsigned i = 0; i < f->header.e_phnum; i++)
        if (f->ph[i].p_type == PT_LOAD) map_segment(f, &f->ph[i]);
    free_holes(f);
    image_map(&image, (u64)at);
}

static bool interpreter_is_there(const char *host)
{
    const char *inside = bundle_inside(host);

    return inside != NULL ? bundle_find(inside, NULL) != NULL : access(host, F_OK) == 0;
}

static void load_interpreter(struct thread *t, const struct elf_file *f, const Elf64_Phdr *p,
                             struct elf_file *interp)
{
    static struct path host;
    struct log_shown shown, shown_name;
    char *name;

    if (p->p_filesz < 2 || p->p_filesz > PATH_MAX) refuse(f->path, 126, "bad interpreter name");
    name = malloc(p->p_filesz);
    if (name == NULL || !read_at(f, name, p->p_filesz, p->p_offset) ||
        name[p->p_filesz - 1] != '\0')
        refuse(f->path, 126, "bad interpreter name");
    if (path_resolve_text(t, AT_FDCWD, name, PATH_FOLLOW, &host) != 0 ||
        !interpreter_is_there(host.host))
        log_fatal(127, "%s: its interpreter %s is missing%s",
                  log_shown(&shown, path_to_guest(f->path)), log_shown(&shown_name, name),
                  bundle_on ? "" : "; name the guest's root with --sysroot");
    free(name);
    open_elf(interp, host.host);
    if (interp->header.e_type == ET_DYN)
        map_elf(interp, 0);
    else
        map_elf(interp, interp->low);
}

static u64 random_pages(unsigned bits)
{
    const u8 *bytes = (const u8 *)getauxval(AT_RANDOM);
    u32 r = 0;

    if (bytes != NULL) memcpy(&r, bytes + 4, sizeof(r));
    return (u64)(r & ((1u << bits) - 1)) * GUEST_PAGE;
}

/* Where PIE programs and the breaks of static-PIE ones go. */
static u64 pie_place(void)
{
    return ALIGN_DOWN(mm_high() / 3 * 2, (u64)GUEST_PAGE) + random_pages(20);
}

static u64 phdr_address(const struct elf_file *f)
{
    for (unsigned i = 0; i < f->header.e_phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];

        if (p->p_type == PT_PHDR) return f->bias + p->p_vaddr;
    }
    for (unsigned i = 0; i < f->header.e_phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];

        if (p->p_type == PT_LOAD && f->header.e_phoff >= p->p_offset &&
            f->header.e_phoff < p->p_offset + p->p_filesz)
            return f->bias + p->p_vaddr + (f->header.e_phoff - p->p_offset);
    }
    return 0;
}

static void note_places(const struct elf_file *f)
{
    struct image_info *info = &image_info;

    for (unsigned i = 0; i < f->header.e_phnum; i++) {
        const Elf64_Phdr *p = &f->ph[i];

        if (p->p_type != PT_LOAD) continue;
        if ((p->p_flags & PF_X) != 0) {
            if (info->code_start == 0) info->code_start = f->bias + p->p_vaddr;
            info->code_end = f->bias + p->p_vaddr + p->p_filesz;
        }
        info->data_start = f->bias + p->p_vaddr;
        info->data_end = f->bias + p->p_vaddr + p->p_filesz;
    }
}

void load_program(struct thread *t, const struct program *p)
{
    struct elf_file main_file, interp;
    const Elf64_Phdr *interp_name = NULL;
    struct stack_plan plan = {.program = p};

    open_elf(&main_file, p->host_path);
    for (unsigned i = 0; i < main_file.header.e_phnum; i++)
        if (main_file.ph[i].p_type == PT_INTERP && interp_name == NULL)
            interp_name = &main_file.ph[i];
    if (main_file.header.e_type == ET_EXEC || interp_name == NULL)
        map_elf(&main_file, main_file.header.e_type == ET_EXEC ? main_file.low : 0);
    else
        map_elf(&main_file, pie_place());
    plan.entry = main_file.bias + main_file.header.e_entry;
    plan.phdr = phdr_address(&main_file);
    plan.phnum = main_file.header.e_phnum;
    plan.start = plan.entry;
    if (interp_name != NULL) {
        load_interpreter(t, &main_file, interp_name, &interp);
        plan.start = interp.bias + interp.header.e_entry;
        plan.base = interp.bias;
        image_info.loader = plan.start;
        close(interp.fd);
        free(interp.ph);
    }
    note_places(&main_file);
    image_info.brk_start = main_file.bias + main_file.high;
    if (main_file.header.e_type == ET_DYN && interp_name == NULL)
        image_info.brk_start = pie_place();
    else
        image_info.brk_start += random_pages(13);
    mm_set_brk(image_info.brk_start);
    close(main_file.fd);
    free(main_file.ph);
    plan.vdso = vdso_map();
    stack_build(t, &plan);
}
