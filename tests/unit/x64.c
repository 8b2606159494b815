/*
 * The x86-64 encoder: labels, buffer limits, documented rules and asserts; the decoder on arbitrary
 * bytes; host features. The encodings themselves are checked in x64_golden.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/lib/setting.h"
#include "aot/x64/disasm.h"
#include "aot/x64/features.h"
#include "aot/x64/x64.h"
#include "tests/lib/check.h"

static u8 code[8192];
static struct x64_label labels[64];
static struct x64_buf buf;

static void start(void)
{
    memset(code, 0xcc, sizeof code);
    x64_init(&buf, code, sizeof code, labels, ARRAY_SIZE(labels));
}

/* Where the branch or the rip-relative operand of the instruction at `pos` leads to. */
static s64 target_at(u32 pos, unsigned *length)
{
    struct x64_insn insn;
    *length = x64_decode(code + pos, x64_pos(&buf) - pos, &insn);
    ck_assert_uint_ne(*length, 0);
    for (unsigned i = 0; i < insn.n_operands; i++) {
        const struct x64_operand *o = &insn.operands[i];
        if (o->kind == X64_OPERAND_TARGET) return pos + o->value;
        if (o->kind == X64_OPERAND_MEM) {
            ck_assert_int_eq(o->mem.kind, X64_MEM_RIP);
            return (s64)pos + *length + o->mem.disp;
        }
    }
    ck_abort_msg("no target");
}

/* --- labels ---------------------------------------------------------------------------------- */

/* Every way to refer to a label, three times each; returns the number of instructions. */
static unsigned emit_references(u32 label, u32 *at)
{
    unsigned n = 0;
    struct x64_mem m = x64_mem_label(label);
    for (unsigned round = 0; round < 3; round++) {
        at[n++] = x64_pos(&buf), x64_jmp(&buf, label);
        at[n++] = x64_pos(&buf), x64_jcc(&buf, X64_CC_LE, label);
        at[n++] = x64_pos(&buf), x64_call(&buf, label);
        at[n++] = x64_pos(&buf), x64_lea(&buf, 8, X64_R9, m);
        at[n++] = x64_pos(&buf), x64_mov_mi(&buf, 1, m, 7);
        at[n++] = x64_pos(&buf), x64_mov_mi(&buf, 2, m, 7);
        at[n++] = x64_pos(&buf), x64_mov_mi(&buf, 8, m, 7);
        at[n++] = x64_pos(&buf), x64_alu_mi(&buf, X64_ADD, 8, m, 1000);
        at[n++] = x64_pos(&buf), x64_shift_mi(&buf, X64_SHL, 4, m, 3);
        at[n++] = x64_pos(&buf), x64_shift_mi(&buf, X64_SHL, 4, m, 1);
        at[n++] = x64_pos(&buf), x64_imul_rmi(&buf, 2, X64_RCX, m, 1000);
        at[n++] = x64_pos(&buf), x64_vec_rmi(&buf, round & 1, X64_PSHUFD, X64_XMM9, m, 1);
        at[n++] = x64_pos(&buf), x64_vec_rm(&buf, round & 1, X64_PADDB, X64_XMM9, m);
        at[n++] = x64_pos(&buf), x64_rorx_rmi(&buf, 4, X64_RAX, m, 1);
    }
    return n;
}

START_TEST(references_to_labels)
{
    u32 at[100], length;
    start();
    u32 forward = x64_label_new(&buf), back = x64_label_new(&buf);
    ck_assert_int_eq(x64_label_pos(&buf, forward), -1);
    x64_nop(&buf, 9);
    x64_bind(&buf, back);
    unsigned n = emit_references(forward, at);
    n += emit_references(back, at + n);
    x64_bind(&buf, forward);
    ck_assert(!buf.overflow);
    ck_assert_int_eq(x64_label_pos(&buf, back), 9);
    ck_assert_uint_eq((u32)x64_label_pos(&buf, forward), x64_pos(&buf));
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(target_at(at[i], &length),
                         x64_label_pos(&buf, i < n / 2 ? forward : back));
}
END_TEST

