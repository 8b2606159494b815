/*
 * Modules: files made here byte by byte, without section headers; and what the cross compiler makes
 * of tests/elf/samples, as it is, stripped, and with its debug information in another file.
 */
#include <elf.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/elf/mutate.h"
#include "tests/lib/check.h"

static struct arena arena;
static struct module m;
static char why[160], folder[1024];

static bool have_compiler; /* and so the samples */

static void set_up(void)
{
    arena_init(&arena);
}

static void run(const char *format, ...)
{
    char command[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    ck_assert_msg(!system(command), "%s", command);
}

static void tear_down(void)
{
    module_close(&m);
    arena_free(&arena);
}

static void remove_folder(void)
{
    run("rm -rf '%s'", folder);
}

static enum module_status open_in_folder(const char *name, const char *debug_root)
{
    char path[2048];
    module_close(&m);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    enum module_status status = module_open(&arena, path, debug_root, &m, why);
    ck_assert_msg(!status == !*why, "%s: %d \"%s\"", path, status, why);
    if (!status) ck_assert_msg(!module_fault(&m), "%s: %s", path, module_fault(&m));
    return status;
}

static const struct module_entry *entry_at(u64 pc)
{
    for (u32 i = 0; i < m.entry_count; i++)
        if (m.entry[i].pc == pc) return &m.entry[i];
    return NULL;
}

static const struct module_entry *entry_named(const char *name)
{
    for (u32 i = 0; i < m.entry_count; i++)
        if (m.entry[i].name && !strcmp(m.entry[i].name, name)) return &m.entry[i];
    return NULL;
}

static u32 count_of(enum evidence kind)
{
    u32 n = 0;
    for (u32 i = 0; i < m.entry_count; i++) n += m.entry[i].evidence == kind;
    return n;
}

static bool is_data(u64 at)
{
    for (u32 i = 0; i < m.data_range_count; i++)
        if (at >= m.data_range[i].start && at < m.data_range[i].end) return true;
    return false;
}

/* --- a file by hand --------------------------------------------------------------------------- */

/* Code at 0 (file offset 0, 4 KiB), data at 0x11000 (offset 0x1000, 4 KiB). */
#define DATA        UINT64_C(0x11000)
#define DATA_OFFSET 0x1000

static struct {
    union {
        struct {
            Elf64_Ehdr e;
            Elf64_Phdr p[4];
        };
        u8 code[DATA_OFFSET];
    };
    struct {
        Elf64_Dyn dynamic[32];
        Elf64_Rela rela[4];
        Elf64_Sym symbol[3];
        u32 hash[2];
        u64 relr[3];
        u64 init[2];
        u64 pointer[66];
        char words[64];
    } data;
    u8 rest[4096];
} file;

#define IN_DATA(field) (DATA + (u64)((u8 *)&file.data.field - (u8 *)&file.data))

static unsigned tags;

static void tag(s64 number, u64 value)
{
    file.data.dynamic[tags].d_tag = number;
    file.data.dynamic[tags++].d_un.d_val = value;
}

static void begin_file(void)
{
    memset(&file, 0, sizeof(file));
    tags = 0;
    memcpy(file.e.e_ident, ELFMAG, SELFMAG);
    file.e.e_ident[EI_CLASS] = ELFCLASS64;
    file.e.e_ident[EI_DATA] = ELFDATA2LSB;
    file.e.e_type = ET_DYN;
    file.e.e_machine = EM_AARCH64;
    file.e.e_entry = 0x800;
    file.e.e_phoff = sizeof(file.e);
    file.e.e_phentsize = sizeof(Elf64_Phdr);
    file.e.e_phnum = 3;
    file.p[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0, 0, 0x1000, 0x1000, 0x1000};
    file.p[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, DATA_OFFSET, DATA, DATA, 0x1000, 0x3000, 0x1000};
    file.p[2] = (Elf64_Phdr){PT_DYNAMIC,
                             PF_R,
                             DATA_OFFSET,
                             DATA,
                             DATA,
                             sizeof(file.data.dynamic),
                             sizeof(file.data.dynamic),
                             8};
}

static enum module_status write_and_open(size_t size)
{
    char path[2048];
    run("mkdir -p '%s'", folder);
    snprintf(path, sizeof(path), "%s/made", folder);
    FILE *f = fopen(path, "wb");
    ck_assert(f && fwrite(&file, 1, size, f) == size && !fclose(f));
    return open_in_folder("made", NULL);
}

static void tag_words(void)
{
    static const char words[] = "\0liba.so\0libb.so\0/r\0/u\0me.so";
    memcpy(file.data.words, words, sizeof(words));
    tag(DT_STRTAB, IN_DATA(words));
    tag(DT_STRSZ, sizeof(words));
    tag(DT_NEEDED, 1);
    tag(DT_NEEDED, 9);
    tag(DT_RPATH, 17);
    tag(DT_RUNPATH, 20);
    tag(DT_SONAME, 23);
}

START_TEST(words_of_the_dynamic_section)
{
    begin_file();
    tag_words();
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_OK);
    ck_assert_str_eq(m.soname, "me.so");
    ck_assert_uint_eq(m.needed_count, 2);
    ck_assert_str_eq(m.needed[0], "liba.so");
    ck_assert_str_eq(m.needed[1], "libb.so");
    ck_assert_str_eq(m.rpath, "/r");
    ck_assert_str_eq(m.runpath, "/u");
    ck_assert(!m.text_relocations && !m.interp);
    ck_assert_uint_eq(m.low, 0);
    ck_assert_uint_eq(m.high, DATA + 0x3000);
    ck_assert_uint_eq(m.segment_count, 2);
    tag(DT_FLAGS, DF_TEXTREL);
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_OK);
    ck_assert(m.text_relocations);
}
END_TEST

