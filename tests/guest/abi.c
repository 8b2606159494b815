/*
 * Flags, structs and options that arm64 programs hand to the kernel by number: what differs from
 * the host's is translated, what holds pointers or sizes arrives whole.
 */
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void open_flags(void)
{
    char buf[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    struct file_handle *handle = (struct file_handle *)buf;
    int fd = open("file", O_CREAT | O_RDWR, 0600), again, mount;

    CHECK(fd >= 0 && write(fd, "text", 4) == 4);
    /* Upper halves of 32-bit arguments are anyone's. */
    CHECK(syscall(SYS_fcntl, fd | INT64_C(0x100000000), F_GETFL | INT64_C(0x500000000), 0) ==
          (O_RDWR | O_LARGEFILE | 0400000));
    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, "file", handle, &mount, 0) == 0) {
        again = open_by_handle_at(AT_FDCWD, handle, O_RDONLY | 0400000 /* O_LARGEFILE */);
        CHECK(again >= 0 || errno == EPERM);
        close(again);
        CHECK_ERRNO(open_by_handle_at(AT_FDCWD, handle, O_RDONLY | O_DIRECTORY),
                    geteuid() == 0 ? ENOTDIR : EPERM);
    }
    again = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY | 0400000);
    CHECK(again >= 0 || errno == EPERM || errno == ENOSYS);
    close(again);
    mqd_t q = mq_open("/ferry-abi", O_CREAT | O_RDWR | O_NONBLOCK, 0600, NULL);
    struct mq_attr attr;
    CHECK(q >= 0 && mq_getattr(q, &attr) == 0 && attr.mq_flags == O_NONBLOCK);
    mq_close(q);
    mq_unlink("/ferry-abi");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
    CHECK(fcntl(fd, F_OFD_SETLK, &lock) == 0);
    again = open("file", O_RDWR);
    lock.l_start = 0;
    lock.l_len = 0;
    CHECK(fcntl(again, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_start == 1 &&
          lock.l_len == 2 && lock.l_pid == -1);
    struct f_owner_ex owner = {F_OWNER_TID, getpid()}, got = {0, 0};
    CHECK(fcntl(fd, F_SETOWN_EX, &owner) == 0 && fcntl(fd, F_GETOWN_EX, &got) == 0 &&
          got.pid == getpid() && got.type == F_OWNER_TID);
    close(again);
    close(fd);
    fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 && fcntl(fd, F_GET_SEALS) == F_SEAL_WRITE);
    CHECK_ERRNO(write(fd, "x", 1), EPERM);
    close(fd);
}

static void terminals(void)
{
    struct termios t;
    struct winsize size = {30, 100, 0, 0};
    int master, slave, n = 0;
    char name[64];

    if (openpty(&master, &slave, name, NULL, &size) != 0) return; /* no /dev/pts here */
    CHECK(isatty(slave) && tcgetattr(slave, &t) == 0 && (t.c_lflag & ECHO));
    CHECK(t.c_cc[VINTR] == 3 && cfgetospeed(&t) == B38400);
    cfmakeraw(&t);
    cfsetspeed(&t, B115200);
    CHECK(tcsetattr(slave, TCSANOW, &t) == 0 && tcgetattr(slave, &t) == 0);
    CHECK(!(t.c_lflag & (ECHO | ICANON)) && cfgetospeed(&t) == B115200 && t.c_cc[VMIN] == 1);
    memset(&size, 0, sizeof(size));
    CHECK(ioctl(master, TIOCGWINSZ, &size) == 0 && size.ws_row == 30 && size.ws_col == 100);
    struct pollfd ready = {slave, POLLIN, 0}; /* the bytes go through the kernel's work queue */
    CHECK(write(master, "abc", 3) == 3 && poll(&ready, 1, 5000) == 1 &&
          ioctl(slave, FIONREAD, &n) == 0 && n == 3);
    n = 1;
    CHECK(ioctl(slave, FIONBIO, &n) == 0 && (fcntl(slave, F_GETFL) & O_NONBLOCK));
    CHECK_ERRNO(ioctl(slave, 0xae00, 0), ENOTTY); /* KVM_GET_API_VERSION */
    close(master);
    close(slave);
}

static volatile int hits, value;
static volatile pid_t seen_tid;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    seen_tid = (pid_t)syscall(SYS_gettid);
    value = info->si_value.sival_int;
    hits++;
}

