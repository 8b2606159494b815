/*
 * Paths under /proc, and whose program is whose. The kernel's link of a process that Ferry runs
 * leads to Ferry. The guest's program is known here for this process; for another, it is the file
 * that is mapped where the kernel says its code starts, since every Ferry tells it
 * (loader_stack.c).
 */
#include "rt/proc_name.h"

#include "rt/lines.h"
#include "rt/process.h"
#include "rt/thread.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number at *at and the slash behind it; -1: not there. */
static pid_t take_number(const char **at)
{
    char *end;
    long n;

    if (!isdigit((unsigned char)**at)) return -1;
    n = strtol(*at, &end, 10);
    if (*end != '/' || n > INT32_MAX) return -1;
    *at = end + 1;
    return (pid_t)n;
}

static bool take_word(const char **at, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*at, word, n) != 0) return false;
    *at += n;
    return true;
}

bool proc_parse(const char *path, struct proc_file *out)
{
    if (!take_word(&path, "/proc/")) return false;
    if (take_word(&path, "self/")) {
        out->pid = out->tid = getpid();
    } else if (take_word(&path, "thread-self/")) {
        out->pid = getpid();
        out->tid = thread_self->tid;
    } else {
        out->pid = out->tid = take_number(&path);
    }
    if (out->pid < 0) return false;
    if (take_word(&path, "task/")) {
        out->tid = take_number(&path);
        if (out->tid < 0) return false;
    }
    out->name = path;
    return true;
}

static bool is_ferry(pid_t pid)
{
    struct stat own, other;
    char link[32];

    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    return stat(link, &other) == 0 && stat("/proc/self/exe", &own) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* Field 26 of /proc/PID/stat, proc(5); 0: unknown. */
static u64 code_start(pid_t pid)
{
    struct lines lines;
    char name[32], *at = NULL;

    snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
    if (!lines_open(&lines, name)) return 0;
    at = lines_next(&lines);
    lines_close(&lines);
    if (at != NULL) at = strrchr(at, ')');
    for (unsigned field = 2; at != NULL && field < 26; field++) at = strchr(at + 1, ' ');
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

/* The file that process pid has mapped at an address. */
static bool file_at(pid_t pid, u64 address, char *host)
{
    struct lines lines;
    char name[32], *line;
    bool found = false;

    snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
    if (!lines_open(&lines, name)) return false;
    while (!found && (line = lines_next(&lines)) != NULL) {
        u64 start, end;
        int at = 0;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &start, &end, &at) < 2 ||
            address < start || address >= end || line[at] != '/')
            continue;
        found = strlen(line + at) < PATH_MAX;
        if (found) strcpy(host, line + at);
    }
    lines_close(&lines);
    return found;
}

bool proc_program(const char *path, char *host)
{
    struct proc_file file;
    u64 start;

    if (!proc_parse(path, &file) || strcmp(file.name, "exe") != 0) return false;
    if (file.pid == getpid()) {
        strcpy(host, process_exe);
        return true;
    }
    if (!is_ferry(file.pid)) return false;
    start = code_start(file.pid);
    return start != 0 && file_at(file.pid, start, host);
}
