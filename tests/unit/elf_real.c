/*
 * Modules of the arm64 sysroot, compared with what binutils read in them: every function of the
 * dynamic symbol table is an entry, every frame description's start is, with its size, landing pads
 * lie in described functions, and there is a stub for each slot. Nothing to do where there is no
 * sysroot or no binutils.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/elf/mutate.h"
#include "tests/lib/check.h"

static const char *const files[] = {
    "bin/python3.11",
    "bin/sqlite3",
    "bin/bash",
    "bin/ls",
    "lib/gcc/aarch64-linux-gnu/12/cc1",
    "lib/aarch64-linux-gnu/libc.so.6",
    "lib/aarch64-linux-gnu/libm.so.6",
    "lib/aarch64-linux-gnu/libcrypto.so.3",
    "lib/aarch64-linux-gnu/libstdc++.so.6",
    "lib/aarch64-linux-gnu/libicui18n.so.72",
    "lib/aarch64-linux-gnu/libz.so.1",
};

static struct arena arena;
static struct module m;
static char path[1024];

static bool open_file(const char *name)
{
    const char *root = getenv("SYSROOT_ARM64");
    char why[160];
    snprintf(path, sizeof(path), "%s/usr/%s", root ? root : "build/sysroot/arm64", name);
    enum module_status status = module_open(&arena, path, NULL, &m, why);
    if (status == MODULE_IO || system("command -v aarch64-linux-gnu-readelf >/dev/null"))
        return false;
    ck_assert_msg(!status, "%s: %s", path, why);
    ck_assert_msg(!module_fault(&m), "%s: %s", path, module_fault(&m));
    return true;
}

static void close_file(void)
{
    module_close(&m);
    arena_free(&arena);
}

static FILE *output_of(const char *format)
{
    char command[2048];
    snprintf(command, sizeof(command), format, path);
    FILE *f = popen(command, "r");
    ck_assert(f != NULL);
    return f;
}

/* The last entry at or in front of pc. */
static const struct module_entry *entry_before(u64 pc)
{
    u32 low = 0, high = m.entry_count;
    while (low < high) {
        u32 mid = low + (high - low) / 2;
        if (m.entry[mid].pc <= pc)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? &m.entry[low - 1] : NULL;
}

static const struct module_entry *entry_at(u64 pc)
{
    const struct module_entry *e = entry_before(pc);
    return e && e->pc == pc ? e : NULL;
}

START_TEST(dynamic_functions)
{
    if (!open_file(files[_i])) return;
    FILE *f = output_of("aarch64-linux-gnu-readelf --dyn-syms -W '%s' |"
                        " awk '$4 ~ /FUNC/ && $7 != \"UND\" { print $2 }'");
    unsigned long pc;
    unsigned count = 0;
    for (; fscanf(f, "%lx", &pc) == 1; count++)
        ck_assert_msg(entry_at(pc), "%s: no entry at %#lx", path, pc);
    pclose(f);
    ck_assert_msg(count > 0 || strstr(path, "bin/"), "%s: readelf shows nothing", path);
    close_file();
}
END_TEST

START_TEST(frame_descriptions)
{
    if (!open_file(files[_i])) return;
    FILE *f = output_of("aarch64-linux-gnu-readelf --debug-dump=frames '%s' 2>/dev/null |"
                        " sed -n 's/.* FDE .*pc=\\([0-9a-f]*\\)\\.\\.\\([0-9a-f]*\\)$/\\1 \\2/p'");
    unsigned long start, end;
    unsigned count = 0, sized = 0;
    for (; fscanf(f, "%lx %lx", &start, &end) == 2; count++) {
        const struct module_entry *e = entry_at(start);
        ck_assert_msg(e || start == end, "%s: no entry at %#lx", path, start);
        sized += e && e->size == end - start;
    }
    pclose(f);
    ck_assert_msg(count > 10, "%s: readelf shows nothing", path);
    /* Symbols' sizes count for more, and assembly's are often those of one of several parts. */
    ck_assert_msg(sized > count - count / 20 - 4, "%s: %u of %u sizes", path, sized, count);
    close_file();
}
END_TEST

START_TEST(landing_pads)
{
    if (!open_file(files[_i])) return;
    const struct module_entry *function = NULL;
    for (u32 i = 0; i < m.entry_count; i++) {
        const struct module_entry *e = &m.entry[i];
        if (e->size) function = e;
        if (e->evidence != EVIDENCE_LANDING_PAD) continue;
        ck_assert_msg(function && e->pc - function->pc < function->size,
                      "%s: landing pad %#lx in no function", path, (unsigned long)e->pc);
    }
    close_file();
}
END_TEST

START_TEST(stubs)
{
    if (!open_file(files[_i])) return;
    FILE *f = output_of("aarch64-linux-gnu-readelf -rW '%s' | grep -c R_AARCH64_JUMP_SL");
    unsigned slots, found = 0;
    ck_assert_int_eq(fscanf(f, "%u", &slots), 1);
    pclose(f);
    for (u32 i = 0; i < m.entry_count; i++) found += m.entry[i].evidence == EVIDENCE_PLT;
    /* Besides: the head, the stubs of IFUNCs, and the trampoline of TLS descriptors. */
    ck_assert_msg(found >= slots && found <= slots + 40, "%s: %u stubs, %u slots", path, found,
                  slots);
    close_file();
}
END_TEST

/* What the unwind tables describe and the dynamic section names does instead of section headers. */
START_TEST(without_section_headers)
{
    static const u8 zero[8];
    if (!open_file(files[_i])) return;
    u32 count = m.entry_count, found = 0;
    u64 *pc = malloc(count * sizeof(*pc));
    for (u32 i = 0; i < count; i++) pc[i] = m.entry[i].pc;
    int fd = memfd_create("module", MFD_CLOEXEC);
    ck_assert(write(fd, m.data, m.size) == (ssize_t)m.size);
    ck_assert(pwrite(fd, zero, 8, offsetof(Elf64_Ehdr, e_shoff)) == 8);
    ck_assert(pwrite(fd, zero, 4, offsetof(Elf64_Ehdr, e_shnum)) == 4);
    close_file();
    char why[160];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ck_assert_int_eq(module_open(&arena, path, NULL, &m, why), MODULE_OK);
    ck_assert_msg(!module_fault(&m), "%s", module_fault(&m));
    for (u32 i = 0; i < count; i++) found += entry_at(pc[i]) != NULL;
    ck_assert_msg(found >= count - count / 100 && m.entry_count <= count + count / 100,
                  "%s: %u of %u entries, %u in all", files[_i], found, count, m.entry_count);
    free(pc);
    close(fd);
    close_file();
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
#define OPENING_MS 500
#else
#define OPENING_MS 100
#endif

/* Of several: others may be busy on this machine. */
START_TEST(opening_takes_milliseconds)
{
    double best = 1e9;
    for (unsigned n = 0; n < 10; n++) {
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        if (!open_file("lib/gcc/aarch64-linux-gnu/12/cc1")) return;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double t = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) * 1e-6;
        if (t < best) best = t;
        close_file();
    }
    ck_assert_msg(best < OPENING_MS, "%.1f ms", best);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("real");
    tcase_set_timeout(t, 120);
    int n = (int)ARRAY_SIZE(files);
    tcase_add_loop_test(t, dynamic_functions, 0, n);
    tcase_add_loop_test(t, frame_descriptions, 0, n);
    tcase_add_loop_test(t, landing_pads, 0, n);
    tcase_add_loop_test(t, stubs, 0, n);
    tcase_add_loop_test(t, without_section_headers, 0, n);
    tcase_add_test(t, opening_takes_milliseconds);
    Suite *suite = suite_create("elf_real");
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
