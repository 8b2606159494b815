/*
 * Options of convert, cache, report and profile: one table (options.c) of names, environment twins
 * and help.
 */
#ifndef AOT_CMD_OPTIONS_H
#define AOT_CMD_OPTIONS_H

#include "aot/base/types.h"

enum command { COMMAND_CONVERT = 1, COMMAND_CACHE = 2, COMMAND_REPORT = 4, COMMAND_PROFILE = 8 };

/* Whether conversion goes by profiles: when they tell enough, and anew when they tell much more;
 * whatever they tell, and anew when they have changed; or not at all. */
enum use_profile { USE_PROFILE_IF_WORTH_IT, USE_PROFILE, USE_NO_PROFILE };

struct command_options {
    const char *sysroot; /* absolute host path without a slash at the end; "" for none */
    const char *cache;  /* the cache to write and read, absolute; NULL: there is no place for one */
    const char *root;   /* a tree to convert, or NULL */
    const char *output; /* a file for the image, or NULL */
    const char *html;   /* a file for the report, or NULL */
    u32 leave_out;      /* of 100 regions */
    const char *count_only; /* NAME:FROM-TO, the module and guest addresses to count, or NULL */
    u64 features;           /* enum x64_feature bits that code may use */
    u64 cap;                /* bytes of all images in the cache */
    u32 jobs;               /* 0: not given */
    u8 profile;             /* enum use_profile */
    bool quiet, force, json, compile, insn_lines, handed_over;
};

/* Reads the environment and takes options off argv (of `command`, past its name), moving the other
 * words to its front. Their number; -1: help or version was printed, -2: one line about what is
 * wrong was. */
int options_read(enum command command, int argc, char **argv, struct command_options *out);

#endif
