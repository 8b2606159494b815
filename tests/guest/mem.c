/*
 * Memory: mmap and its addresses, protection and its faults, mremap, brk, shared memory, code that
 * a program writes, EFAULT, /proc/self/maps.
 */
#include "check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static sigjmp_buf jump;
static siginfo_t info;

static void on_fault(int sig, siginfo_t *i, void *context)
{
    (void)sig;
    (void)context;
    info = *i;
    siglongjmp(jump, 1);
}

/* si_code of the access, or 0 when it goes through. */
static int access_code(volatile char *p, bool write)
{
    if (sigsetjmp(jump, 1) != 0) return info.si_signo == SIGBUS ? -info.si_code : info.si_code;
    if (write)
        *p = 1;
    else
        (void)*p;
    return 0;
}

static void *map(size_t size, int prot)
{
    return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void mapping(void)
{
    char *p = map(3 * PAGE, PROT_READ | PROT_WRITE), *q;

    CHECK(p != MAP_FAILED && p[0] == 0 && p[3 * PAGE - 1] == 0);
    p[PAGE] = 5;
    CHECK(munmap(p + PAGE, PAGE) == 0);
    CHECK(access_code(p + PAGE, false) == SEGV_MAPERR && info.si_addr == p + PAGE);
    CHECK(access_code(p + 2 * PAGE, true) == 0);
    q = mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(q == p + PAGE && *q == 0);
    CHECK(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
              MAP_FAILED &&
          errno == EEXIST);
    CHECK(access_code(q, true) == SEGV_ACCERR && access_code(q, false) == 0);
    q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(q == p && *q == 0);
    munmap(p, 3 * PAGE);
    q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* a free hint is taken */
    CHECK(q == p);
    munmap(q, PAGE);
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              MAP_FAILED &&
          errno == EINVAL);
    CHECK(mmap(NULL, UINT64_C(1) << 47, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
               0) == MAP_FAILED &&
          errno == ENOMEM);
    CHECK_ERRNO(munmap((void *)1, PAGE), EINVAL);
    CHECK_ERRNO(munmap(p, 0), EINVAL);
    /* Low addresses that programs ask for. */
    q = mmap((void *)0x70000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(q == (char *)0x70000000);
    munmap(q, PAGE);
}

static void protection(void)
{
    char *p = map(3 * PAGE, PROT_READ | PROT_WRITE);

    CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(access_code(p + PAGE, false) == SEGV_ACCERR && access_code(p, true) == 0);
    CHECK(mprotect(p, 3 * PAGE, PROT_READ) == 0);
    CHECK(access_code(p + PAGE, false) == 0 && access_code(p + PAGE, true) == SEGV_ACCERR);
    CHECK_ERRNO(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
    munmap(p + PAGE, PAGE);
    CHECK_ERRNO(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
    munmap(p, 3 * PAGE);
}

static void remapping(void)
{
    char *p = map(2 * PAGE, PROT_READ | PROT_WRITE), *q, *target;

    p[0] = 1;
    p[PAGE] = 2;
    q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q[0] == 1 && q[PAGE] == 2 && q[63 * PAGE] == 0);
    CHECK(mremap(q, 64 * PAGE, PAGE, 0) == q && access_code(q + PAGE, false) == SEGV_MAPERR);
    target = map(4 * PAGE, PROT_READ);
    CHECK(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) == target + PAGE);
    CHECK(target[PAGE] == 1 && access_code(target + PAGE, true) == 0);
    CHECK(access_code(q, false) == SEGV_MAPERR && access_code(target, true) == SEGV_ACCERR);
    CHECK(mremap((void *)0x12345000, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
          errno == EFAULT);
    munmap(target, 4 * PAGE);
}

static void breaks(void)
{
    char *start = sbrk(0);

    CHECK(sbrk(5 * PAGE) == start && start[0] == 0 && access_code(start + 4 * PAGE, true) == 0);
    CHECK(brk(start) == 0 && sbrk(0) == start);
    CHECK(access_code(start + 4 * PAGE, false) == SEGV_MAPERR);
    CHECK(sbrk(5 * PAGE) == start && start[4 * PAGE] == 0);
}

static void files(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *shared, *private, byte;

    CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
    shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    shared[PAGE] = 'a';
    CHECK(pread(fd, &byte, 1, PAGE) == 1 && byte == 'a' && private[0] == 'a');
    private[0] = 'b';
    CHECK(pread(fd, &byte, 1, PAGE) == 1 && byte == 'a');
    CHECK(access_code(shared + 3 * PAGE, false) == -BUS_ADRERR);
    CHECK(msync(shared, PAGE, MS_SYNC) == 0);
    munmap(shared, 4 * PAGE);
    munmap(private, PAGE);
    close(fd);
    char *common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        common[0] = 77;
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    CHECK(common[0] == 77);
    munmap(common, PAGE);
}

static void segments(void)
{
    int id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
    struct shmid_ds ds;
    char *a, *b;

    CHECK(id >= 0);
    a = shmat(id, NULL, 0);
    b = shmat(id, NULL, SHM_RDONLY);
    CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
    a[PAGE] = 9;
    CHECK(b[PAGE] == 9 && access_code(b, true) == SEGV_ACCERR);
    CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 2 && ds.shm_segsz == 2 * PAGE);
    CHECK(shmdt(a) == 0 && shmdt(b) == 0 && access_code(a, false) == SEGV_MAPERR);
    CHECK_ERRNO(shmdt(a), EINVAL);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

/* mov w0, #value; ret */
static void emit(uint32_t *code, uint32_t value)
{
    code[0] = 0x52800000 | value << 5;
    code[1] = 0xd65f03c0;
}

static int call(void *code)
{
    return ((int (*)(void))code)();
}

static void written_code(void)
{
    uint32_t *code = map(2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), words[2];
    int fd;

    for (uint32_t i = 0; i < 200; i++) {
        emit(code, i);
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        CHECK(call(code) == (int)i);
    }
    /* Mapped over. */
    CHECK(mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
    emit(code, 300);
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    CHECK(call(code) == 300);
    /* Read from a file. */
    fd = open("code", O_RDWR | O_CREAT | O_TRUNC, 0600);
    emit(words, 301);
    CHECK(write(fd, words, sizeof(words)) == sizeof(words));
    CHECK(pread(fd, code, sizeof(words), 0) == sizeof(words));
    CHECK(call(code) == 301);
    /* Made writable, changed, and executable again. */
    CHECK(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
    info.si_code = 0;
    if (sigsetjmp(jump, 1) == 0) call(code);
    CHECK(info.si_code == SEGV_ACCERR && info.si_addr == code);
    emit(code, 302);
    CHECK(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0);
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    CHECK(call(code) == 302);
    munmap(code, 2 * PAGE);
    /* Written through another mapping of the same pages. */
    int mem = memfd_create("code", 0);
    CHECK(ftruncate(mem, PAGE) == 0);
    uint32_t *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
    uint32_t *x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, mem, 0);
    for (uint32_t i = 0; i < 20; i++) {
        emit(w, i);
        __builtin___clear_cache((char *)w, (char *)(w + 2));
        __builtin___clear_cache((char *)x, (char *)(x + 2));
        CHECK(call(x) == (int)i);
    }
    for (uint32_t i = 0; i < 20; i++) { /* the flush through the writable alias alone */
        emit(w, i + 50);
        __builtin___clear_cache((char *)w, (char *)(w + 2));
        CHECK(call(x) == (int)i + 50);
    }
    close(fd);
    close(mem);
}

/* Another process writes the code, and can't tell this one. */
static void code_from_elsewhere(void)
{
    uint32_t *code =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(code != MAP_FAILED);
    for (uint32_t i = 0; i < 10; i++) {
        int status;
        pid_t child = fork();

        if (child == 0) {
            emit(code, 400 + i);
            __builtin___clear_cache((char *)code, (char *)(code + 2));
            _exit(call(code) != (int)(400 + i));
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        CHECK(call(code) == (int)(400 + i));
    }
    munmap(code, PAGE);
}

static void bad_pointers(void)
{
    char *p = map(2 * PAGE, PROT_READ | PROT_WRITE);
    struct stat st;
    int fds[2];

    munmap(p + PAGE, PAGE);
    CHECK(pipe(fds) == 0);
    CHECK_ERRNO(syscall(SYS_write, fds[1], 16, 4), EFAULT);
    CHECK_ERRNO(stat((char *)16, &st), EFAULT);
    CHECK_ERRNO(stat("/", (struct stat *)16), EFAULT);
    CHECK_ERRNO(fstat(0, (struct stat *)(p + PAGE - 8)), EFAULT);
    CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, 8, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_uname, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_getcwd, 8, 4096), EFAULT);
    strcpy(p + PAGE - 5, "/dev"); /* a string that ends with the page */
    CHECK(stat(p + PAGE - 5, &st) == 0);
    p[PAGE - 1] = 'x';
    CHECK_ERRNO(stat(p + PAGE - 5, &st), EFAULT);
    CHECK(write(fds[1], p, 4) == 4);
    struct iovec local = {p, 4}, remote = {"abcd", 4};
    CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 4 && memcmp(p, "abcd", 4) == 0);
    close(fds[0]);
    close(fds[1]);
}

static void maps(void)
{
    char line[1024], want[64];
    void *x = map(PAGE, PROT_READ | PROT_EXEC);
    bool code = false, stack = false, vdso = false, heap = false;
    FILE *f = fopen("/proc/self/maps", "r");
    int local;

    char *some = malloc(1000);
    snprintf(want, sizeof(want), "%lx-%lx r-xp", (long)x, (long)x + PAGE);
    while (fgets(line, sizeof(line), f) != NULL) {
        unsigned long a, b;

        CHECK(sscanf(line, "%lx-%lx", &a, &b) == 2 && a < b);
        code |= strncmp(line, want, strlen(want)) == 0;
        stack |= strstr(line, "[stack]") && a <= (unsigned long)&local && (unsigned long)&local < b;
        vdso |= strstr(line, "[vdso]") && strstr(line, "r-xp");
        heap |= strstr(line, "[heap]") != NULL;
        CHECK(strstr(line, "ferry\n") == NULL);
    }
    fclose(f);
    free(some);
    CHECK(code && stack && vdso && heap);
    munmap(x, PAGE);
}

/* The break of a program with a fixed address, past anything that may lie there unseen. */
static void far_break(void)
{
    char *start = sbrk(0);

    for (int n = 0; n < 40; n++)
        if (sbrk(64 << 20) == (void *)-1) break;
    CHECK((char *)sbrk(0) - start == 40L * (64 << 20));
    *((char *)sbrk(0) - 1) = 1;
    CHECK(brk(start) == 0 && sbrk(0) == start);
}

int main(void)
{
    install(SIGSEGV, on_fault, 0);
    install(SIGBUS, on_fault, 0);
    mapping();
    protection();
    remapping();
    breaks();
    files();
    segments();
    written_code();
    code_from_elsewhere();
    bad_pointers();
    maps();
    far_break();
    return done();
}
