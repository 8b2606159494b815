/*
 * The arithmetic coder of coder.h.
 */
#include "aot/abi/coder.h"

#include <string.h>

#define ADAPT      5 /* odds go a 32nd of the way to each bit */
#define SHORT      (1u << 24)
#define BEHIND_MAX 16 /* the coder looks four bytes ahead, and a little more is harmless */

/* --- writing ------------------------------------------------------------------------------------
 */

void coder_write(struct coder *c, u8 *room, size_t size)
{
    *c = (struct coder){
        .writes = true, .start = room, .out = room, .out_end = room + size, .range = UINT32_MAX};
}

static void put(struct coder *c, u8 byte)
{
    if (c->out < c->out_end)
        *c->out++ = byte;
    else
        c->overflow = true;
}

/* The highest byte of low is to go out. It waits, with those of 0xff behind it, until it is known
 * that no carry comes. */
static void shift_low(struct coder *c)
{
    u8 byte = (u8)(c->low >> 24), carry = (u8)(c->low >> 32);
    if (byte == 0xff && !carry && c->pending) {
        c->pending++;
    } else {
        if (c->pending) put(c, (u8)(c->first + carry));
        for (; c->pending > 1; c->pending--) put(c, (u8)(0xff + carry));
        c->first = byte;
        c->pending = 1;
    }
    c->low = (c->low & 0xffffff) << 8;
}

/* Some number of the interval, with zeroes behind it, which are not written. */
void coder_end(struct coder *c)
{
    u64 end = c->low + c->range - 1;
    unsigned zeroes = 24;
    while (zeroes && (end >> zeroes << zeroes) < c->low) zeroes -= 8;
    c->low = end >> zeroes << zeroes;
    for (unsigned n = 0; n < 5; n++) shift_low(c);
    for (unsigned n = 0; n < 4 && c->out > c->start && !c->out[-1]; n++) c->out--;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static u8 get(struct coder *c)
{
    if (c->in < c->in_end) return *c->in++;
    if (c->behind < BEHIND_MAX)
        c->behind++;
    else
        c->overflow = true;
    return 0;
}

void coder_read(struct coder *c, const u8 *in, const u8 *end)
{
    *c = (struct coder){.in = in, .in_end = end, .range = UINT32_MAX};
    for (unsigned n = 0; n < 4; n++) c->value = c->value << 8 | get(c);
}

/* --- both ---------------------------------------------------------------------------------------
 */

/* The first `part` of the interval is for a clear bit. */
static inline bool cut(struct coder *c, u32 part, bool bit)
{
    if (!c->writes) bit = c->value >= part;
    if (!bit) {
        c->range = part;
    } else {
        c->range -= part;
        if (c->writes)
            c->low += part;
        else
            c->value -= part;
    }
    while (c->range < SHORT) {
        c->range <<= 8;
        if (c->writes)
            shift_low(c);
        else
            c->value = c->value << 8 | get(c);
    }
    return bit;
}

static inline bool code_bit(struct coder *c, coder_odds *odds, bool bit)
{
    bit = cut(c, (c->range >> 16) * *odds, bit);
    if (bit)
        *odds = (coder_odds)(*odds - (*odds >> ADAPT));
    else
        *odds = (coder_odds)(*odds + ((UINT16_MAX - *odds) >> ADAPT));
    return bit;
}

bool coder_bit(struct coder *c, coder_odds *odds, bool bit)
{
    return code_bit(c, odds, bit);
}

bool coder_even_bit(struct coder *c, bool bit)
{
    return cut(c, c->range / 2, bit);
}

u32 coder_number(struct coder *c, coder_odds *odds, unsigned bits, u32 number)
{
    u32 begin = 1;
    for (unsigned n = bits; n-- > 0;)
        begin = begin << 1 | code_bit(c, &odds[begin], number >> n & 1);
    return begin - (1u << bits);
}

static unsigned bit_count(u64 number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

u64 coder_any(struct coder *c, coder_odds *odds, u64 number)
{
    unsigned length = 0, wanted = bit_count(number);
    while (length < 64 && code_bit(c, &odds[length], length < wanted)) length++;
    if (!length) return 0;
    u64 result = 1;
    for (unsigned n = length - 1; n-- > 0;)
        result = result << 1 | coder_even_bit(c, number >> n & 1);
    return result;
}