static void notifications(void)
{
    struct sigevent ev = {.sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 17};
    struct itimerspec it = {.it_value = {0, 1000000}}, left;
    struct timespec soon = {0, 100000000};
    timer_t timer;
    sigset_t set, old;
    siginfo_t info;

    install(SIGRTMIN + 3, on_signal, 0);
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
    CHECK(timer_settime(timer, 0, &it, NULL) == 0);
    while (hits == 0) pause();
    CHECK(value == 17 && seen_tid == getpid());
    CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0);
    CHECK(timer_getoverrun(timer) == 0 && timer_delete(timer) == 0);
    CHECK_ERRNO(timer_delete(timer), EINVAL);
    /* Without an event: SIGALRM, its value the timer's number. */
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    int number = -1;
    CHECK(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &number) == 0);
    CHECK(syscall(SYS_timer_settime, number, 0, &it, NULL) == 0);
    CHECK(sigtimedwait(&set, &info, &soon) == SIGALRM && info.si_code == SI_TIMER &&
          info.si_value.sival_int == number);
    CHECK(syscall(SYS_timer_delete, number) == 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    /* mq_notify. */
    mqd_t q = mq_open("/ferry-notify", O_CREAT | O_RDWR, 0600, NULL);
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_value.sival_int = 23;
    hits = 0;
    CHECK(q >= 0 && mq_notify(q, &ev) == 0);
    CHECK_ERRNO(mq_notify(q, &ev), EBUSY);
    CHECK(mq_send(q, "x", 1, 0) == 0 && hits == 1 && value == 23);
    mq_close(q);
    mq_unlink("/ferry-notify");
    signal(SIGRTMIN + 3, SIG_DFL);
}

static void shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
    struct shmid_ds ds;
    char *p = shmat(id, NULL, 0);

    CHECK(id >= 0 && p != (char *)-1);
    p[8191] = 1;
    memset(&ds, 0xff, sizeof(ds));
    CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_segsz == 8192 && ds.shm_nattch == 1);
    CHECK(ds.shm_cpid == getpid() && ds.shm_atime != 0 && (ds.shm_perm.mode & 0777) == 0600);
    ds.shm_perm.mode = 0640;
    CHECK(shmctl(id, IPC_SET, &ds) == 0 && shmctl(id, IPC_STAT, &ds) == 0 &&
          (ds.shm_perm.mode & 0777) == 0640);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0 && shmdt(p) == 0);
}

static void socket_options(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), u[2], n = 0;
    struct linger linger = {1, 7};
    struct timeval time = {3, 250000};
    struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, 2}};
    struct sock_fprog program = {1, code};
    socklen_t size = sizeof(linger);
    char buf[8];

    CHECK(setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
    memset(&linger, 0, sizeof(linger));
    CHECK(getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_linger == 7);
    CHECK(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) == 0);
    memset(&time, 0, sizeof(time));
    size = sizeof(time);
    CHECK(getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, &size) == 0 && time.tv_sec == 3);
    size = sizeof(n);
    CHECK(getsockopt(s, SOL_SOCKET, SO_TYPE, &n, &size) == 0 && n == SOCK_STREAM);
    CHECK(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &n, &size) == 0 && n == AF_INET);
    CHECK_ERRNO(getsockopt(s, SOL_SOCKET, 9999, &n, &size), ENOPROTOOPT);
    close(s);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, u) == 0);
    CHECK(setsockopt(u[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
    CHECK(send(u[0], "four", 4, 0) == 4 && recv(u[1], buf, sizeof(buf), 0) == 2);
    /* Credentials beside data. */
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec v = {buf, sizeof(buf)};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control)};
    n = 1;
    CHECK(setsockopt(u[0], SOL_SOCKET, SO_PASSCRED, &n, sizeof(n)) == 0);
    CHECK(send(u[1], "x", 1, 0) == 1 && recvmsg(u[0], &m, 0) == 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    CHECK(c != NULL && c->cmsg_type == SCM_CREDENTIALS &&
          ((struct ucred *)CMSG_DATA(c))->pid == getpid());
    close(u[0]);
    close(u[1]);
}

static void aio(void)
{
    aio_context_t context = 0;
    char text[] = "asynchronous", back[16] = "";
    int fd = open("aio", O_CREAT | O_RDWR, 0600);
    struct iocb put = {.aio_lio_opcode = IOCB_CMD_PWRITE,
                       .aio_fildes = (uint32_t)fd,
                       .aio_buf = (uint64_t)text,
                       .aio_nbytes = 12,
                       .aio_data = 42},
                *list[] = {&put};
    struct io_event event;

    if (syscall(SYS_io_setup, 4, &context) != 0) {
        CHECK(errno == ENOSYS);
        return;
    }
    CHECK(syscall(SYS_io_submit, context, 1, list) == 1);
    CHECK(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1);
    CHECK(event.data == 42 && event.res == 12 && event.obj == (uint64_t)&put);
    CHECK(pread(fd, back, 12, 0) == 12 && strcmp(back, text) == 0);
    CHECK(syscall(SYS_io_destroy, context) == 0);
    close(fd);
}

static void prctls(void)
{
    uint64_t address = 0, auxv[64];
    int signal_number = 0, keep = -1;

    CHECK(prctl(PR_SET_PDEATHSIG, SIGTERM) == 0);
    CHECK(prctl(PR_GET_PDEATHSIG, &signal_number) == 0 && signal_number == SIGTERM);
    CHECK(prctl(PR_SET_PDEATHSIG, 0) == 0);
    CHECK(prctl(PR_GET_TID_ADDRESS, &address) == 0);
    CHECK(syscall(SYS_set_tid_address, &keep) == getpid());
    CHECK(prctl(PR_GET_TID_ADDRESS, &address) == 0 && address == (uint64_t)&keep);
    CHECK(prctl(PR_GET_DUMPABLE) >= 0 && prctl(PR_GET_KEEPCAPS) == 0);
    CHECK(prctl(PR_CAPBSET_READ, 0) >= 0);
    CHECK_ERRNO(prctl(PR_GET_TSC, &keep), EINVAL);
    CHECK_ERRNO(prctl(PR_SVE_GET_VL), EINVAL);
    CHECK_ERRNO(prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0), EINVAL);
    CHECK_ERRNO(prctl(0x41555856 /* PR_GET_AUXV */, auxv, sizeof(auxv), 0, 0), EINVAL);
    CHECK(personality(0xffffffff) >= 0);
    CHECK_ERRNO(personality(PER_LINUX32), EINVAL);
    CHECK_ERRNO(personality(READ_IMPLIES_EXEC), EINVAL);
}

