/*
 * The first stack, as Linux/arm64 lays it out: from the top down an empty word, the program's
 * name, environment and argument strings, "aarch64", 16 random bytes, then auxv, envp, argv, argc
 * at a multiple of 16.
 */
#include "rt/loader_stack.h"

#include "rt/log.h"
#include "rt/mm.h"
#include "rt/thread.h"
#include "rt/translate.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define ARM64_MINSIGSTKSZ                                                                          \
    4720u /* struct rt_sigframe and its frame record, rounded as Linux does                        \
           */

#define STACK_LARGEST   (UINT64_C(1) << 30)
#define STACK_UNLIMITED (UINT64_C(64) << 20)
#define STACK_SMALLEST  (UINT64_C(256) << 10)

static u64 stack_size(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return STACK_UNLIMITED;
    if (limit.rlim_cur < STACK_SMALLEST) return STACK_SMALLEST;
    if (limit.rlim_cur > STACK_LARGEST) return STACK_LARGEST;
    return ALIGN_UP((u64)limit.rlim_cur, (u64)GUEST_PAGE);
}

static u64 push_string(u64 sp, const char *s)
{
    size_t n = strlen(s) + 1;

    return (u64)memcpy((void *)(sp - n), s, n);
}

static size_t count(char **v)
{
    size_t n = 0;

    while (v[n] != NULL) n++;
    return n;
}

/* Pushes strings last to first, so that they lie in order; addresses go to `at`. */
static u64 push_strings(u64 sp, char **v, size_t n, u64 *at)
{
    while (n-- > 0) at[n] = sp = push_string(sp, v[n]);
    return sp;
}

static u64 *put(u64 *av, u64 key, u64 value)
{
    av[0] = key;
    av[1] = value;
    return av + 2;
}

static size_t fill_auxv(u64 *av, const struct stack_plan *plan, u64 execfn, u64 platform,
                        u64 random)
{
    u64 *start = av;

    if (plan->vdso != 0) av = put(av, AT_SYSINFO_EHDR, plan->vdso);
    av = put(av, AT_MINSIGSTKSZ, ARM64_MINSIGSTKSZ);
    av = put(av, AT_HWCAP, translate_hwcap());
    av = put(av, AT_PAGESZ, GUEST_PAGE);
    av = put(av, AT_CLKTCK, getauxval(AT_CLKTCK));
    av = put(av, AT_PHDR, plan->phdr);
    av = put(av, AT_PHENT, sizeof(Elf64_Phdr));
    av = put(av, AT_PHNUM, plan->phnum);
    av = put(av, AT_BASE, plan->base);
    av = put(av, AT_FLAGS, 0);
    av = put(av, AT_ENTRY, plan->entry);
    av = put(av, AT_UID, getuid());
    av = put(av, AT_EUID, geteuid());
    av = put(av, AT_GID, getgid());
    av = put(av, AT_EGID, getegid());
    av = put(av, AT_SECURE, getauxval(AT_SECURE));
    av = put(av, AT_RANDOM, random);
    av = put(av, AT_HWCAP2, translate_hwcap2());
    av = put(av, AT_EXECFN, execfn);
    av = put(av, AT_PLATFORM, platform);
    av = put(av, AT_NULL, 0);
    return (size_t)(av - start);
}

static u64 map_stack(u64 need)
{
    u64 size = stack_size(), offset = 0;
    s64 at;

    if (need > size / 2) size = ALIGN_UP(need * 2, (u64)GUEST_PAGE);
    if (getrandom(&offset, 4, GRND_NONBLOCK) == 4) offset = (offset & 0xffff) * GUEST_PAGE;
    at = mm_map_label(mm_high() - (UINT64_C(1) << 30) - size - offset, size, PROT_READ | PROT_WRITE,
                      MM_STACK);
    if (at < 0) log_fatal(126, "no memory for the guest's stack");
    return (u64)at + size;
}

static size_t bytes_of(char **v, size_t n)
{
    size_t bytes = 0;

    while (n-- > 0) bytes += strlen(v[n]) + 1 + 8;
    return bytes;
}

/*
 * Tells the kernel where the guest's program and its strings are, so that /proc/PID/cmdline,
 * environ and stat are the guest's for whoever looks (ps, pgrep, other Ferrys). The break stays the
 * host's. A kernel without CONFIG_CHECKPOINT_RESTORE refuses, and others see Ferry's own command
 * line.
 */
static void tell_kernel(void)
{
    const struct image_info *i = &image_info;
    u64 brk = (u64)sbrk(0);
    struct prctl_mm_map map = {.start_code = i->code_start,
                               .end_code = i->code_end,
                               .start_data = i->data_start,
                               .end_data = i->data_end,
                               .start_brk = brk,
                               .brk = brk,
                               .start_stack = i->stack_start,
                               .arg_start = i->arg_start,
                               .arg_end = i->arg_end,
                               .env_start = i->env_start,
                               .env_end = i->env_end,
                               .exe_fd = UINT32_MAX};

    if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) != 0)
        log_line(LOG_LOADER, "the kernel doesn't take the program's places: %s", strerror(errno));
}

void stack_build(struct thread *t, const struct stack_plan *plan)
{
    const struct program *p = plan->program;
    size_t argc = count(p->argv), envc = count(p->envp), auxc;
    u64 top = map_stack(bytes_of(p->argv, argc) + bytes_of(p->envp, envc) + 16384);
    u64 *pointers = calloc(argc + envc + 1, sizeof(u64)), *at;
    u64 execfn, platform, random;

    if (pointers == NULL) log_fatal(126, "no memory for the guest's arguments");
    execfn = push_string(top - 8, p->guest_path);
    image_info.env_end = execfn;
    image_info.env_start = push_strings(execfn, p->envp, envc, pointers + argc);
    image_info.arg_end = image_info.env_start;
    image_info.arg_start = push_strings(image_info.arg_end, p->argv, argc, pointers);
    platform = push_string(image_info.arg_start, "aarch64");
    random = ALIGN_DOWN(platform - 16, 16);
    if (getrandom((void *)random, 16, GRND_NONBLOCK) != 16)
        memcpy((void *)random, (void *)getauxval(AT_RANDOM), 16);
    auxc = fill_auxv(image_info.auxv, plan, execfn, platform, random);
    image_info.auxv_size = auxc * 8;
    t->state.sp = ALIGN_DOWN(random - (argc + envc + 3 + auxc) * 8, 16);
    image_info.stack_start = t->state.sp;
    t->state.pc = plan->start;

    at = (u64 *)t->state.sp;
    *at++ = argc;
    memcpy(at, pointers, argc * 8);
    at += argc;
    *at++ = 0;
    memcpy(at, pointers + argc, envc * 8);
    at += envc;
    *at++ = 0;
    memcpy(at, image_info.auxv, auxc * 8);
    free(pointers);
    tell_kernel();
}
