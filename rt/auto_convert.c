/*
 * What to hand over (auto_convert.h): translated instructions are counted by 64 KiB of addresses,
 * as far as modules lie apart; at the end the map says which files these are.
 *
 * A run that translated little hands nothing over: starting a converter would cost more.
 */
#include "rt/auto_convert.h"

#include "aot/image/handover.h"
#include "rt/lines.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORTH_IT    1000 /* instructions of a run: about 10 ms of translation */
#define OF_A_FILE   50   /* less than that of a file's needs no image */
#define BLOCK_SHIFT 16
#define BLOCKS      4096 /* a power of 2 */
#define MAX_FILES   128

static struct block {
    u64 number; /* pc >> BLOCK_SHIFT, never 0 */
    u32 instructions;
} block[BLOCKS];
static u32 all; /* instructions */

static struct file {
    char path[PATH_MAX];
    u32 instructions;
} file[MAX_FILES];
static u32 files;

void auto_convert_note(u64 pc, u32 instructions)
{
    u64 number = pc >> BLOCK_SHIFT;
    u32 at = (u32)(number * UINT64_C(0x9e3779b97f4a7c15) >> 52);

    if (!options.auto_convert || number == 0) return;
    for (u32 tries = 0; tries < BLOCKS; tries++, at = (at + 1) % BLOCKS) {
        u64 there = 0;

        if (!__atomic_compare_exchange_n(&block[at].number, &there, number, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED) &&
            there != number)
            continue;
        __atomic_fetch_add(&block[at].instructions, instructions, __ATOMIC_RELAXED);
        __atomic_fetch_add(&all, instructions, __ATOMIC_RELAXED);
        return;
    }
}

void auto_convert_after_fork(void)
{
    if (all == 0) return;
    memset(block, 0, sizeof(block));
    all = 0;
}

/* What was translated in [start, end); it is counted once. */
static u32 take_instructions(u64 start, u64 end)
{
    u32 sum = 0;

    for (u32 n = 0; n < BLOCKS; n++) {
        u64 at = block[n].number << BLOCK_SHIFT;

        if (block[n].number == 0 || at + (1u << BLOCK_SHIFT) <= start || at >= end) continue;
        sum += block[n].instructions;
        block[n].instructions = 0;
    }
    return sum;
}

static void add_file(const char *path, u32 instructions)
{
    u32 n = 0;

    while (n < files && strcmp(file[n].path, path) != 0) n++;
    if (n == MAX_FILES || strlen(path) >= sizeof(file[n].path)) return;
    if (n == files) strcpy(file[files++].path, path);
    file[n].instructions += instructions;
}

/* Names that the kernel has changed to print them are those of nothing that can be converted. */
static bool is_plain(const char *path)
{
    size_t n = strlen(path);

    return path[0] == '/' && strchr(path, '\\') == NULL &&
           (n < 10 || strcmp(path + n - 10, " (deleted)") != 0);
}

static void find_files(void)
{
    struct lines lines;
    char *line;

    if (!lines_open(&lines, "/proc/self/maps")) return;
    while ((line = lines_next(&lines)) != NULL) {
        u64 start, end;
        u32 instructions;
        int at = 0;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &start, &end, &at) < 2 ||
            at == 0 || !is_plain(line + at))
            continue;
        instructions = take_instructions(start, end);
        if (instructions != 0) add_file(line + at, instructions);
    }
}

/* What it gets: the cache, and what the user said of images. */
static void name_options(char *word[6], char *room, size_t size, const char *dir)
{
    const char *cap = getenv("FERRY_CACHE_CAP");
    size_t n = 0, at = 0;

    word[n++] = (char *)"ferry-convert";
    word[n++] = (char *)"--handed-over";
    word[n++] = room;
    at += (size_t)snprintf(room, size, "--cache=%s", dir) + 1;
    if (options.cpu_features != NULL && at < size) {
        word[n++] = room + at;
        at += (size_t)snprintf(room + at, size - at, "--cpu-features=%s", options.cpu_features) + 1;
    }
    if (cap != NULL && at < size) {
        word[n++] = room + at;
        (void)snprintf(room + at, size - at, "--cap=%s", cap);
    }
    word[n] = NULL;
}

/* Away from the process that ends: its terminal, pipes, group, directory and environment. */
static void start_converter(const char *dir)
{
    static char program[2 * PATH_MAX], room[2 * PATH_MAX];
    char *word[6], *environment[] = {NULL};
    posix_spawn_file_actions_t on_files;
    posix_spawnattr_t how;
    sigset_t none, every;
    pid_t child;

    if (!process_helper("convert", program, sizeof(program))) {
        log_line(LOG_IMAGE, "--auto-convert: there is no ferry-convert beside ferry");
        return;
    }
    name_options(word, room, sizeof(room), dir);
    sigemptyset(&none);
    sigfillset(&every);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &every);
    posix_spawn_file_actions_init(&on_files);
    posix_spawn_file_actions_addclosefrom_np(&on_files, 0);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&on_files, fd, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_addchdir_np(&on_files, "/");
    if (posix_spawn(&child, program, &on_files, &how, word, environment) == 0)
        log_line(LOG_IMAGE, "--auto-convert: converter %d", (int)child);
}

void auto_convert_leave(const char *dir, const struct digest *translator)
{
    static const char *path[MAX_FILES];
    u32 count = 0;

    if (dir == NULL || all < WORTH_IT) return;
    all = 0;
    find_files();
    for (u32 n = 0; n < files; n++)
        if (file[n].instructions >= OF_A_FILE) path[count++] = file[n].path;
    if (handover_add(dir, translator, path, count) == 0) return;
    if (!handover_is_served(dir)) start_converter(dir);
}