START_TEST(short_form_at_its_limit)
{
    for (unsigned gap = 120; gap < 136; gap++) {
        start();
        u32 back = x64_label_new(&buf);
        x64_bind(&buf, back);
        for (unsigned i = 0; i < gap; i++) x64_nop(&buf, 1);
        unsigned length;
        x64_jmp(&buf, back);
        ck_assert_int_eq(target_at(gap, &length), 0);
        ck_assert_uint_eq(length, gap <= 126 ? 2 : 5);
        u32 pos = x64_pos(&buf);
        x64_jcc(&buf, X64_CC_E, back);
        ck_assert_int_eq(target_at(pos, &length), 0);
        ck_assert_uint_eq(length, pos <= 126 ? 2 : 6);
    }
}
END_TEST

START_TEST(skips)
{
    for (unsigned gap = 0; gap <= 127; gap++) {
        unsigned length;
        start();
        u32 skip = x64_jcc_skip(&buf, X64_CC_NE);
        for (unsigned i = 0; i < gap; i++) x64_nop(&buf, 1);
        x64_land(&buf, skip);
        ck_assert_int_eq(target_at(0, &length), 2 + gap);
        skip = x64_jmp_skip(&buf);
        x64_land(&buf, skip);
        ck_assert_int_eq(target_at(2 + gap, &length), 4 + gap);
    }
}
END_TEST