static void expect(u64 pc, int kind)
{
    const struct module_entry *e = entry_at(pc);
    ck_assert_msg(e ? e->evidence == kind : kind < 0, "%#lx: %d, not %d", (unsigned long)pc,
                  e ? e->evidence : -1, kind);
}

START_TEST(relocations_and_initialisers)
{
    begin_file();
    tag_words();
    file.data.rela[0] = (Elf64_Rela){IN_DATA(pointer), ELF64_R_INFO(0, R_AARCH64_RELATIVE), 0x900};
    file.data.rela[1] = (Elf64_Rela){IN_DATA(init), ELF64_R_INFO(0, R_AARCH64_RELATIVE), 0x904};
    file.data.rela[2] = (Elf64_Rela){IN_DATA(pointer[1]), ELF64_R_INFO(1, R_AARCH64_ABS64), 8};
    file.data.rela[3] =
        (Elf64_Rela){IN_DATA(pointer[2]), ELF64_R_INFO(0, R_AARCH64_IRELATIVE), 0x90c};
    file.data.symbol[1] = (Elf64_Sym){1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x908, 8};
    file.data.symbol[2] = (Elf64_Sym){1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 0, 0x980, 8};
    file.data.hash[1] = 3;
    /* The third pointer, and by the map behind it the fourth, the sixth and the last of 63. */
    file.data.relr[0] = IN_DATA(pointer[3]);
    file.data.relr[1] = 1 | 1 << 1 | 1 << 3 | UINT64_C(1) << 63;
    file.data.pointer[3] = 0x920;
    file.data.pointer[4] = 0x924;
    file.data.pointer[6] = 0x928;
    file.data.pointer[66 - 1] = 0x92c; /* not in the map */
    file.data.init[1] = 0x930;
    tag(DT_RELA, IN_DATA(rela));
    tag(DT_RELASZ, sizeof(file.data.rela));
    tag(DT_SYMTAB, IN_DATA(symbol));
    tag(DT_HASH, IN_DATA(hash));
    tag(DT_RELR, IN_DATA(relr));
    tag(DT_RELRSZ, sizeof(file.data.relr));
    tag(DT_INIT_ARRAY, IN_DATA(init));
    tag(DT_INIT_ARRAYSZ, sizeof(file.data.init));
    tag(DT_FINI, 0x940);
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_OK);
    expect(0x800, EVIDENCE_ENTRY);
    expect(0x900, EVIDENCE_RELOC);
    expect(0x904, EVIDENCE_INIT);
    expect(0x908, EVIDENCE_SYMBOL);
    expect(0x910, EVIDENCE_RELOC);
    expect(0x90c, EVIDENCE_RELOC);
    expect(0x920, EVIDENCE_RELOC);
    expect(0x924, EVIDENCE_RELOC);
    expect(0x928, EVIDENCE_RELOC);
    expect(0x92c, -1);
    expect(0x930, EVIDENCE_INIT);
    expect(0x940, EVIDENCE_INIT);
    expect(0x980, -1);
    ck_assert_str_eq(entry_at(0x908)->name, "liba.so");
    ck_assert_uint_eq(entry_at(0x908)->size, 8);
}
END_TEST

