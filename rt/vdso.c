/*
 * The guest's vDSO: an ELF shared object of one page, laid out here at start.
 *
 * Its time functions are a hypercall, an HLT that no guest may have elsewhere: the kernel side
 * answers it from the host's own vDSO, so that time is the host's to the nanosecond (slewing,
 * suspend and leap seconds included) and no system call is made. Symbols have version
 * LINUX_2.6.39, as Linux/arm64's (arch/arm64/kernel/vdso/vdso.lds.S).
 *
 * Callbacks from native code return to a place in here, because unwinders find the tables of what
 * the loader knows: they go on in the function that called the native one.
 */
#include "rt/kernel.h"
#include "rt/loader.h"

#include "aot/abi/guest_unwind.h"
#include "rt/guard.h"
#include "rt/mm.h"
#include "rt/native.h"
#include "rt/thread.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

enum { FN_SIGRETURN, FN_CLOCK_GETTIME, FN_GETTIMEOFDAY, FN_CLOCK_GETRES, FN_COUNT };

static const char *const names[FN_COUNT] = {"__kernel_rt_sigreturn", "__kernel_clock_gettime",
                                            "__kernel_gettimeofday", "__kernel_clock_getres"};

#define HLT(imm)    (0xd4400000u | (u32)(imm) << 5)
#define RET         0xd65f03c0u
#define NOP         0xd503201fu
#define MOV_X8(imm) (0xd2800008u | (u32)(imm) << 5)
#define SVC_0       0xd4000001u
#define HYPERCALL   0xfe00 /* HLT immediate of function 0 */

#define SYMBOLS (FN_COUNT + 1)
#define VERSION "LINUX_2.6.39"
#define SONAME  "linux-vdso.so.1"
#define STRINGS 256
#define CODE_AT 0x800

struct verdef {
    Elf64_Verdef def;
    Elf64_Verdaux aux;
};

/* Everything but the code, in file order. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr phdr[3];
    Elf64_Dyn dynamic[10];
    Elf64_Sym symbol[SYMBOLS];
    u32 hash[2 + 1 + SYMBOLS]; /* one bucket */
    Elf64_Half versym[SYMBOLS];
    struct verdef verdef[2];
    struct guest_unwind unwind; /* of where callbacks return to */
    char strings[STRINGS];
};

static u64 base;
static u64 function[FN_COUNT];
static u64 return_place;

static u32 elf_hash(const char *s)
{
    u32 h = 0;

    for (; *s != '\0'; s++) {
        h = (h << 4) + (u8)*s;
        h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
    }
    return h;
}

static u32 add_string(struct image *im, u32 *used, const char *s)
{
    u32 at = *used;

    strcpy(im->strings + at, s);
    *used += (u32)strlen(s) + 1;
    return at;
}

static void build_headers(struct image *im)
{
    im->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_phoff = offsetof(struct image, phdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = ARRAY_SIZE(im->phdr),
        .e_shentsize = sizeof(Elf64_Shdr)};
    im->phdr[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_filesz = GUEST_PAGE,
                               .p_memsz = GUEST_PAGE,
                               .p_align = GUEST_PAGE};
    im->phdr[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                               .p_flags = PF_R,
                               .p_offset = offsetof(struct image, dynamic),
                               .p_vaddr = offsetof(struct image, dynamic),
                               .p_paddr = offsetof(struct image, dynamic),
                               .p_filesz = sizeof(im->dynamic),
                               .p_memsz = sizeof(im->dynamic),
                               .p_align = 8};
    im->phdr[2] = (Elf64_Phdr){.p_type = PT_GNU_EH_FRAME,
                               .p_flags = PF_R,
                               .p_offset = offsetof(struct image, unwind),
                               .p_vaddr = offsetof(struct image, unwind),
                               .p_paddr = offsetof(struct image, unwind),
                               .p_filesz = sizeof(im->unwind),
                               .p_memsz = sizeof(im->unwind),
                               .p_align = 4};
}

static void build_dynamic(struct image *im, u32 soname, u32 strings)
{
    Elf64_Dyn *d = im->dynamic;

#define DYN(tag, value) *d++ = (Elf64_Dyn){.d_tag = (tag), .d_un.d_val = (value)}
    DYN(DT_SONAME, soname);
    DYN(DT_HASH, offsetof(struct image, hash));
    DYN(DT_STRTAB, offsetof(struct image, strings));
    DYN(DT_SYMTAB, offsetof(struct image, symbol));
    DYN(DT_STRSZ, strings);
    DYN(DT_SYMENT, sizeof(Elf64_Sym));
    DYN(DT_VERDEF, offsetof(struct image, verdef));
    DYN(DT_VERDEFNUM, 2);
    DYN(DT_VERSYM, offsetof(struct image, versym));
    DYN(DT_NULL, 0);
#undef DYN
}

