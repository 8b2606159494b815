/* ferry sysroot: what its parts share.
 *
 * A sysroot is a directory with unpacked Debian packages of one architecture. apt resolves and
 * downloads with a configuration of its own (apt.c, sources.c), dpkg-deb and tar unpack
 * (unpack.c), and what the packages' maintainer scripts would have made is made from the packages'
 * own data (finish.c), or by the sysroot's ldconfig (ldconfig.c). The program is a short-lived
 * tool: errors end it with one line (die).
 */
#ifndef FERRY_TOOLS_SYSROOT_H
#define FERRY_TOOLS_SYSROOT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "aot/base/text.h"

/* A growing list of strings it owns. */
struct strings {
    char **item;
    size_t count, room;
};

struct sysroot {
    char *dir;           /* absolute path of the sysroot */
    char *state;         /* dir/var/lib/ferry-sysroot */
    char *apt_conf;      /* state/apt/apt.conf */
    const char *arch;    /* Debian architecture */
    const char *mirror;  /* NULL: the host's sources */
    const char *suite;   /* NULL: the host's release */
    const char *sources; /* NULL, or a file of apt sources to use as it is */
    bool recommends;     /* also what packages recommend */
    bool terminal;       /* progress goes to a terminal */
};

/* One package that apt's plan installs. */
struct planned {
    char *name, *version, *arch;
    char *deb; /* file name in the cache of downloaded packages, without its folder */
};

struct plan {
    struct planned *item;
    size_t count, room;
};

/* --- util.c --------------------------------------------------------------------------------- */

/* Prints "ferry sysroot: MESSAGE" and exits with status 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
void add(struct strings *list, const char *s);
bool contains(const struct strings *list, const char *s);
void free_strings(struct strings *list);
int compare_strings(const void *a, const void *b);
/* Splits at any of the separator characters; empty parts are dropped. */
struct strings split(const char *text, const char *separators);
bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);

/* The whole file as a string, or NULL with errno set. */
char *read_file(const char *path);
/* Replaces path by text in one step: written aside, synced, renamed. */
void write_file(const char *path, const char *text);
/* Makes the directory and those above it. */
void make_dirs(const char *path);
/* Removes a directory with what is in it; nothing there is fine. */
void remove_tree(const char *path);
bool exists(const char *path);
/* The path of a program found in PATH; dies naming the package to install if there is none. */
void need_program(const char *program, const char *package);

/* A child process. on_line, if set, gets each line the child writes to descriptor 3. */
struct command {
    const char *const *argv;
    const char *apt_config; /* value for APT_CONFIG, or NULL */
    bool bare;              /* without this program's environment */
    int input;              /* descriptor for standard input, or -1 for none */
    void (*on_line)(void *context, const char *line);
    void *context;
    char *out, *err; /* filled: what it wrote; the caller frees both */
};
/* Runs it to its end; returns its exit status (128 + signal if killed). */
int run_command(struct command *command);
/* Starts a program whose output is read from *output; returns its process id. */
int start_command(const char *const *argv, int *output);
int wait_for(int pid);

/* Progress: one changing line on a terminal; elsewhere only `plain` lines are printed. */
void progress(const struct sysroot *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void plain(const struct sysroot *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- sources.c ------------------------------------------------------------------------------ */

/* Writes the private apt sources of s into the folder. */
void write_sources(const struct sysroot *s, const char *folder);

/* --- apt.c ---------------------------------------------------------------------------------- */

/* Makes the private apt configuration and brings the package lists up to date. */
void apt_prepare(const struct sysroot *s);
/* What apt would install for these packages on top of what the sysroot has. */
struct plan apt_plan(const struct sysroot *s, const struct strings *packages);
/* Downloads the plan's packages (what is there already is kept). */
void apt_download(const struct sysroot *s, const struct strings *packages, const struct plan *plan);

/* --- unpack.c ------------------------------------------------------------------------------- */

/* The usual directories and the links of a merged /usr. */
void make_skeleton(const struct sysroot *s);
/* Unpacks all packages of the plan and records them in var/lib/dpkg/status. */
void unpack_plan(const struct sysroot *s, const struct plan *plan);

/* --- finish.c ------------------------------------------------------------------------------- */

/* Makes what maintainer scripts would: alternatives, users, name service files, certificates, the
 * cache of libraries. */
void finish(const struct sysroot *s);

/* --- ldconfig.c ----------------------------------------------------------------------------- */

/* Makes /etc/ld.so.cache, or brings it up to date; it is no error if that can't be done. */
void make_library_cache(const struct sysroot *s);

#endif