/* A loop with a forward exit, run: sum of 1 to n. */
START_TEST(labels_run)
{
    u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    x64_init(&buf, page, 4096, labels, ARRAY_SIZE(labels));
    u32 top = x64_label_new(&buf), out = x64_label_new(&buf), one = x64_label_new(&buf);
    x64_zero(&buf, X64_RAX);
    x64_bind(&buf, top);
    x64_test_rr(&buf, 8, X64_RDI, X64_RDI);
    x64_jcc(&buf, X64_CC_E, out);
    x64_alu_rr(&buf, X64_ADD, 8, X64_RAX, X64_RDI);
    x64_alu_rm(&buf, X64_SUB, 8, X64_RDI, x64_mem_label(one));
    x64_jmp(&buf, top);
    x64_bind(&buf, out);
    x64_ret(&buf, 0);
    x64_align(&buf, 8);
    x64_bind(&buf, one);
    u64 one_value = 1;
    x64_data(&buf, &one_value, 8);
    ck_assert(!buf.overflow);
    ck_assert_int_eq(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
    u64 (*sum)(u64);
    memcpy(&sum, &page, sizeof sum);
    ck_assert_uint_eq(sum(0), 0);
    ck_assert_uint_eq(sum(1000), 500500);
    munmap(page, 4096);
}
END_TEST

START_TEST(relocation_slots)
{
    start();
    x64_nop(&buf, 3);
    x64_call_rel32(&buf, -1);
    ck_assert_uint_eq(buf.disp_at, 4);
    x64_jmp_rel32(&buf, -1);
    ck_assert_uint_eq(buf.disp_at, 9);
    x64_jcc_rel32(&buf, X64_CC_E, -1);
    ck_assert_uint_eq(buf.disp_at, 15);
    x64_movabs(&buf, X64_R8, 1);
    ck_assert_uint_eq(buf.disp_at, 21);
    ck_assert_uint_eq(x64_pos(&buf), 29);
    x64_mov_mi(&buf, 4, x64_mem_rip(0x11223344), 5); /* the slot and 4 bytes of immediate */
    ck_assert_uint_eq(x64_pos(&buf) - buf.disp_at, 8);
    u32 slot;
    memcpy(&slot, code + buf.disp_at, 4);
    ck_assert_uint_eq(slot, 0x11223344);
}
END_TEST

/* --- limits ---------------------------------------------------------------------------------- */

/* Some of everything, long instructions among it. */
static void emit_mixture(struct x64_buf *b)
{
    u32 back = x64_label_new(b), ahead = x64_label_new(b);
    x64_bind(b, back);
    u32 skip = x64_jcc_skip(b, X64_CC_E);
    x64_movabs(b, X64_R8, UINT64_MAX);
    x64_land(b, skip);
    x64_jcc(b, X64_CC_E, ahead);
    x64_mov_mi(b, 8, x64_mem_bi(X64_R9, X64_R10, 3, 0x12345678), -1);
    x64_mov_mi(b, 4, x64_mem_label(ahead), -1);
    x64_mov_mi(b, 4, x64_mem_rip(1), -1);
    x64_vec_rrri(b, true, X64_PINSRD, 9, 10, 11, 3);
    x64_vec_rrr(b, false, X64_PSHUFB, 9, 10, 11);
    x64_nop(b, 64);
    x64_data(b, labels, 40);
    x64_align(b, 64);
    x64_call(b, back);
    x64_jmp(b, back);
    x64_bind(b, ahead);
    x64_ret(b, 0);
}

/* The short ways give the bytes of the general ones. */
START_TEST(frame_and_rip_forms)
{
    static const s32 disps[] = {0, 8, -128, 127, 128, -129, 0x1234};
    u8 expected[64];
    for (unsigned reg = 0; reg < 16; reg++) {
        for (size_t d = 0; d < ARRAY_SIZE(disps); d++) {
            struct x64_mem m = x64_mem_b(X64_RBP, disps[d]);
            for (unsigned size = 4; size <= 8; size += 4) {
                start();
                x64_mov_rm(&buf, size, reg, m), x64_mov_mr(&buf, size, m, reg);
                x64_mov_mi(&buf, size, m, disps[d]), x64_mov_mr(&buf, 2, m, reg);
                x64_jmp_m(&buf, m), x64_lea(&buf, 8, reg, x64_mem_rip(0));
                x64_jmp_m(&buf, x64_mem_rip(0));
                u32 length = x64_pos(&buf), slot = buf.disp_at;
                memcpy(expected, code, length);
                start();
                x64_load_frame(&buf, size, reg, disps[d]);
                x64_store_frame(&buf, size, disps[d], reg);
                x64_store_frame_i(&buf, size, disps[d], disps[d]);
                x64_store_frame(&buf, 2, disps[d], reg);
                x64_jmp_frame(&buf, disps[d]), x64_lea_rip(&buf, reg), x64_jmp_rip(&buf);
                ck_assert_uint_eq(x64_pos(&buf), length);
                ck_assert_uint_eq(buf.disp_at, slot);
                ck_assert_mem_eq(code, expected, length);
            }
        }
    }
}
END_TEST

START_TEST(overflow)
{
    start();
    emit_mixture(&buf);
    ck_assert(!buf.overflow);
    u32 needed = x64_pos(&buf), most = 0;
    for (u32 size = 0; size < needed + 2 * X64_SLACK; size++) {
        u8 *exact = malloc(size + 64);
        memset(exact, 0xa5, size + 64);
        x64_init(&buf, exact, size, labels, ARRAY_SIZE(labels));
        emit_mixture(&buf);
        ck_assert_uint_le(x64_pos(&buf), size);
        for (u32 i = size; i < size + 64; i++) ck_assert_uint_eq(exact[i], 0xa5);
        if (buf.overflow) {
            most = size;
            u32 pos = x64_pos(&buf);
            emit_mixture(&buf);
            ck_assert_uint_eq(x64_pos(&buf), pos);
            ck_assert(buf.overflow);
        } else {
            ck_assert_uint_eq(x64_pos(&buf), needed);
        }
        free(exact);
    }
    ck_assert_uint_lt(most, needed + X64_SLACK);
    ck_assert_uint_ge(most, needed - 1);
}
END_TEST

START_TEST(too_many_labels)
{
    start();
    u32 first = x64_labels_new(&buf, ARRAY_SIZE(labels));
    ck_assert_uint_eq(first, 0);
    ck_assert(!buf.overflow);
    u32 label = x64_label_new(&buf);
    ck_assert(buf.overflow);
    x64_jmp(&buf, label);
    x64_mov_mi(&buf, 4, x64_mem_label(label), 1);
    x64_bind(&buf, label);
    ck_assert_uint_eq(x64_pos(&buf), 0);
}
END_TEST

START_TEST(nops_and_alignment)
{
    for (unsigned length = 0; length <= 64; length++) {
        start();
        x64_nop(&buf, length);
        ck_assert_uint_eq(x64_pos(&buf), length);
        for (unsigned pos = 0; pos < length;) {
            char text[64];
            pos += x64_disasm(code + pos, length - pos, 0, text, sizeof text);
            ck_assert_msg(strncmp(text, "nop", 3) == 0 || strcmp(text, "xchg   ax,ax") == 0, "%s",
                          text);
            ck_assert_uint_le(pos, length);
        }
        x64_align(&buf, 16);
        ck_assert_uint_eq(x64_pos(&buf), ALIGN_UP(length, 16));
    }
}
END_TEST

/* --- rules ----------------------------------------------------------------------------------- */

START_TEST(clobbering_is_told)
{
    ck_assert(!x64_vec_clobbers(X64_PADDD));
    ck_assert(!x64_vec_clobbers(X64_PXOR));
    ck_assert(!x64_vec_clobbers(X64_VFMADD231SD));
    ck_assert(!x64_vec_clobbers(X64_CVTSI2SD));
    ck_assert(!x64_vec_clobbers(X64_PSHUFD));
    ck_assert(x64_vec_clobbers(X64_ADDPD));
    ck_assert(x64_vec_clobbers(X64_PSUBB));
    ck_assert(x64_vec_clobbers(X64_SHA256MSG1));
}
END_TEST

START_TEST(needs_are_told)
{
    ck_assert_uint_eq(x64_vec_need(X64_ADDPD, false), X64_HAS_BASE);
    ck_assert_uint_eq(x64_vec_need(X64_ADDPD, true), X64_HAS_AVX);
    ck_assert_uint_eq(x64_vec_need(X64_PSHUFB, false), X64_HAS_SSSE3);
    ck_assert_uint_eq(x64_vec_need(X64_VFMADD231SD, false), X64_HAS_FMA | X64_HAS_AVX);
    ck_assert_uint_eq(x64_vec_need(X64_SHA256MSG1, true), X64_HAS_SHA);
}
END_TEST

START_TEST(clobber_asserts)
{
    start();
    x64_vec_rrr(&buf, false, X64_SUBPD, X64_XMM1, X64_XMM2, X64_XMM1);
}
END_TEST

START_TEST(rsp_index_asserts)
{
    start();
    x64_lea(&buf, 8, X64_RAX, x64_mem_bi(X64_RAX, X64_RSP, 0, 0));
}
END_TEST

START_TEST(bind_twice_asserts)
{
    start();
    u32 label = x64_label_new(&buf);
    x64_bind(&buf, label);
    x64_bind(&buf, label);
}
END_TEST

START_TEST(store_row_as_load_asserts)
{
    start();
    x64_vec_rm(&buf, true, X64_MOVDQU_ST, X64_XMM1, x64_mem_b(X64_RAX, 0));
}
END_TEST

/* --- decoder --------------------------------------------------------------------------------- */

/* Random bytes: nothing beyond the buffer is read (the block is exact, for the sanitizers), lengths
 * stay within it, and every decoded instruction is refused when its last byte is missing. */
START_TEST(decoder_on_random_bytes)
{
    u64 state = 12345, cases = test_cases(300000);
    u64 decoded = 0;
    for (u64 rounds = cases; rounds > 0; rounds--) {
        u8 bytes[16];
        for (unsigned i = 0; i < sizeof bytes; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (u8)(state >> 40);
        }
        static const u8 openings[] = {0x0f, 0xc4, 0xc5, 0x66, 0x48, 0xf3, 0xf2, 0x45};
        if (rounds & 1) bytes[0] = openings[rounds >> 1 & 7];
        size_t size = 1 + (state >> 33) % sizeof bytes;
        u8 *exact = malloc(size);
        memcpy(exact, bytes, size);
        char text[100];
        struct x64_insn insn;
        unsigned length = x64_decode(exact, size, &insn);
        ck_assert_uint_le(length, size);
        ck_assert_uint_ge(x64_disasm(exact, size, 0x400000, text, sizeof text), 1);
        if (length) {
            decoded++;
            ck_assert_uint_eq(x64_decode(exact, length, &insn), length);
            ck_assert_uint_eq(x64_decode(exact, length - 1, &insn), 0);
        }
        free(exact);
    }
    ck_assert_uint_gt(decoded, cases / 4); /* about a third are instructions */
}
END_TEST

START_TEST(text_of_instructions)
{
    static const struct {
        u8 bytes[12];
        u8 length;
        const char *text;
    } known[] = {
        {{0x4c, 0x01, 0xe0}, 3, "add    rax,r12"},
        {{0xf0, 0x49, 0x0f, 0xc1, 0x45, 0x00}, 6, "lock xadd   QWORD PTR [r13+0x0],rax"},
        {{0xeb, 0xfe}, 2, "jmp    0x1000"},
        {{0x48, 0x8d, 0x05, 0x10, 0, 0, 0}, 7, "lea    rax,[rip+0x10]        # 0x1017"},
        {{0xc5, 0xe9, 0xfc, 0xcb}, 4, "vpaddb xmm1,xmm2,xmm3"},
        {{0xc3}, 1, "ret"},
        {{0x06}, 1, "(bad)"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        char text[80], cut[6];
        ck_assert_uint_eq(x64_disasm(known[i].bytes, 12, 0x1000, text, sizeof text),
                          known[i].length);
        ck_assert_str_eq(text, known[i].text);
        x64_disasm(known[i].bytes, 12, 0x1000, cut, sizeof cut);
        ck_assert(strlen(cut) <= 5 && strncmp(cut, text, strlen(cut)) == 0);
    }
    ck_assert_uint_eq(x64_disasm(code, 0, 0, NULL, 0), 0);
}
END_TEST

/* --- features -------------------------------------------------------------------------------- */

static bool has_avx512(const char *line)
{
    static const char *const words[] = {" avx512f ",  " avx512bw ", " avx512dq ",
                                        " avx512vl ", " vaes ",     " vpclmulqdq "};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (!strstr(line, words[i])) return false;
    return true;
}

/* The kernel's list of flags, which uses other names for some of them. It may leave out what the
 * processor has, but its word decides where it has registers to save. */
START_TEST(features_as_the_kernel_says)
{
    static const char *const renamed[][2] = {
        {"sse3", "pni"},         {"lzcnt", "abm"},  {"sse4.1", "sse4_1"}, {"sse4.2", "sse4_2"},
        {"pclmul", "pclmulqdq"}, {"sha", "sha_ni"}, {"lahf", "lahf_lm"}};
    static char line[16384];
    FILE *f = fopen("/proc/cpuinfo", "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) && strncmp(line, "flags", 5) != 0) continue;
    fclose(f);
    ck_assert_int_eq(strncmp(line, "flags", 5), 0);
    line[strcspn(line, "\n")] = ' ';
    u32 features = x64_host_features();
    for (unsigned bit = 0; bit < X64_N_FEATURES; bit++) {
        const char *name = x64_feature_name(bit);
        for (size_t i = 0; i < ARRAY_SIZE(renamed); i++)
            if (strcmp(name, renamed[i][0]) == 0) name = renamed[i][1];
        char word[32];
        snprintf(word, sizeof word, " %s ", name);
        bool ours = features >> bit & 1, kernels = strstr(line, word) != NULL;
        if (X64_HAS_AVX512 >> bit & 1) kernels = has_avx512(line);
        ck_assert_msg(ours || !kernels, "%s: only the kernel says so", name);
        if (X64_HAS_AVX >> bit & 1) ck_assert_msg(kernels || !ours, "%s: the kernel doesn't", name);
    }
    ck_assert_str_eq(x64_feature_name(X64_N_FEATURES), "?");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        references_to_labels, short_form_at_its_limit,     skips,          labels_run,
        relocation_slots,     frame_and_rip_forms,         overflow,       too_many_labels,
        nops_and_alignment,   clobbering_is_told,          needs_are_told, decoder_on_random_bytes,
        text_of_instructions, features_as_the_kernel_says,
    };
    const TTest *const aborting[] = {
        clobber_asserts,
        rsp_index_asserts,
        bind_twice_asserts,
        store_row_as_load_asserts,
    };
    Suite *s = suite_create("x64");
    TCase *tc = tcase_create("x64"), *abort_case = tcase_create("asserts");
    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) tcase_add_test(tc, tests[i]);
    for (size_t i = 0; i < ARRAY_SIZE(aborting); i++)
        tcase_add_test_raise_signal(abort_case, aborting[i], SIGABRT);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, abort_case);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
