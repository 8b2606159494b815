/*
 * Which of a program's libraries would be the host's: the runtime decides that, so it is asked
 * (ferry run --explain-native).
 */
#include "aot/cmd/report.h"

#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aot/cmd/installed.h"
#include "aot/cmd/say.h"

extern char **environ;

#define MAX_LINES 256

/* What the runtime writes, as a stream; NULL: it can't be run. */
static FILE *ask(const char *sysroot, const char *program, pid_t *pid)
{
    char ferry[PATH_MAX + 32], root[PATH_MAX + 16];
    char word[] = "run", native[] = "--native=auto", explain[] = "--explain-native";
    char *argv[] = {word, word, root, native, explain, (char *)(u64)program, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (!installed_find("ferry", ferry, sizeof ferry) || pipe(ends)) return NULL;
    snprintf(root, sizeof root, "--sysroot=%s", *sysroot ? sysroot : "/");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    int error = posix_spawn(pid, ferry, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error) close(ends[0]);
    return error ? NULL : fdopen(ends[0], "r");
}

void report_ask_native(struct report *r, struct arena *arena, const char *sysroot,
                       const char *program)
{
    char line[1024];
    pid_t pid;
    FILE *in = ask(sysroot, program, &pid);
    if (!in) return;
    r->native = arena_zalloc(arena, MAX_LINES * sizeof *r->native);
    while (fgets(line, sizeof line, in)) {
        char *how = strchr(line, ' '), *what = how ? strchr(how + 1, ' ') : NULL;
        line[strcspn(line, "\n")] = '\0';
        if (!what || r->native_count == MAX_LINES) continue;
        *how = *what = '\0';
        r->native[r->native_count++] =
            (struct report_native){format_text(arena, "%s", line), !strcmp(how + 1, "native"),
                                   format_text(arena, "%s", what + 1)};
    }
    fclose(in);
    waitpid(pid, NULL, 0);
}
