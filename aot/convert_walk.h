/*
 * The state of one module's conversion: private to aot/convert*.c.
 */
#ifndef AOT_CONVERT_WALK_H
#define AOT_CONVERT_WALK_H

#include "aot/convert.h"
#include "aot/disc/disc.h"
#include "aot/xlat.h"

/* What is known of an instruction word: evidence + 1 if it is entered from elsewhere, or 0; and: */
#define WORD_EVIDENCE 0x3f
#define WORD_DATA     0x40 /* it is no instruction */
#define WORD_SEEN     0x80 /* some way leads to it */

struct found_table {
    u64 pc; /* of the branch */
    struct disc_table table;
};

struct walk {
    const struct module *m;
    struct xlat_options options;
    struct disc_view view;
    struct image_builder builder;
    u64 low, high; /* the code: first and last executable byte */
    u8 *state;     /* of each word, as above */
    u32 *branch;   /* of each word: the number + 1 of a word that branches to it, or 0 */
    u32 *pending;  /* stack of word numbers */
    u32 pending_count, pending_max;
    struct found_table *table; /* lately */
    u32 table_count, table_max;
    u32 *piece; /* first words, ascending, and the end */
    u32 piece_count;
    struct arena *arena, work;
    struct converted *out;
    struct module_lines lines;
    u32 missed; /* entries by no other evidence than that */
};

/* The word's state, or NULL where no code is. */
static inline u8 *convert_state(const struct walk *w, u64 pc)
{
    return pc >= w->low && pc < w->high && pc % 4 == 0 ? &w->state[(pc - w->low) / 4] : NULL;
}

/* code_view.read of the module; context is the walk. */
size_t convert_read(void *context, u64 pc, u32 *words, size_t max);

/* Makes the states and fills in the view of the module, but for its extents. */
void convert_views(struct walk *w);

/* Code at pc is entered from elsewhere, by this evidence; what shows that is kept, the first but
 * for EVIDENCE_RETURN. */
void convert_found(struct walk *w, u64 pc, enum evidence evidence);

/* Follows the code from all the file's own entries and what runs have missed: fills in the states.
 */
void convert_discover(struct walk *w, const struct convert_options *o);

/* w->lines that tell guest instructions apart: of each, a fourth of its address. */
void convert_insn_lines(struct walk *w);

/* Adds line tables to what has been laid out, by w->lines. */
void convert_lines(struct walk *w);

#endif