START_TEST(addresses_that_are_no_code)
{
    static const u64 wrong[] = {0, 0x40, 0x902, 0x1000, DATA, ~UINT64_C(0), UINT64_C(1) << 47};
    begin_file();
    tag(DT_RELA, IN_DATA(rela));
    tag(DT_RELASZ, sizeof(Elf64_Rela));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        file.data.rela[0].r_info = ELF64_R_INFO(0, R_AARCH64_RELATIVE);
        file.data.rela[0].r_addend = (s64)wrong[i];
        ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_OK);
        ck_assert_uint_eq(m.entry_count, 1); /* the entry point */
    }
}
END_TEST

START_TEST(pointers_of_a_fixed_program)
{
    begin_file();
    file.e.e_type = ET_EXEC;
    file.data.pointer[5] = 0xa00;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_OK);
    expect(0xa00, EVIDENCE_ADDRESS);
}
END_TEST

START_TEST(refusals)
{
    begin_file();
    ck_assert_int_eq(open_in_folder("nothing", NULL), MODULE_IO);
    ck_assert_int_eq(module_open(&arena, "/proc/self/exe", NULL, &m, why), MODULE_NOT_GUEST);
    ck_assert_int_eq(module_open(&arena, "/", NULL, &m, why), MODULE_NOT_GUEST);
    ck_assert_int_eq(module_open(&arena, "/dev/null", NULL, &m, why), MODULE_NOT_GUEST);
    ck_assert_int_eq(write_and_open(20), MODULE_NOT_GUEST);
    ck_assert_int_eq(write_and_open(sizeof(Elf64_Ehdr)), MODULE_BROKEN);
    ck_assert_int_eq(write_and_open(0x1800), MODULE_BROKEN);
    ck_assert_str_eq(why, "a segment lies beyond the end of the file");
    file.e.e_type = ET_REL;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_NOT_GUEST);
    begin_file();
    file.p[1].p_vaddr = 0;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_BROKEN);
    ck_assert_str_eq(why, "segments overlap");
    begin_file();
    file.p[1].p_memsz = UINT64_C(1) << 47;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_BROKEN);
    begin_file();
    file.p[1].p_memsz = 1;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_BROKEN);
    begin_file();
    file.p[1].p_offset += 8;
    ck_assert_int_eq(write_and_open(sizeof(file)), MODULE_BROKEN);
}
END_TEST

/* --- files of the compiler -------------------------------------------------------------------- */

static void make_samples(void)
{
    have_compiler = !system("command -v aarch64-linux-gnu-gcc >/dev/null");
    if (have_compiler) run("tests/elf/samples '%s' >/dev/null", folder);
}

START_TEST(functions_of_a_library)
{
    if (!have_compiler) return;
    ck_assert_int_eq(open_in_folder("lib5.so", NULL), MODULE_OK);
    const struct module_entry *e = entry_named("visible");
    ck_assert(e && e->evidence == EVIDENCE_SYMBOL && e->size > 40);
    ck_assert(entry_named("twice") && entry_named("thrice") && entry_named("fails"));
    ck_assert(entry_named("chosen") && entry_named("starts") && entry_named("ends"));
    ck_assert_uint_ge(count_of(EVIDENCE_LANDING_PAD), 1);
    ck_assert_uint_ge(count_of(EVIDENCE_PLT), 6);
    e = entry_named("with_data");
    ck_assert_uint_eq(e->size, 24);
    ck_assert(!is_data(e->pc) && !is_data(e->pc + 7) && is_data(e->pc + 8) && is_data(e->pc + 23));
    ck_assert_uint_gt(m.build_id_size, 0);
}
END_TEST

