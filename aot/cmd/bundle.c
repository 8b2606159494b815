/*
 * `ferry bundle`: one x86-64 file of a guest program, all that it needs, and the runtime.
 */
#include "aot/cmd/bundle.h"

#include "aot/cmd/commands.h"
#include "aot/cmd/installed.h"
#include "aot/xlat.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char usage[] =
    "usage: ferry bundle [OPTION...] PROGRAM [FILE|DIR...] -o OUT\n"
    "       ferry bundle --list OUT\n\n"
    "Makes one x86-64 executable of an arm64 program, the libraries that it needs, and the files\n"
    "and directories named, with their translations.\n\n"
    "  -o, --output=OUT   the executable to make\n"
    "  --sysroot=DIR      the guest's root directory (FERRY_SYSROOT)\n"
    "  --runtime=FILE     the static runtime to use, instead of this Ferry's own\n"
    "  --no-images        translate nothing now; the program starts slower\n"
    "  --portable         translations for any x86-64 processor, not only such as this one\n"
    "  -q, --quiet        say nothing but errors\n"
    "  --list             say what a bundle holds\n"
    "  --help             this text\n";

static bool quiet;

static void say(const char *format, va_list list)
{
    fputs("ferry bundle: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

void bundle_die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit(1);
}

void bundle_warn(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    if (!quiet) say(format, list);
    va_end(list);
}

static const char *find_runtime(void)
{
    static char path[PATH_MAX + 32];

    if (installed_find("ferry-static", path, sizeof path)) return path;
    if (*path == '\0') bundle_die("/proc is needed to find the static runtime; see --runtime");
    bundle_die("%s: the static runtime is missing", path);
}

static const char *real_sysroot(const char *dir)
{
    static char path[PATH_MAX];
    struct stat st;

    if (dir == NULL || *dir == '\0') return "";
    if (realpath(dir, path) == NULL || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        bundle_die("--sysroot=%s: not a directory", dir);
    return strcmp(path, "/") == 0 ? "" : path;
}

/* A path of the command line as the guest's: relative ones are the host's, from here. */
static void add_named(struct bundle_tree *tree, const char *word)
{
    size_t n = strlen(tree->sysroot);
    char path[PATH_MAX], *guest = path;

    if (*word == '/')
        snprintf(path, sizeof path, "%s", word);
    else if (realpath(word, path) == NULL)
        bundle_die("%s: %s", word, strerror(errno));
    if (n != 0 && strncmp(path, tree->sysroot, n) == 0 && (path[n] == '/' || path[n] == '\0'))
        guest += n;
    if (tree_add(tree, *guest != '\0' ? guest : "/") == NULL)
        bundle_die("%s: %s", word,
                   errno == EISDIR ? "is everything; name what is needed" : strerror(errno));
}

/* --- --list -------------------------------------------------------------------------------------
 */

static void list_entry(const struct bundle_table *t, const struct bundle_entry *e)
{
    char path[BUNDLE_PATH_MAX], type = S_ISDIR(e->mode) ? 'd' : S_ISLNK(e->mode) ? 'l' : '-';

    if (!bundle_path(t, e, path, sizeof path)) return;
    printf("%c%04o %10llu %10llu %s", type, e->mode & 07777,
           (unsigned long long)(S_ISLNK(e->mode) ? e->link_size : e->contents.size),
           (unsigned long long)e->image.size, path);
    if (type == 'l') printf(" -> %s", bundle_string(t, e->link));
    if ((e->flags & BUNDLE_WHOLE) != 0) printf("/");
    putchar('\n');
    if (type == 'd')
        for (u32 i = e->first; i < e->first + e->count; i++) list_entry(t, &bundle_entries(t)[i]);
}

static void verify(const struct bundle_table *t, const struct bundle_stretch *s, const u8 *file,
                   const char *path, const char *what, const char *name)
{
    for (u64 n = 0; n < bundle_chunks(s); n++)
        if (!bundle_chunk_is_whole(t, s, n, file + s->at))
            bundle_die("%s: %s%s is damaged", path, what, name);
}

/* Reads the contents too: all that the runtime looks at when it is used first. */
static void verify_entries(const struct bundle_table *t, const u8 *file, const char *path)
{
    for (u32 i = 0; i < t->entry_count; i++) {
        const struct bundle_entry *e = &bundle_entries(t)[i];
        char name[BUNDLE_PATH_MAX] = "";

        if (!S_ISREG(e->mode)) continue;
        bundle_path(t, e, name, sizeof name);
        verify(t, &e->contents, file, path, "", name);
        verify(t, &e->image, file, path, "the translation of ", name);
    }
}

void bundle_list(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const u8 *data = MAP_FAILED, *found = NULL;
    const struct bundle_table *t;
    struct bundle_mark mark;
    const char *why;
    struct stat st;
    u64 size;

    if (fd < 0 || fstat(fd, &st) != 0) bundle_die("%s: %s", path, strerror(errno));
    size = (u64)st.st_size;
    if (S_ISREG(st.st_mode) && size != 0) data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) found = memmem(data, size, BUNDLE_MARK, sizeof BUNDLE_MARK);
    if (found == NULL || (u64)(data + size - found) < sizeof mark)
        bundle_die("%s: not a bundle", path);
    memcpy(&mark, found, sizeof mark);
    if (mark.file_size == 0) bundle_die("%s: Ferry's runtime with no bundle in it", path);
    why = bundle_check_file(&mark, data, size);
    if (why != NULL) bundle_die("%s: this bundle can't be used: %s", path, why);
    t = (const void *)(data + mark.table);
    verify_entries(t, data, path);
    printf("program %s\n", bundle_string(t, t->program));
    list_entry(t, bundle_entries(t));
    close(fd);
}

/* --- main ---------------------------------------------------------------------------------------
 */

static void report(const struct bundle_written *w, const char *out)
{
    printf("%s: %u files, %u directories, %u links, %.1f MB; %u images, %.1f MB; %.1f MB in all\n",
           out, w->files, w->directories, w->links, (double)w->contents / 1e6, w->images,
           (double)w->image_bytes / 1e6, (double)w->total / 1e6);
}

int command_bundle(int argc, char **argv)
{
    enum { SYSROOT = 256, RUNTIME, NO_IMAGES, PORTABLE, LIST, HELP };
    static const struct option table[] = {{"output", required_argument, NULL, 'o'},
                                          {"sysroot", required_argument, NULL, SYSROOT},
                                          {"runtime", required_argument, NULL, RUNTIME},
                                          {"no-images", no_argument, NULL, NO_IMAGES},
                                          {"portable", no_argument, NULL, PORTABLE},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"list", no_argument, NULL, LIST},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    const char *sysroot = getenv("FERRY_SYSROOT"), *out = NULL, *runtime = NULL;
    struct bundle_options o = {.features = xlat_host_features()};
    struct bundle_written written;
    struct bundle_tree tree;
    struct arena arena;
    bool list = false;
    int c;

    while ((c = getopt_long(argc, argv, "o:q", table, NULL)) != -1) {
        switch (c) {
        case 'o': out = optarg; break;
        case 'q': quiet = o.quiet = true; break;
        case SYSROOT: sysroot = optarg; break;
        case RUNTIME: runtime = optarg; break;
        case NO_IMAGES: o.no_images = true; break;
        case PORTABLE: o.features = 0; break;
        case LIST: list = true; break;
        case HELP: fputs(usage, stdout); return 0;
        default: fputs("see ferry bundle --help\n", stderr); return 1;
        }
    }
    if (optind == argc)
        bundle_die("%s? see ferry bundle --help", list ? "which file" : "which program");
    if (list) {
        for (; optind < argc; optind++) bundle_list(argv[optind]);
        return fflush(stdout) != 0;
    }
    if (out == NULL) bundle_die("which file is it to be? see -o of ferry bundle --help");
    arena_init(&arena);
    tree_init(&tree, &arena, real_sysroot(sysroot));
    closure_add_program(&tree, argv[optind++]);
    for (; optind < argc; optind++) add_named(&tree, argv[optind]);
    closure_add_libraries(&tree, quiet);
    bundle_write(&tree, &o, runtime != NULL ? runtime : find_runtime(), out, &written);
    if (!quiet) report(&written, out);
    arena_free(&arena);
    return 0;
}
