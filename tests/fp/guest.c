/*
 * The guest side of the comparison with qemu-aarch64: an arm64 program that runs the code it is
 * sent on the cases it is sent, and sends them back.
 *
 * In: number of cases (u64, 0 ends), code (64 bytes), cases (112 bytes each). Out: the cases.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CODE_SIZE = 64, CASE_SIZE = 112, MOST_CASES = 4096 };

static uint8_t cases[MOST_CASES * CASE_SIZE];

static void run(void *code, uint64_t count)
{
    register void *x9 __asm__("x9") = code;
    register void *x10 __asm__("x10") = cases;
    register uint64_t x11 __asm__("x11") = count;

    __asm__ volatile("blr x9"
                     : "+r"(x9), "+r"(x10), "+r"(x11)
                     :
                     : "x0", "x1", "x2", "x3", "x4", "x30", "v0", "v1", "v2", "cc", "memory");
}

int main(void)
{
    uint8_t *code =
        mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t count;

    if (code == MAP_FAILED) return 1;
    while (fread(&count, sizeof(count), 1, stdin) == 1 && count != 0) {
        if (count > MOST_CASES || fread(code, CODE_SIZE, 1, stdin) != 1 ||
            fread(cases, CASE_SIZE, count, stdin) != count)
            return 1;
        __builtin___clear_cache((char *)code, (char *)code + CODE_SIZE);
        run(code, count);
        /* The last case's modes are still set. */
        __asm__ volatile("msr fpcr, xzr");
        if (fwrite(cases, CASE_SIZE, count, stdout) != count || fflush(stdout) != 0) return 1;
    }
    return 0;
}
