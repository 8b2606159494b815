/*
 * From the static program to the dynamic one, which native libraries need: the host's loader must
 * not see the guest's words for its own (LD_PRELOAD, LD_LIBRARY_PATH, tunables), so they travel
 * under other names and are put back before anybody looks. What the guest executes starts with the
 * dynamic program again, which gives it such an environment.
 */
#include "rt/native_start.h"

#include "rt/log.h"
#include "rt/native.h"
#include "rt/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HIDDEN_PREFIX "FERRY_HIDDEN_"
#define SELF_VARIABLE "FERRY_SELF="

/* Variables by which the host's loader and C library would be told something. */
static bool is_for_loader(const char *variable)
{
    static const char *const names[] = {"LD_", "GLIBC_TUNABLES=", "MALLOC_",
                                        "GCONV_PATH=", "RES_OPTIONS="};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    return false;
}

_Static_assert(sizeof(HIDDEN_PREFIX) - 1 == NATIVE_ROOM, "native_start.h");

size_t native_hide(char *variable)
{
    if (!is_for_loader(variable)) return 0;
    memmove(variable + NATIVE_ROOM, variable, strlen(variable) + 1);
    memcpy(variable, HIDDEN_PREFIX, NATIVE_ROOM);
    return NATIVE_ROOM;
}

int native_put_self(char *text, size_t size)
{
    return snprintf(text, size, SELF_VARIABLE "%s", process_self);
}

const char *native_again(void)
{
    static __thread char path[2 * PATH_MAX];

    return native_available() && process_helper("native", path, sizeof(path)) ? path : NULL;
}

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b) + 1;
    char *text = malloc(n + m);

    if (text == NULL) log_fatal(126, "no memory");
    memcpy(text, a, n);
    memcpy(text + n, b, m);
    return text;
}

void native_hop(char **argv, char **envp)
{
    char path[2 * PATH_MAX];
    size_t n = 0;
    char **all;

    if (native_available()) return;
    while (envp[n] != NULL) n++;
    all = calloc(n + 2, sizeof(*all));
    if (all == NULL) log_fatal(126, "no memory");
    for (size_t i = 0; i < n; i++)
        all[i] = is_for_loader(envp[i]) ? join(HIDDEN_PREFIX, envp[i]) : envp[i];
    all[n] = join(SELF_VARIABLE, process_self);
    if (process_helper("native", path, sizeof(path))) execve(path, argv, all);
    log_line(LOG_NATIVE, "ferry-native is not there or can't run: no native libraries");
}

void native_arrive(char **envp)
{
    size_t n = strlen(HIDDEN_PREFIX), self = strlen(SELF_VARIABLE);
    char **to = envp;

    if (!native_available()) return;
    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, SELF_VARIABLE, self) == 0) {
            snprintf(process_self, sizeof(process_self), "%s", *envp + self);
            continue;
        }
        *to++ = strncmp(*envp, HIDDEN_PREFIX, n) == 0 ? *envp + n : *envp;
    }
    *to = NULL;
}