static void *other_directory(void *arg)
{
    char *start = arg, now[PATH_MAX];

    CHECK(unshare(CLONE_FS | CLONE_FILES) == 0 && chdir("/usr") == 0);
    CHECK(getcwd(now, sizeof(now)) != NULL && strcmp(now, "/usr") == 0 && strcmp(now, start) != 0);
    CHECK(close(100) == 0);
    return NULL;
}

static void unshared(void)
{
    char start[PATH_MAX], now[PATH_MAX];
    pthread_t t;

    CHECK(getcwd(start, sizeof(start)) != NULL && dup2(1, 100) == 100);
    pthread_create(&t, NULL, other_directory, start);
    pthread_join(t, NULL);
    CHECK(getcwd(now, sizeof(now)) != NULL && strcmp(now, start) == 0);
    CHECK(fcntl(100, F_GETFD) == 0 && close(100) == 0);
}

static void memory_of_others(void)
{
    char here[8] = "", there[8] = "parent";
    struct iovec to = {here, 8}, from = {there, 8};
    int status;
    pid_t pid;

    CHECK(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 8 && strcmp(here, "parent") == 0);
    pid = fork();
    if (pid == 0) {
        struct timespec t = {0, 1000000};
        while (*(volatile char *)there != 'w') nanosleep(&t, NULL);
        _exit(7);
    }
    strcpy(here, "written");
    CHECK(process_vm_writev(pid, &to, 1, &from, 1, 0) == 8 || errno == EPERM);
    if (errno == EPERM) kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && (WIFSIGNALED(status) || WEXITSTATUS(status) == 7));
}

/* A number in each range without a call, and what is refused by name. */
static void absent(void)
{
    char name[8] = "-------";

    static const int none[] = {244, 259, 295, 403, 423, 462, 600};
    static const int refused[] = {SYS_ptrace,     SYS_io_uring_setup, SYS_io_uring_enter,
                                  SYS_pkey_alloc, SYS_rseq,           SYS_memfd_secret,
                                  SYS_kexec_load};

    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        CHECK_ERRNO(syscall(none[i], 0, 0, 0, 0, 0, 0), ENOSYS);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        CHECK_ERRNO(syscall(refused[i], 0, 0, 0, 0, 0, 0), ENOSYS);
    /* An int's upper half is nobody's. */
    CHECK(symlink("target", "abi-link") == 0);
    CHECK(syscall(SYS_readlinkat, AT_FDCWD, "abi-link", name, INT64_C(0x100000003)) == 3);
    CHECK(strcmp(name, "tar----") == 0);
}

int main(void)
{
    open_flags();
    terminals();
    notifications();
    shared_memory();
    socket_options();
    aio();
    prctls();
    unshared();
    memory_of_others();
    absent();
    return done();
}
