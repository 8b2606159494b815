/*
 * Socket calls that carry addresses: a path in an AF_UNIX address is the guest's, the kernel needs
 * the host's. Addresses of other families, abstract names and paths outside the sysroot pass
 * untouched.
 *
 * A host path too long for sun_path goes through /proc/self/fd of its directory; getsockname of
 * such a socket shows that name.
 */
#include "rt/syscall/syscall.h"

#include "rt/options.h"
#include "rt/path.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_AT          offsetof(struct sockaddr_un, sun_path)
#define MESSAGES_LARGEST 1024u /* UIO_MAXIOV of linux/uio.h */

/* An address on its way to the kernel. */
struct address {
    struct sockaddr_un un;
    u64 at, length;
    int dirfd; /* to close after the call, or -1 */
};

/* sun_path := /proc/self/fd/DIRFD/NAME for a host path that doesn't fit. */
static s64 shorten(struct address *address, char *host)
{
    char *slash = strrchr(host, '/');
    s64 fd;

    if (slash == NULL) return -EINVAL;
    *slash = '\0';
    fd = host_syscall(SYS_openat, (u64)AT_FDCWD, (u64)host, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0,
                      0);
    if (fd < 0) return fd;
    address->dirfd = (int)fd;
    if (snprintf(address->un.sun_path, sizeof(address->un.sun_path), "/proc/self/fd/%d/%s", (int)fd,
                 slash + 1) >= (int)sizeof(address->un.sun_path)) {
        close((int)fd);
        address->dirfd = -1;
        return -EINVAL;
    }
    return 0;
}

/* The address of `length` bytes at guest address `at`, its path the host's. */
static s64 address_take(struct thread *t, u64 at, u64 length, enum path_last last,
                        struct address *out)
{
    char text[sizeof(out->un.sun_path) + 1] = "";
    struct path path;
    s64 r;

    *out = (struct address){.at = at, .length = length, .dirfd = -1};
    if (options.sysroot[0] == '\0' || length <= PATH_AT || length > sizeof(out->un) ||
        !guest_read(&out->un, at, length) || out->un.sun_family != AF_UNIX ||
        out->un.sun_path[0] == '\0')
        return 0;
    memcpy(text, out->un.sun_path, length - PATH_AT);
    r = path_resolve_text(t, AT_FDCWD, text, last, &path);
    if (r != 0) return r;
    if (strcmp(path.host, text) == 0) return 0;
    if (strlen(path.host) < sizeof(out->un.sun_path))
        strcpy(out->un.sun_path, path.host);
    else if ((r = shorten(out, path.host)) != 0)
        return r;
    out->at = (u64)&out->un;
    out->length = PATH_AT + strlen(out->un.sun_path) + 1;
    return 0;
}

static s64 address_done(const struct address *address, s64 r)
{
    if (address->dirfd >= 0) close(address->dirfd);
    return r;
}

/* Drops the sysroot from a path that the kernel wrote at guest address `at`; its new length, or the
 * one it has. */
static u32 address_to_guest(u64 at, u32 length)
{
    struct sockaddr_un un;
    char host[sizeof(un.sun_path) + 1] = "";
    const char *guest;
    u32 n;

    if (options.sysroot[0] == '\0' || at == 0 || length <= PATH_AT || length > sizeof(un) ||
        !guest_read(&un, at, length) || un.sun_family != AF_UNIX)
        return length;
    memcpy(host, un.sun_path, length - PATH_AT);
    guest = path_to_guest(host);
    if (guest == host) return length;
    n = (u32)strlen(guest) + 1;
    (void)guest_write(at + PATH_AT, guest, n);
    return (u32)PATH_AT + n;
}

/* The same where the length lies at guest address `length_at`. */
static void returned_address(u64 at, u64 length_at)
{
    u32 length, n;

    if (at == 0 || length_at == 0 || !guest_read(&length, length_at, sizeof(length))) return;
    n = address_to_guest(at, length);
    if (n != length) (void)guest_write(length_at, &n, sizeof(n));
}

s64 sys_bind(struct thread *t, const u64 *a)
{
    struct address address;
    s64 r = address_take(t, a[1], (u32)a[2], PATH_NOFOLLOW, &address);

    if (r == 0) r = guest_syscall(t, SYS_bind, a[0], address.at, address.length, 0, 0, 0);
    return address_done(&address, r);
}

s64 sys_connect(struct thread *t, const u64 *a)
{
    struct address address;
    s64 r = address_take(t, a[1], (u32)a[2], PATH_FOLLOW, &address);

    if (r == 0) r = guest_syscall(t, SYS_connect, a[0], address.at, address.length, 0, 0, 0);
    return address_done(&address, r);
}

