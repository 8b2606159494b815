/*
 * Options of `ferry run`: one table (options.c) of names, environment twins and help text.
 */
#ifndef RT_OPTIONS_H
#define RT_OPTIONS_H

#include "aot/base/types.h"

enum run_mode { MODE_QUICK, MODE_EVAL };

struct options {
    const char *sysroot; /* absolute host path without a slash at the end; "" for none */
    u8 mode;             /* enum run_mode */
    bool trace_syscalls;
    bool stats;
    const char *log;          /* channels as given, or NULL */
    const char *cpu_features; /* host features that may be used, or NULL for all */
    const char *cache;        /* directory of the user's own image cache, or NULL: the usual one */
    bool count;               /* guest instructions are counted by where they come from */
    bool count_rest;          /* those that are from no image alone: images are the usual ones */
    bool require_image;       /* it is an error not to find code in images */
    bool no_cache;            /* use no images */
    bool no_profile;          /* take no samples */
    bool auto_convert;        /* at the end, have converted what wasn't from images */
    u32 warm;                 /* entries after which a region is warm; 0: none ever is */
    bool no_background;       /* there is no compiler thread */
    const char *native;       /* libraries of the host's: "auto", "none", or sonames */
    bool explain_native;  /* say which libraries are the host's, and why not, instead of running */
    const char *bindings; /* a directory of bindings that comes first, or NULL */
    bool verify;          /* IR verifier on (FERRY_VERIFY, for tests) */
};

/* The process's options; constant once the guest runs. */
extern struct options options;

/* Reads the twins from the environment; a bundle has no sysroot and no cache. Here and below, a bad
 * value is one line and status 126. */
void options_from_environment(char **envp, bool in_bundle);

/* In what options_pack wrote when native libraries are wanted. */
#define OPTIONS_NATIVE "\x1fnative="

/* Takes options off argv; the index of the first word that isn't one, or -1 after --help or
 * --version was printed. */
int options_parse(int argc, char **argv);

/* The options, but for another sysroot, as one word for a program that this one executes; and back.
 */
size_t options_pack(char *buf, size_t size, const char *sysroot);
void options_unpack(const char *text);

void options_help(void);

#endif
