/*
 * Translations of one module, put together to what an image holds (aot/abi/image.h).
 */
#ifndef AOT_IMAGE_BUILD_H
#define AOT_IMAGE_BUILD_H

#include "aot/abi/image.h"
#include "aot/abi/translation.h"
#include "aot/base/arena.h"

/* What an image is made for; addresses are unbiased. */
struct image_module {
    struct digest digest; /* of the guest file */
    u64 size;             /* of the guest file */
    u64 low, span;        /* page-rounded place of its segments, and its length */
    u64 code_low, code_high;
    bool fixed; /* linked to its address (ET_EXEC): the image lies further away, for brk */
};

struct image_region; /* a translation as it was put in */
struct image_entry;

struct image_builder {
    struct arena *arena;
    struct image_module module;
    s64 distance; /* of the image from the module */
    struct image_region *region;
    u32 region_count, region_max;
    u32 hot_count; /* regions, which come first once they are laid out */
    struct image_entry *entry;
    u32 entry_count, entry_max;
};

/* The builder and all it holds live in the arena. */
void image_begin(struct image_builder *b, struct arena *arena, const struct image_module *module);

/* Takes a copy of a translation made with xlat_options.image, and of its entries those that
 * `evidence` (enum evidence) does not say -1 of; each guest address once. What is hot is put next
 * to each other. False: it speaks of guest addresses that code in an image can't reach, and is left
 * out. */
bool image_add(struct image_builder *b, const struct translation *t, const s8 *evidence, bool hot);

/* Calls `visit` for each step (translation.h) of an image that has been laid out: from offset `at`
 * of the text, code is of the guest instruction at pc. Offsets ascend. */
typedef void image_step_visitor(void *context, u32 at, u64 pc);
void image_for_each_step(const struct image_builder *b, image_step_visitor *visit, void *context);

/*
 * Lays everything out: bytes [0, header.map_size) of the image, ELF headers still missing, and the
 * header, file_size and contents still missing. The same for the same translations, in whatever
 * order they came. False: more than an image can hold.
 */
bool image_lay_out(struct image_builder *b, struct image_header *header, u8 **bytes);

/* Of an image that has been laid out, whose entries are numbered by their addresses: how many come
 * before pc; and of one of them whether it is hot, where in the text its code begins, and where its
 * region's ends. */
u32 image_entries_below(const struct image_builder *b, u64 pc);
bool image_entry_is_hot(const struct image_builder *b, u32 n);
u32 image_entry_code(const struct image_builder *b, u32 n);
u32 image_entry_code_end(const struct image_builder *b, u32 n);

#endif