s64 sys_sendto(struct thread *t, const u64 *a)
{
    struct address address;
    s64 r = address_take(t, a[4], (u32)a[5], PATH_FOLLOW, &address);

    if (r == 0)
        r = guest_syscall(t, SYS_sendto, a[0], a[1], a[2], a[3], address.at, address.length);
    return address_done(&address, r);
}

/* message: a copy of the guest's, whose name becomes the host's. */
static s64 send_one(struct thread *t, u64 fd, struct msghdr *message, u64 flags)
{
    struct address address;
    s64 r = address_take(t, (u64)message->msg_name, message->msg_namelen, PATH_FOLLOW, &address);

    message->msg_name = (void *)address.at;
    message->msg_namelen = (socklen_t)address.length;
    if (r == 0) r = guest_syscall(t, SYS_sendmsg, fd, (u64)message, flags, 0, 0, 0);
    return address_done(&address, r);
}

s64 sys_sendmsg(struct thread *t, const u64 *a)
{
    struct msghdr message;

    if (!guest_read(&message, a[1], sizeof(message)) || message.msg_name == NULL)
        return guest_syscall(t, SYS_sendmsg, a[0], a[1], a[2], 0, 0, 0);
    return send_one(t, a[0], &message, a[2]);
}

/* True when one of the messages has a name that may be a path. */
static bool has_names(u64 array, u32 count)
{
    struct mmsghdr m;

    for (u32 i = 0; i < count; i++) {
        if (!guest_read(&m, array + i * sizeof(m), sizeof(m))) return false;
        if (m.msg_hdr.msg_name != NULL) return true;
    }
    return false;
}

/* One by one if there are names, as the kernel does: an error counts only before the first. */
s64 sys_sendmmsg(struct thread *t, const u64 *a)
{
    u32 count = (u32)a[2] < MESSAGES_LARGEST ? (u32)a[2] : MESSAGES_LARGEST;
    s64 sent;

    if (options.sysroot[0] == '\0' || !has_names(a[1], count))
        return guest_syscall(t, SYS_sendmmsg, a[0], a[1], a[2], a[3], 0, 0);
    for (sent = 0; sent < count; sent++) {
        u64 at = a[1] + (u64)sent * sizeof(struct mmsghdr);
        struct msghdr message;
        u32 length;
        s64 r = -EFAULT;

        if (guest_read(&message, at, sizeof(message))) r = send_one(t, a[0], &message, a[3]);
        length = (u32)r;
        if (r >= 0 && !guest_write(at + offsetof(struct mmsghdr, msg_len), &length, sizeof(length)))
            r = -EFAULT;
        if (r < 0) return sent != 0 ? sent : r;
    }
    return sent;
}

/* The name in the guest's message header at `at`, which the kernel has filled. */
static void returned_message(u64 at)
{
    struct msghdr message;
    u32 n;

    if (!guest_read(&message, at, sizeof(message))) return;
    n = address_to_guest((u64)message.msg_name, message.msg_namelen);
    if (n != message.msg_namelen)
        (void)guest_write(at + offsetof(struct msghdr, msg_namelen), &n, sizeof(n));
}

s64 sys_recvmsg(struct thread *t, const u64 *a)
{
    s64 r = guest_syscall(t, SYS_recvmsg, a[0], a[1], a[2], 0, 0, 0);

    if (r >= 0) returned_message(a[1]);
    return r;
}

s64 sys_recvmmsg(struct thread *t, const u64 *a)
{
    s64 r = guest_syscall(t, SYS_recvmmsg, a[0], a[1], a[2], a[3], a[4], 0);

    for (s64 i = 0; i < r; i++) returned_message(a[1] + (u64)i * sizeof(struct mmsghdr));
    return r;
}

s64 sys_recvfrom(struct thread *t, const u64 *a)
{
    s64 r = guest_syscall(t, SYS_recvfrom, a[0], a[1], a[2], a[3], a[4], a[5]);

    if (r > 0) written_by_kernel(a[1], r);
    if (r >= 0) returned_address(a[4], a[5]);
    return r;
}

/* Calls with descriptor, address, address of its length, and perhaps flags. */
static s64 name_call(struct thread *t, int number, const u64 *a)
{
    s64 r = guest_syscall(t, number, a[0], a[1], a[2], a[3], 0, 0);

    if (r >= 0) returned_address(a[1], a[2]);
    return r;
}

s64 sys_getsockname(struct thread *t, const u64 *a)
{
    return name_call(t, SYS_getsockname, a);
}

s64 sys_getpeername(struct thread *t, const u64 *a)
{
    return name_call(t, SYS_getpeername, a);
}

s64 sys_accept(struct thread *t, const u64 *a)
{
    return name_call(t, SYS_accept, a);
}

s64 sys_accept4(struct thread *t, const u64 *a)
{
    return name_call(t, SYS_accept4, a);
}
