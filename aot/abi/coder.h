/*
 * A binary arithmetic coder with adaptive probabilities, for tables that are kept small and read
 * seldom. It works both ways: who writes and who reads call the same functions in the same order,
 * the writer with the value, the reader with anything, and both get the value. So the order of
 * what is in a table is said once.
 *
 * An interval of numbers, [low, low + range), is cut at each bit in two, in the ratio of the bit's
 * probabilities, and the bit's part is the next interval. It grows by a byte when it is short; its
 * high bytes, which are then known (but for a carry to come), are put out. G. N. N. Martin, "Range
 * encoding", 1979, has the principle.
 */
#ifndef AOT_ABI_CODER_H
#define AOT_ABI_CODER_H

#include "aot/base/types.h"

/* How likely a bit is clear, in 65536ths. What is coded changes it. */
typedef u16 coder_odds;

#define CODER_EVEN 0x8000

struct coder {
    bool writes;
    bool overflow; /* writing: there was no room. reading: a long way behind the end */
    u8 behind;     /* bytes that were read behind the end */
    u8 *start, *out, *out_end;
    const u8 *in, *in_end;
    u32 range;
    u32 value;   /* reading: the number less low */
    u64 low;     /* writing: with a carry in bit 32 */
    u32 pending; /* writing: bytes that aren't out: one, and 0xff's behind it that a carry changes
                  */
    u8 first;    /* of them the first */
};

/* Writes to room of the caller's. */
void coder_write(struct coder *c, u8 *room, size_t size);
/* Ends the writing; the bytes written are [room, c->out). */
void coder_end(struct coder *c);
/* Reads [in, end), and zeroes behind that. */
void coder_read(struct coder *c, const u8 *in, const u8 *end);

bool coder_bit(struct coder *c, coder_odds *odds, bool bit);

/* A bit that is as likely set as clear. */
bool coder_even_bit(struct coder *c, bool bit);

/* A number of that many bits, the high ones first. odds: one for each way to begin, 1 << bits of
 * which the first isn't used. */
u32 coder_number(struct coder *c, coder_odds *odds, unsigned bits, u32 number);

/* Any number: how many bits it has, with CODER_LENGTHS odds, then these. */
#define CODER_LENGTHS 65
u64 coder_any(struct coder *c, coder_odds *odds, u64 number);

#endif
