/*
 * Waiting for events and talking: epoll, eventfd, timerfd, signalfd, sockets, descriptors passed.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void epolls(void)
{
    struct epoll_event e[4], one = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
    int ep = epoll_create1(EPOLL_CLOEXEC), a = eventfd(0, EFD_NONBLOCK), b = eventfd(3, 0);
    uint64_t v = 7;

    CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, a, &one) == 0);
    one.data.u64 = UINT64_C(0xffffffff00000001);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, b, &one) == 0);
    CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, b, &one), EEXIST);
    CHECK(epoll_wait(ep, e, 4, 1000) == 1 && e[0].data.u64 == UINT64_C(0xffffffff00000001));
    CHECK(write(a, &v, 8) == 8);
    CHECK(epoll_wait(ep, e, 4, 1000) == 2);
    for (int i = 0; i < 2; i++)
        CHECK(e[i].events == EPOLLIN && (e[i].data.u64 == 0x1122334455667788 ||
                                         e[i].data.u64 == UINT64_C(0xffffffff00000001)));
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, b, NULL) == 0);
    CHECK(read(a, &v, 8) == 8 && v == 7 && epoll_wait(ep, e, 4, 0) == 0);
    CHECK_ERRNO(read(a, &v, 8), EAGAIN);
    struct timespec soon = {0, 1000000};
    CHECK(syscall(SYS_epoll_pwait2, ep, e, 4, &soon, NULL, 8) == 0);
    close(ep);
    close(a);
    close(b);
}

static void timers_and_signals(void)
{
    struct itimerspec it = {.it_value = {0, 5000000}};
    int tfd = timerfd_create(CLOCK_MONOTONIC, 0), sfd;
    struct signalfd_siginfo si;
    uint64_t n = 0;
    sigset_t set;

    CHECK(timerfd_settime(tfd, 0, &it, NULL) == 0 && read(tfd, &n, 8) == 8 && n == 1);
    close(tfd);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sfd = signalfd(-1, &set, SFD_CLOEXEC);
    kill(getpid(), SIGUSR1);
    CHECK(read(sfd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo == SIGUSR1 &&
          si.ssi_pid == (uint32_t)getpid());
    close(sfd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void polls(void)
{
    struct timespec soon = {0, 1000000};
    struct pollfd p[2];
    fd_set set;
    int fds[2];

    CHECK(pipe(fds) == 0);
    p[0] = (struct pollfd){fds[0], POLLIN, 0};
    p[1] = (struct pollfd){fds[1], POLLOUT, 0};
    CHECK(poll(p, 1, 1) == 0 && poll(p, 2, 1000) == 1 && p[1].revents == POLLOUT);
    CHECK(ppoll(p, 1, &soon, NULL) == 0);
    CHECK(write(fds[1], "x", 1) == 1);
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    CHECK(pselect(fds[0] + 1, &set, NULL, NULL, &soon, NULL) == 1 && FD_ISSET(fds[0], &set));
    close(fds[1]);
    CHECK(poll(p, 1, 0) == 1 && p[0].revents == (POLLIN | POLLHUP));
    close(fds[0]);
}

static void pass_descriptor(void)
{
    char control[CMSG_SPACE(sizeof(int))], byte = 'p';
    struct iovec v = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *c;
    int pair[2], fds[2], got = -1;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(fds) == 0);
    memset(control, 0, sizeof(control));
    c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fds[1], sizeof(int));
    CHECK(sendmsg(pair[0], &m, 0) == 1);
    memset(control, 0, sizeof(control));
    m.msg_controllen = sizeof(control);
    CHECK(recvmsg(pair[1], &m, MSG_CMSG_CLOEXEC) == 1 && byte == 'p');
    c = CMSG_FIRSTHDR(&m);
    CHECK(c != NULL && c->cmsg_type == SCM_RIGHTS);
    memcpy(&got, CMSG_DATA(c), sizeof(int));
    CHECK(write(got, "z", 1) == 1 && read(fds[0], &byte, 1) == 1 && byte == 'z');
    struct ucred cred;
    socklen_t size = sizeof(cred);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 && cred.pid == getpid());
    close(got);
    close(pair[0]);
    close(pair[1]);
    close(fds[0]);
    close(fds[1]);
}

static void *echo(void *arg)
{
    int listener = *(int *)arg, s = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    char buf[64];
    ssize_t n;

    CHECK(s >= 0);
    while ((n = read(s, buf, sizeof(buf))) > 0) CHECK(send(s, buf, (size_t)n, MSG_NOSIGNAL) == n);
    close(s);
    return NULL;
}

static void tcp(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), s, one = 1, error = -1;
    struct timeval limit = {5, 0};
    pthread_t t;
    char buf[16] = "";

    CHECK(l >= 0 && setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
    CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(l, 4) == 0);
    CHECK(getsockname(l, (struct sockaddr *)&a, &size) == 0 && a.sin_port != 0);
    pthread_create(&t, NULL, echo, &l);
    s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
    CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
    CHECK(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    CHECK(send(s, "hello", 5, 0) == 5 && recv(s, buf, 5, MSG_WAITALL) == 5);
    CHECK(strcmp(buf, "hello") == 0);
    size = sizeof(error);
    CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
    CHECK(shutdown(s, SHUT_WR) == 0 && read(s, buf, 1) == 0);
    pthread_join(t, NULL);
    close(s);
    close(l);
}

static void local(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "socket"};
    struct mmsghdr m[2];
    struct iovec v[2] = {{"one", 3}, {"three", 5}};
    int l = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0);
    char buf[16];

    CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0);
    CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
    memset(m, 0, sizeof(m));
    for (int i = 0; i < 2; i++) {
        m[i].msg_hdr.msg_iov = &v[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    CHECK(sendmmsg(s, m, 2, 0) == 2 && m[1].msg_len == 5);
    CHECK(recv(l, buf, sizeof(buf), 0) == 3 && recv(l, buf, sizeof(buf), 0) == 5);
    CHECK_ERRNO(recv(l, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    close(s);
    close(l);
}

int main(void)
{
    epolls();
    timers_and_signals();
    polls();
    pass_descriptor();
    tcp();
    local();
    return done();
}
