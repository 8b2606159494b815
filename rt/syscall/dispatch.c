/*
 * From the SVC to the handler or the host's call, and the result back, with Linux's rules for
 * calls that a signal interrupts.
 */
#include "rt/syscall/syscall.h"

#include "rt/background.h"
#include "rt/bundle.h"
#include "rt/log.h"
#include "rt/path.h"
#include "rt/profile.h"
#include "rt/stats.h"

#include <fcntl.h>
#include <string.h>

/* In place of a host's number. */
enum { HANDLED = -1, REFUSED = -2 };

struct row {
    char name[24]; /* "": no such call */
    char args[8];
    s32 host_nr;
};

/* Numbers that the host's headers may lack; the same on both architectures. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

#define FITS(nr, call, letters)                                                                    \
    _Static_assert(sizeof(#call) <= sizeof((struct row){0}.name) &&                                \
                       sizeof(letters) <= sizeof((struct row){0}.args),                            \
                   "no room for " #call);
SYSCALLS(FITS, FITS, FITS)
#undef FITS

/* Table of all calls by number. */
static const struct row rows[SYSCALL_LIMIT] = {
#define P(number, name, args) [number] = {#name, args, SYS_##name},
#define H(number, name, args) [number] = {#name, args, HANDLED},
#define R(number, name, args) [number] = {#name, args, REFUSED},
    SYSCALLS(P, H, R)
#undef P
#undef H
#undef R
};

/* NULL: not known. */
static const struct row *row_of(u64 nr)
{
    return nr < SYSCALL_LIMIT && rows[nr].name[0] != '\0' ? &rows[nr] : NULL;
}

#define PATHS_AT_MOST 2

/* Calls that never come back. */
#define NR_EXIT       93
#define NR_EXIT_GROUP 94

/* Replaces the row's paths in `a`. */
static s64 resolve_paths(struct thread *t, const struct row *row, u64 *a, struct path *path)
{
    s64 dirfd = AT_FDCWD, r = 0;
    unsigned used = 0;
    u64 flags = 0;
    const char *f = strchr(row->args, 'F');

    if (f != NULL) flags = a[f - row->args];
    for (unsigned i = 0; row->args[i] != '\0' && r == 0; i++) {
        enum path_last last = PATH_FOLLOW;

        switch (row->args[i]) {
        case 'f': dirfd = (s32)a[i]; continue;
        case 's': break;
        case 'l': last = PATH_NOFOLLOW; break;
        case 'e': last = PATH_ENTRY; break;
        case 'n':
            if ((flags & AT_SYMLINK_NOFOLLOW) != 0) last = PATH_NOFOLLOW;
            if (a[i] == 0) continue; /* utimensat and statx take a null path */
            break;
        default: continue;
        }
        r = path_resolve(t, dirfd, a[i], last, &path[used]);
        a[i] = (u64)path[used++].host;
        dirfd = AT_FDCWD;
    }
    return r;
}

/* The first bundled name among a row's paths; NULL: none. */
static const char *bundled_path(const struct row *row, const u64 *a)
{
    if (!bundle_on) return NULL;
    for (unsigned i = 0; row->args[i] != '\0'; i++) {
        const char *inside =
            strchr("slen", row->args[i]) != NULL && a[i] != 0 ? bundle_inside((char *)a[i]) : NULL;

        if (inside != NULL) return inside;
    }
    return NULL;
}

/* Calls on a descriptor of a bundled file by an empty path, or none. */
static bool is_call_on_bundled(const struct row *row, const u64 *a, s64 *result)
{
    const char *path = (const char *)a[1];
    const struct bundle_entry *e;

    if (!bundle_on || strncmp(row->args, "fn", 2) != 0 || (path != NULL && *path != '\0'))
        return false;
    e = bundle_of_fd((s32)a[0], NULL);
    if (e == NULL) return false;
    *result = row->host_nr == SYS_statx ? bundle_write_statx(e, a[4]) : -EROFS;
    return row->host_nr == SYS_statx || row->host_nr == SYS_utimensat ||
           row->host_nr == SYS_fchownat || row->host_nr == SYS_fchmodat2;
}

static s64 pass_with_paths(struct thread *t, const struct row *row, const u64 *args)
{
    struct path path[PATHS_AT_MOST];
    u64 a[6];
    s64 r;

    memcpy(a, args, sizeof(a));
    r = resolve_paths(t, row, a, path);
    if (r != 0) return r;
    if (bundled_path(row, a) != NULL) return bundle_call(row->host_nr, bundled_path(row, a), args);
    if (is_call_on_bundled(row, a, &r)) return r;
    return guest_syscall(t, row->host_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static s64 pass(struct thread *t, const struct row *row, const u64 *a)
{
    const char *filled;
    s64 r;

    if (strpbrk(row->args, "slen") != NULL) return pass_with_paths(t, row, a);
    r = guest_syscall(t, row->host_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r == 0 && row->host_nr == SYS_read && bundle_on) {
        const struct bundle_entry *e = bundle_of_fd((s32)a[0], NULL);

        if (e != NULL && S_ISDIR(e->mode)) return -EISDIR;
    }
    filled = r > 0 ? strchr(row->args, 'b') : NULL;
    if (filled != NULL) written_by_kernel(a[filled - row->args], r);
    return r;
}

static s64 refuse(const struct row *row, u64 nr)
{
    if (row != NULL)
        log_line(LOG_SYSCALL, "%s is not supported: ENOSYS", row->name);
    else
        log_line(LOG_ERROR, "system call %llu is not known: ENOSYS", (unsigned long long)nr);
    return -ENOSYS;
}

#define NOTHING(number, name, args)
#define HANDLER(number, name, args)                                                                \
    case number: return sys_##name(t, a);

static s64 handle(struct thread *t, u64 nr, const u64 *a)
{
    switch (nr) {
        SYSCALLS(NOTHING, HANDLER, NOTHING)
    default: return -ENOSYS;
    }
}

static s64 call(struct thread *t, u64 nr, const struct row *row, const u64 *a)
{
    if (row == NULL || row->host_nr == REFUSED) return refuse(row, nr);
    return row->host_nr == HANDLED ? handle(t, nr, a) : pass(t, row, a);
}

void syscall_do(struct thread *t)
{
    struct guest_state *s = &t->state;
    u64 nr = (u32)s->x[8], a[6];
    const struct row *row = row_of(nr);
    s64 r;

    memcpy(a, s->x, sizeof(a));
    stats_add(STAT_SYSCALLS, 1);
    if (t->until_sampled != 0) profile_system_call(t);
    if (__atomic_load_n(&bundle_waiting, __ATOMIC_RELAXED) != 0 && !bundle_may_wait(nr, a))
        bundle_fill_waiting();
    if (log_on(LOG_SYSCALL) && (nr == NR_EXIT || nr == NR_EXIT_GROUP))
        trace_call(t, row->name, row->args, a, SYSCALL_NO_RESULT);
    if (row != NULL) alone_for_call(t, nr, row->args, a);
    r = call(t, nr, row, a);
    if (t->keeps_away) {
        t->keeps_away = false;
        background_release();
    }
    if (log_on(LOG_SYSCALL) && row != NULL) trace_call(t, row->name, row->args, a, r);
    switch (r) {
    case SYSCALL_NO_RESULT: break;
    case -RESTART_SYS:
        t->restart_if_asked = true; /* signal_deliver may make it EINTR */
        s->pc -= 4;
        break;
    case -RESTART_AGAIN: s->pc -= 4; break;
    default: s->x[0] = (u64)r; break;
    }
}
