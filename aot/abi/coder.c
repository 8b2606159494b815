/*
 * The arithmetic coder of coder.h.
 */
#include "aot/abi/coder.h"

#include <string.h>

#define ADAPT      5  /* odds go a 32nd of the way to each bit */
#define BEHIND_MAX 16 /* the coder looks four bytes ahead, and a little more is harmless */

void coder_write(struct coder *c, u8 *room, size_t size)
{
    *c = (struct coder){.writes = true, .out = room, .out_end = room + size, .high = UINT32_MAX};
}

static void put(struct coder *c, u8 byte)
{
    if (c->out < c->out_end)
        *c->out++ = byte;
    else
        c->overflow = true;
}

static u8 get(struct coder *c)
{
    if (c->in < c->in_end) return *c->in++;
    if (c->behind < BEHIND_MAX)
        c->behind++;
    else
        c->overflow = true;
    return 0;
}

/* One byte is enough, with zeroes behind it: low and high differ in their first, so that the next
 * one after low's lies between them; unless low is 0 itself. */
void coder_end(struct coder *c)
{
    if (c->low) put(c, (u8)((c->low >> 24) + 1));
}

void coder_read(struct coder *c, const u8 *in, const u8 *end)
{
    *c = (struct coder){.in = in, .in_end = end, .high = UINT32_MAX};
    for (unsigned n = 0; n < 4; n++) c->value = c->value << 8 | get(c);
}

static inline void shift_out(struct coder *c)
{
    while ((c->low ^ c->high) >> 24 == 0) {
        if (c->writes)
            put(c, (u8)(c->low >> 24));
        else
            c->value = c->value << 8 | get(c);
        c->low <<= 8;
        c->high = c->high << 8 | 0xff;
    }
}

/* [low, middle] is for a clear bit. */
static inline bool cut(struct coder *c, u32 middle, bool bit)
{
    if (!c->writes) bit = c->value > middle;
    if (bit)
        c->low = middle + 1;
    else
        c->high = middle;
    shift_out(c);
    return bit;
}

bool coder_bit(struct coder *c, coder_odds *odds, bool bit)
{
    u32 middle = c->low + (u32)((u64)(c->high - c->low) * *odds >> 16);
    bit = cut(c, middle, bit);
    if (bit)
        *odds = (coder_odds)(*odds - (*odds >> ADAPT));
    else
        *odds = (coder_odds)(*odds + ((UINT16_MAX - *odds) >> ADAPT));
    return bit;
}

bool coder_even_bit(struct coder *c, bool bit)
{
    return cut(c, c->low + (c->high - c->low) / 2, bit);
}

u32 coder_number(struct coder *c, coder_odds *odds, unsigned bits, u32 number)
{
    u32 begin = 1;
    for (unsigned n = bits; n-- > 0;)
        begin = begin << 1 | coder_bit(c, &odds[begin], number >> n & 1);
    return begin - (1u << bits);
}

static unsigned bit_count(u64 number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

u64 coder_any(struct coder *c, coder_odds *odds, u64 number)
{
    unsigned length = 0, wanted = bit_count(number);
    while (length < 64 && coder_bit(c, &odds[length], length < wanted)) length++;
    if (!length) return 0;
    u64 result = 1;
    for (unsigned n = length - 1; n-- > 0;)
        result = result << 1 | coder_even_bit(c, number >> n & 1);
    return result;
}
