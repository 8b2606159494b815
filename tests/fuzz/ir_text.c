/*
 * Hostile text for the IR parser: functions made at random (tests/ir), printed, and damaged: bytes,
 * numbers and words changed, lines dropped, doubled, exchanged and cut. Whatever the parser takes
 * must print to text that it takes again and prints alike; what the verifier takes besides must
 * still be taken after the optimiser.
 *
 *   ir_text SECONDS [SEED]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aot/opt/opt.h"
#include "tests/ir/random_ir.h"

#define ROOM 256 /* bytes that damage may add */

static u64 seed;
static struct arena arena;
static unsigned long parsed, valid, total;

static u64 below(u64 n)
{
    return random_ir_number(&seed) % n;
}

/* --- damage ----------------------------------------------------------------------------------- */

/* A place in the text that starts a line, a number or a word, mostly. */
static size_t place(const char *text, size_t length)
{
    size_t at = below(length);
    const char *stop = below(2) ? "\n" : " ";
    size_t skip = strcspn(text + at, stop);
    return below(4) && at + skip + 1 < length ? at + skip + 1 : at;
}

/* Replaces `gone` bytes at `at`. */
static size_t splice(char *text, size_t length, size_t at, size_t gone, const char *with)
{
    size_t n = strlen(with);
    if (gone > length - at) gone = length - at;
    memmove(text + at + n, text + at + gone, length - at - gone + 1);
    memcpy(text + at, with, n);
    return length - gone + n;
}

static size_t change_line(char *text, size_t length)
{
    char line[128];
    size_t at = place(text, length), from = place(text, length);
    size_t n = strcspn(text + from, "\n");
    snprintf(line, sizeof(line), "%.*s\n", (int)(n < 100 ? n : 100), text + from);
    return splice(text, length, at, below(2) ? strcspn(text + at, "\n") + 1 : 0, line);
}

static size_t damage(char *text, size_t length)
{
    static const char *const words[] = {"0",
                                        "-1",
                                        "0x7fffffffffffffff",
                                        "18446744073709551615",
                                        "99999999999999999999",
                                        "%0",
                                        "%1",
                                        "%999999",
                                        "%4294967296",
                                        "block 0 pc=0",
                                        "-",
                                        "[%1]",
                                        ".v128",
                                        ".i32",
                                        ".2d",
                                        "mod=255",
                                        "esz=9",
                                        "imm=-1",
                                        "jump",
                                        "\n",
                                        "#300",
                                        ";",
                                        "entry",
                                        "%",
                                        "cond.bool eq"};
    size_t at = place(text, length);
    switch (below(6)) {
    case 0: text[at] = (char)(1 + below(255)); return length;
    case 1: return splice(text, length, at, below(4), words[below(ARRAY_SIZE(words))]);
    case 2: return splice(text, length, at, strcspn(text + at, " \n,]"), words[below(12)]);
    case 3: return change_line(text, length);
    case 4: return splice(text, length, at, strcspn(text + at, "\n") + 1, "");
    default:
        if (below(8)) return splice(text, length, at, 1, "");
        text[at] = 0;
        return at;
    }
}

/* --- what must hold --------------------------------------------------------------------------- */

static void die(const char *why, const char *text, u64 case_seed)
{
    printf("%s\n%s; seed %" PRIu64 "\n", text, why, case_seed);
    exit(1);
}

static char *printed(const struct ir_func *f)
{
    char *text = NULL;
    size_t length = 0;
    ir_print(f, &text, &length);
    return text;
}

static void check(const char *text, u64 case_seed)
{
    struct ir_text_error error = {0, ""};
    char message[200];
    struct ir_func *f = ir_parse(&arena, text, &error);
    if (!f && (!error.line || !*error.message)) die("refused without a reason", text, case_seed);
    if (!f) return;
    parsed++;
    bool good = ir_verify(f, message, sizeof(message));
    char *once = printed(f);
    if (good) {
        valid++;
        struct ir_func *g = ir_parse(&arena, once, &error);
        if (!g) die(error.message, once, case_seed);
        char *twice = printed(g);
        if (strcmp(once, twice)) die("printed otherwise the second time", once, case_seed);
        free(twice);
        opt_quick(f);
        if (!ir_verify(f, message, sizeof(message))) die(message, once, case_seed);
    }
    free(once);
}

static void one_case(u64 case_seed)
{
    arena_reset(&arena);
    seed = case_seed;
    char *made = printed(random_ir(&arena, case_seed % 1000));
    size_t length = strlen(made), edits = below(4) ? 1 + below(2) : 1 + below(20);
    char *text = malloc(length + edits * ROOM + 1);
    memcpy(text, made, length + 1);
    for (size_t n = 0; n < edits && length > 1; n++) length = damage(text, length);
    check(text, case_seed);
    total++;
    free(text);
    free(made);
}

int main(int argc, char **argv)
{
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    u64 first = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL) * 1000000;
    arena_init(&arena);
    if (argc > 2)
        one_case(first);
    else
        for (u64 n = 0; time(NULL) < end; n++) one_case(first + n);
    printf("%lu texts, %lu parsed, %lu valid\n", total, parsed, valid);
    arena_free(&arena);
    return 0;
}
