/*
 * The table is from glibc 2.36 (Debian 12: libc.so.6, ld-linux-aarch64.so.1, and the libc.a of its
 * cross compiler); tools/known-functions prints such rows. A function belongs here if it does no more
 * than one that helpers.h names, and if no branch leaves its bytes (memmove's do). Results are as
 * rt/strings.c has them, bit for bit: memcmp's and strcmp's aren't the same in every C library.
 */
#include "aot/disc/known.h"

#include "aot/base/blake2b.h"

struct known {
    u8 helper;  /* enum helper */
    u8 count;   /* instructions */
    u32 second; /* of them; the first is often a NOP */
    u64 digest; /* of them: the first 8 bytes of BLAKE2b-256, big-endian */
};

static const struct known table[] = {
    {HELPER_MEMCHR, 48, 0x927cec03, UINT64_C(0xb250cf20549fc19e)}, /* __memchr_generic */
    {HELPER_MEMCHR, 49, 0x927cec03, UINT64_C(0x1d61c09fcecc412a)}, /* __memchr_generic */
    {HELPER_MEMCHR, 56, 0xb40006a2, UINT64_C(0x4006d0a8553342d2)}, /* __memchr_nosimd */
    {HELPER_MEMCMP, 114, 0xf100405f, UINT64_C(0x8b6ea426f2b0f4a6)}, /* memcmp */
    {HELPER_MEMCPY, 79, 0x8b020024, UINT64_C(0x660ff0e666d034d2)}, /* __memcpy_generic */
    {HELPER_MEMCPY, 99, 0x8b020024, UINT64_C(0xc0f3dac2d20372b2)}, /* __memcpy_generic */
    {HELPER_MEMRCHR, 47, 0x8b020008, UINT64_C(0x3de964b4c71e215b)}, /* __memrchr */
    {HELPER_MEMSET, 123, 0x4e010c20, UINT64_C(0xb171f5513161c532)}, /* __memset_generic */
    {HELPER_MEMSET, 68, 0x4e010c20, UINT64_C(0xefe5e935798e882d)}, /* __memset_zva64 */
    {HELPER_MEMSET, 72, 0x4e010c20, UINT64_C(0xab44e0b158fb005d)}, /* __memset_generic */
    {HELPER_STRCHR, 40, 0x927cec02, UINT64_C(0x7dd36e43383396e1)}, /* strchr */
    {HELPER_STRCHR, 43, 0x927cec02, UINT64_C(0xfa11541a155b0486)}, /* strchr */
    {HELPER_STRCHRNUL, 28, 0x927cec02, UINT64_C(0x660fc10752d6bfae)}, /* __strchrnul */
    {HELPER_STRCHRNUL, 36, 0x927cec02, UINT64_C(0xb06bbc49fab43234)}, /* __strchrnul */
    {HELPER_STRCMP, 77, 0xcb00002a, UINT64_C(0x0f7a28cc39244ff9)}, /* strcmp */
    {HELPER_STRLEN, 28, 0x927cec01, UINT64_C(0x83e18b2f08d42a48)}, /* __strlen_mte */
    {HELPER_STRLEN, 42, 0x927cec01, UINT64_C(0x10c8f7537ca00712)}, /* __strlen_generic */
    {HELPER_STRLEN, 76, 0x92402c04, UINT64_C(0x0c704d75972aee28)}, /* __strlen_asimd */
    {HELPER_STRLEN, 79, 0x92402c04, UINT64_C(0xe986e573c13c330f)}, /* __strlen_asimd */
    {HELPER_STRNLEN, 46, 0x927cec02, UINT64_C(0x3568278f3ac95c43)}, /* __strnlen */
    {HELPER_STRNLEN, 48, 0x927cec02, UINT64_C(0x63c8b3894e9827d7)}, /* __strnlen */
    {HELPER_STRRCHR, 72, 0x927cec02, UINT64_C(0x34d794ccc6429d7e)}, /* strrchr */
    {HELPER_STRRCHR, 72, 0x927cec02, UINT64_C(0xed1e3bff56fb2844)}, /* strrchr */
};

static u64 digest_of(const u32 *word, u32 count)
{
    const struct digest d = blake2b_of(word, 4 * (size_t)count);
    u64 value = 0;
    for (unsigned n = 0; n < 8; n++) value = value << 8 | d.byte[n];
    return value;
}

bool disc_known(const struct code_view *view, u64 pc, u32 word[DISC_KNOWN_MAX], u32 *count,
                enum helper *id)
{
    u32 there = 0, start[2];
    if (view->read(view->context, pc, start, 2) != 2) return false;
    for (size_t n = 0; n < ARRAY_SIZE(table); n++) {
        const struct known *k = &table[n];
        if (k->second != start[1]) continue;
        if (!there) there = (u32)view->read(view->context, pc, word, DISC_KNOWN_MAX);
        if (k->count > there || digest_of(word, k->count) != k->digest) continue;
        *count = k->count;
        *id = k->helper;
        return true;
    }
    return false;
}