static void build_versions(struct image *im, u32 soname, u32 version)
{
    for (unsigned i = 0; i < 2; i++) {
        im->verdef[i].def = (Elf64_Verdef){.vd_version = 1,
                                           .vd_flags = i == 0 ? VER_FLG_BASE : 0,
                                           .vd_ndx = (Elf64_Half)(i + 1),
                                           .vd_cnt = 1,
                                           .vd_hash = elf_hash(i == 0 ? SONAME : VERSION),
                                           .vd_aux = sizeof(Elf64_Verdef),
                                           .vd_next = i == 0 ? sizeof(struct verdef) : 0};
        im->verdef[i].aux = (Elf64_Verdaux){.vda_name = i == 0 ? soname : version};
    }
}

static void build(u8 *page)
{
    struct image *im = (struct image *)page;
    u32 *code = (u32 *)(page + CODE_AT);
    u32 used = 1, soname = add_string(im, &used, SONAME), version = add_string(im, &used, VERSION);

    build_headers(im);
    im->hash[0] = 1;
    im->hash[1] = SYMBOLS;
    im->hash[2] = 1; /* the bucket: symbol 1, chained to the rest */
    *code++ = NOP;   /* unwinders look one instruction before a return address */
    for (unsigned i = 0; i < FN_COUNT; i++) {
        u64 at = (u64)((u8 *)code - page);

        function[i] = at;
        im->symbol[i + 1] = (Elf64_Sym){.st_name = add_string(im, &used, names[i]),
                                        .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                        .st_shndx = 1,
                                        .st_value = at,
                                        .st_size = 8};
        im->versym[i + 1] = 2;
        im->hash[3 + i + 1] = i + 2 < SYMBOLS ? i + 2 : 0;
        *code++ = i == FN_SIGRETURN ? MOV_X8(139) : HLT(HYPERCALL + i);
        *code++ = i == FN_SIGRETURN ? SVC_0 : RET;
    }
    guest_unwind_make(&im->unwind, (u8 *)code - (u8 *)&im->unwind, 2 * sizeof(*code),
                      GUEST_FRAME_RECORD); /* native_run has written it */
    *code++ = NOP;
    return_place = (u64)((u8 *)code - page);
    *code++ = HLT(NATIVE_HLT_RETURN);
    build_versions(im, soname, version);
    build_dynamic(im, soname, used);
}

_Static_assert(sizeof(struct image) <= CODE_AT, "the image overlaps its code");

u64 vdso_map(void)
{
    s64 at = mm_map_label(0, GUEST_PAGE, PROT_READ | PROT_WRITE, MM_VDSO);

    if (at < 0) return 0;
    base = (u64)at;
    build((u8 *)at);
    mm_protect(base, GUEST_PAGE, PROT_READ | PROT_EXEC);
    return base;
}

u64 vdso_sigreturn(void)
{
    return base + function[FN_SIGRETURN];
}

u64 vdso_return_place(void)
{
    return base != 0 ? base + return_place : 0;
}

bool vdso_owns(u64 pc)
{
    return base != 0 && pc - base < return_place;
}

static s64 gettimeofday_call(u64 tv, u64 tz)
{
    struct timeval now;
    struct timezone zone;

    if (gettimeofday(&now, &zone) != 0) return -errno;
    if ((tv != 0 && !guest_write(tv, &now, sizeof(now))) ||
        (tz != 0 && !guest_write(tz, &zone, sizeof(zone))))
        return -EFAULT;
    return 0;
}

bool vdso_hypercall(struct thread *t)
{
    struct guest_state *s = &t->state;
    struct timespec ts;
    unsigned fn;
    s64 r;

    if (!vdso_owns(s->pc) || (s->pc & 3) != 0) return false;
    fn = (*(u32 *)s->pc - HLT(HYPERCALL)) >> 5;
    switch (fn) {
    case FN_CLOCK_GETTIME: r = clock_for_guest((clockid_t)s->x[0], &ts); break;
    case FN_CLOCK_GETRES: r = clock_getres((clockid_t)s->x[0], &ts) == 0 ? 0 : -errno; break;
    case FN_GETTIMEOFDAY: r = gettimeofday_call(s->x[0], s->x[1]); break;
    default: return false;
    }
    if (fn != FN_GETTIMEOFDAY && r == 0 && (s->x[1] != 0 || fn == FN_CLOCK_GETTIME) &&
        !guest_write(s->x[1], &ts, sizeof(ts)))
        r = -EFAULT;
    s->x[0] = (u64)r;
    s->pc = s->x[30];
    return true;
}
