/*
 * Runs single instructions for tests/semantic_lines/make.c: an arm64 program that reads struct
 * line_case from standard input, executes the word on its registers, and writes the case back.
 */
#include "tests/semantic_lines/case.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf out;

static void refused(int sig)
{
    siglongjmp(out, sig);
}

/* x20 and x21 keep the case and the code; the word itself uses low registers only. */
static void execute(struct line_case *c, const uint32_t *code)
{
    __asm__ volatile("mov x20, %0\n mov x21, %1\n"
                     "ldp q0, q1, [x20, #0]\n ldp q2, q3, [x20, #32]\n"
                     "ldp x4, x5, [x20, #96]\n msr nzcv, x4\n msr fpcr, x5\n"
                     "ldr x4, [x20, #112]\n msr fpsr, x4\n"
                     "ldp x0, x1, [x20, #64]\n ldp x2, x3, [x20, #80]\n"
                     "blr x21\n"
                     "stp x0, x1, [x20, #64]\n stp x2, x3, [x20, #80]\n"
                     "stp q0, q1, [x20, #0]\n stp q2, q3, [x20, #32]\n"
                     "mrs x4, nzcv\n mrs x5, fpsr\n str x4, [x20, #96]\n str x5, [x20, #112]\n"
                     "msr fpcr, xzr\n"
                     :
                     : "r"(c), "r"(code)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x20", "x21", "x30", "v0", "v1", "v2",
                       "v3", "memory", "cc");
}

int main(void)
{
    uint32_t *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *memory = mmap((void *)LINE_DATA, LINE_DATA_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    static struct line_case c;

    signal(SIGILL, refused);
    signal(SIGSEGV, refused);
    signal(SIGBUS, refused);
    while (read(0, &c, sizeof(c)) == sizeof(c)) {
        memcpy(memory + LINE_WINDOW / 8, c.memory, sizeof(c.memory));
        code[0] = c.word;
        code[1] = 0xd65f03c0; /* ret */
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        c.signal = 0;
        if ((c.signal = (uint32_t)sigsetjmp(out, 1)) == 0) execute(&c, code);
        memcpy(c.memory, memory + LINE_WINDOW / 8, sizeof(c.memory));
        if (write(1, &c, sizeof(c)) != sizeof(c)) return 1;
    }
    return 0;
}
