/*
 * The converter in the background (handed_over.h). It gives way to everybody: idle scheduling for
 * processor and disk, one module at a time. It ends when a while has passed: what is left waits for
 * the next run that hands something over.
 */
#include "aot/cmd/handed_over.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "aot/image/handover.h"

#define MOST_SECONDS 3600

/* linux/ioprio.h */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

static void give_way(void)
{
    const struct sched_param p = {0};
    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)sched_setscheduler(0, SCHED_IDLE, &p);
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

static s64 seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (s64)t.tv_sec;
}

/* All that waits now. What can't be converted is said where the user sees it, if he started this.
 */
static int convert_waiting(const struct command_options *o, s64 until)
{
    int status = 0;
    char *lines;
    while (seconds() < until && (lines = handover_take(o->cache)) != NULL) {
        status |= convert_files(o, lines);
        free(lines);
        handover_done(o->cache);
    }
    return status;
}

int convert_handed_over(const struct command_options *given)
{
    struct command_options o = *given;
    s64 until = seconds() + MOST_SECONDS;
    int status = 0;
    o.jobs = 1;
    give_way();
    /* A run that hands over just before the lock is given back starts nobody. */
    do {
        int lock = handover_begin(o.cache);
        if (lock < 0) break;
        status |= convert_waiting(&o, until);
        close(lock);
    } while (seconds() < until && !handover_is_served(o.cache));
    return status;
}