START_TEST(what_stripping_leaves)
{
    static const char *const names[] = {"visible", "twice", "thrice", "fails",
                                        "starts",  "ends",  "chosen", "chosen_body"};
    u64 pc[ARRAY_SIZE(names)];
    if (!have_compiler) return;
    ck_assert_int_eq(open_in_folder("lib5.so", NULL), MODULE_OK);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_msg(entry_named(names[i]), "%s", names[i]);
        pc[i] = entry_named(names[i])->pc;
    }
    run("cd '%s' && aarch64-linux-gnu-strip -o bare.so lib5.so", folder);
    ck_assert_int_eq(open_in_folder("bare.so", NULL), MODULE_OK);
    ck_assert(!entry_named("twice"));
    for (size_t i = 0; i < ARRAY_SIZE(pc); i++) ck_assert_msg(entry_at(pc[i]), "%s", names[i]);
    u32 with_headers = m.entry_count, pads = count_of(EVIDENCE_LANDING_PAD);
    ck_assert_uint_ge(pads, 1);
    /* Without section headers: e_shoff and the last three fields of the header are 0. */
    run("cd '%s' && { head -c 40 bare.so; head -c 8 /dev/zero; tail -c +49 bare.so | head -c 10;"
        " head -c 6 /dev/zero; tail -c +65 bare.so; } >none.so",
        folder);
    ck_assert_int_eq(open_in_folder("none.so", NULL), MODULE_OK);
    for (size_t i = 0; i < ARRAY_SIZE(pc); i++) ck_assert_msg(entry_at(pc[i]), "%s", names[i]);
    ck_assert_uint_eq(m.entry_count, with_headers);
    ck_assert_uint_eq(count_of(EVIDENCE_LANDING_PAD), pads);
}
END_TEST

START_TEST(stubs_with_branch_protection)
{
    if (!have_compiler) return;
    ck_assert_int_eq(open_in_folder("lib-bti.so", NULL), MODULE_OK);
    u32 protected = count_of(EVIDENCE_PLT);
    ck_assert_int_eq(open_in_folder("lib5.so", NULL), MODULE_OK);
    ck_assert_uint_eq(count_of(EVIDENCE_PLT), protected);
}
END_TEST

static u32 rows_of_sample(void)
{
    struct module_lines lines;
    u32 of_visible = 0;
    module_lines(&m, &arena, &lines);
    const struct module_entry *e = entry_named("visible");
    for (u32 i = 0; e && i < lines.row_count; i++) {
        const struct module_line *row = &lines.row[i];
        of_visible += strstr(lines.path[row->file], "sample.c") && row->pc >= e->pc &&
                      row->pc < e->pc + e->size && row->line > 10 && row->line < 30;
    }
    return of_visible;
}

START_TEST(debug_information_of_every_version)
{
    static const char *const files[] = {"lib5.so", "lib4.so", "lib2.so", "pie", "fixed", "packed"};
    if (!have_compiler) return;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        ck_assert_int_eq(open_in_folder(files[i], NULL), MODULE_OK);
        ck_assert_uint_ge(rows_of_sample(), 8);
        /* Without symbols, DWARF alone: both halves of what the compiler has split. */
        run("cd '%s' && aarch64-linux-gnu-objcopy -R .eh_frame -R .eh_frame_hdr --strip-all"
            " --keep-section='.debug*' %s alone",
            folder, files[i]);
        ck_assert_int_eq(open_in_folder("alone", NULL), MODULE_OK);
        const struct module_entry *e = entry_named("twice");
        ck_assert_msg(e && e->evidence == EVIDENCE_DWARF && e->size == 8, "%s", files[i]);
        e = entry_named("fails");
        ck_assert_msg(e && e->evidence == EVIDENCE_DWARF, "%s", files[i]);
    }
}
END_TEST

