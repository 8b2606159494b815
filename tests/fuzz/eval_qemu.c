/*
 * ir_eval_op against qemu-aarch64: random operands for each A64 instruction that is one IR
 * operation (tests/fp).
 *
 *   eval_qemu SECONDS [SEED]
 */
#include "tests/fp/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CASES = 1024 };

static FILE *to_guest, *from_guest;
static struct fp_case cases[CASES];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The guest program lies in the folder of tests beside this program's. */
static void start_guest(const char *self)
{
    int in[2], out[2];
    char guest[4096];
    const char *slash = strrchr(self, '/');

    snprintf(guest, sizeof(guest), "%.*s/../tests/fp-guest", slash ? (int)(slash - self) : 1,
             slash ? self : ".");
    if (pipe(in) != 0 || pipe(out) != 0) fail("pipe");
    switch (fork()) {
    case -1: fail("fork"); break;
    case 0:
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp("qemu-aarch64-static", "qemu-aarch64-static", "-cpu", "max", guest, (char *)NULL);
        fail("qemu-aarch64-static");
        break;
    default:
        close(in[0]);
        close(out[1]);
        to_guest = fdopen(in[1], "w");
        from_guest = fdopen(out[0], "r");
    }
}

static void run(const struct fp_row *row)
{
    u64 count = CASES;
    u32 code[FP_CODE_WORDS];

    fp_code(row, code);
    if (fwrite(&count, sizeof(count), 1, to_guest) != 1 ||
        fwrite(code, sizeof(code), 1, to_guest) != 1 ||
        fwrite(cases, sizeof(cases), 1, to_guest) != 1 || fflush(to_guest) != 0 ||
        fread(cases, sizeof(cases), 1, from_guest) != 1)
        fail(row->text);
}

int main(int argc, char **argv)
{
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
    unsigned long long compared = 0, bad = 0;

    printf("seed %llu\n", (unsigned long long)seed);
    start_guest(argv[0]);
    do {
        for (unsigned i = 0; fp_row(i); i++) {
            char message[600];

            fp_fill(fp_row(i), cases, CASES, &seed);
            run(fp_row(i));
            compared += CASES;
            for (unsigned j = 0; j < CASES; j++) {
                if (!fp_agrees(fp_row(i), &cases[j], message, sizeof(message)) && bad++ < 50)
                    printf("%s\n", message);
            }
        }
    } while (time(NULL) < end);
    fclose(to_guest);
    wait(NULL);
    printf("%llu cases, %llu differ\n", compared, bad);
    return bad != 0;
}