START_TEST(separate_debug_files)
{
    char root[1100], expected[2048];
    if (!have_compiler) return;
    snprintf(root, sizeof(root), "%s/usr/lib/debug", folder);
    run("cd '%s' && aarch64-linux-gnu-objcopy --only-keep-debug lib5.so lib5.debug &&"
        " aarch64-linux-gnu-strip -o bare.so lib5.so &&"
        " aarch64-linux-gnu-objcopy --add-gnu-debuglink=lib5.debug bare.so &&"
        " cp bare.so linked.so && mkdir -p sub/.debug usr/lib/debug/usr/lib/x usr/lib/x",
        folder);
    /* Beside it, in .debug, and in the root at the place that counts from the sysroot. */
    ck_assert_int_eq(open_in_folder("linked.so", NULL), MODULE_OK);
    ck_assert(m.debug_path && entry_named("twice") && rows_of_sample() >= 8);
    run("cd '%s' && mv lib5.debug sub/.debug && cp bare.so sub", folder);
    ck_assert_int_eq(open_in_folder("linked.so", root), MODULE_OK);
    ck_assert(!m.debug_path);
    ck_assert_int_eq(open_in_folder("sub/bare.so", NULL), MODULE_OK);
    ck_assert(m.debug_path && entry_named("twice"));
    run("cd '%s' && cp sub/.debug/lib5.debug usr/lib/debug/usr/lib/x && cp bare.so usr/lib/x",
        folder);
    ck_assert_int_eq(open_in_folder("usr/lib/x/bare.so", root), MODULE_OK);
    ck_assert(m.debug_path && entry_named("twice"));
    /* By build-id; another file's is not taken, nor one of another checksum. */
    run("cd '%s' && echo >>usr/lib/debug/usr/lib/x/lib5.debug", folder);
    ck_assert_int_eq(open_in_folder("usr/lib/x/bare.so", root), MODULE_OK);
    ck_assert(!m.debug_path);
    snprintf(expected, sizeof(expected), "%s/.build-id/%02x/", root, m.build_id[0]);
    char *name = expected + strlen(expected), other[2048];
    for (u32 i = 1; i < m.build_id_size; i++) sprintf(name + 2 * (i - 1), "%02x", m.build_id[i]);
    strcat(expected, ".debug");
    strcpy(other, expected);
    run("mkdir -p '%s' && cp '%s/sub/.debug/lib5.debug' '%s'", dirname(other), folder, expected);
    ck_assert_int_eq(open_in_folder("bare.so", root), MODULE_OK);
    ck_assert_str_eq(m.debug_path, expected);
    ck_assert(entry_named("twice") != NULL);
    run("cp '%s/lib4.so' '%s'", folder, expected);
    ck_assert_int_eq(open_in_folder("bare.so", root), MODULE_OK);
    ck_assert(!m.debug_path);
}
END_TEST

int main(void)
{
    TCase *made = tcase_create("made"), *compiled = tcase_create("compiled");
    const char *build = getenv("BUILD");
    snprintf(folder, sizeof(folder), "%s/tests/elf-%d", build ? build : "build", getpid());
    tcase_add_checked_fixture(made, set_up, tear_down);
    tcase_add_unchecked_fixture(made, NULL, remove_folder);
    tcase_add_test(made, words_of_the_dynamic_section);
    tcase_add_test(made, relocations_and_initialisers);
    tcase_add_test(made, addresses_that_are_no_code);
    tcase_add_test(made, pointers_of_a_fixed_program);
    tcase_add_test(made, refusals);
    tcase_add_checked_fixture(compiled, set_up, tear_down);
    tcase_add_unchecked_fixture(compiled, make_samples, remove_folder);
    tcase_set_timeout(compiled, 120);
    tcase_add_test(compiled, functions_of_a_library);
    tcase_add_test(compiled, what_stripping_leaves);
    tcase_add_test(compiled, stubs_with_branch_protection);
    tcase_add_test(compiled, debug_information_of_every_version);
    tcase_add_test(compiled, separate_debug_files);
    Suite *suite = suite_create("elf_module");
    suite_add_tcase(suite, made);
    suite_add_tcase(suite, compiled);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
