/*
 * What images hold beside code: images are laid out of translations made at random, and everything
 * that went in is found: entries by the index, frame states by the side tables, sites. Then bytes
 * are damaged, and nothing is found outside of the image. FERRY_CASES, FERRY_SEED.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/lib/setting.h"
#include "tests/lib/splitmix.h"
#include "aot/abi/image_index.h"
#include "aot/abi/sidepack.h"
#include "aot/abi/sites.h"
#include "aot/image/build.h"
#include "tests/lib/check.h"

#define MODULE_LOW     UINT64_C(0x400000)
#define CODE_LOW       (MODULE_LOW + 0x1230)
#define SPAN           (UINT64_C(8) << 20)
#define MAX_REGIONS    30
#define PIECE          16 /* bytes of code: one of each kind of thing begins in it at most */
#define MAX_PIECES     300
#define POINTS_CHECKED 500 /* of an image, more or less */
#define SIDE_ROOM      (MAX_PIECES * 300)

static u64 seed;

static u64 next(void)
{
    return splitmix(&seed);
}

static u64 below(u64 n)
{
    return next() % n;
}

struct point {
    u32 offset;
    u8 kind;
    bool link; /* in front of a branch to an entry: not to be found */
};

struct made {
    struct translation t;
    struct point *point;
    u32 points;
    u64 end;  /* guest address behind it */
    bool hot; /* put before what isn't */
};

static struct arena arena;
static struct made made[MAX_REGIONS];
static u32 count;

static struct loc random_loc(unsigned slot)
{
    static const u8 integer[] = {LOC_HOME, LOC_GPR, LOC_GPR, LOC_GPR, LOC_GPR32, LOC_CONST};
    static const u8 vector[] = {LOC_HOME,  LOC_XMM,       LOC_XMM64,
                                LOC_XMM32, LOC_XMM_UPPER, LOC_SCRATCH};
    static const u8 flags[] = {LOC_HOME, LOC_EFLAGS, LOC_EFLAGS_BORROW, LOC_EFLAGS_FCMP};
    struct loc loc = {LOC_HOME, 0, 0};
    if (slot == SLOT_NZCV)
        loc.kind = flags[below(ARRAY_SIZE(flags))];
    else if (slot_info(slot)->kind == SLOT_VEC128)
        loc.kind = vector[below(ARRAY_SIZE(vector))];
    else
        loc.kind = integer[below(ARRAY_SIZE(integer))];
    if (loc.kind == LOC_CONST) loc.value = next() >> below(64);
    if (loc.kind == LOC_SCRATCH) loc.value = below(64);
    if (loc.kind != LOC_HOME && loc.kind != LOC_CONST && loc.kind != LOC_SCRATCH)
        loc.reg = (u8)below(16);
    return loc;
}

static struct nzcv_operand random_operand(void)
{
    if (below(2)) return (struct nzcv_operand){NZCV_SLOT, (u8)below(32), 0};
    if (below(2)) return (struct nzcv_operand){NZCV_SUM, (u8)below(32), (s64)(next() >> below(64))};
    return (struct nzcv_operand){NZCV_CONST, 0, (s64)(next() >> below(64))};
}

static void random_places(struct side_writer *w)
{
    for (u64 n = below(4); n > 0; n--) {
        unsigned slot = (unsigned)(below(4) ? below(32) : below(SLOT_COUNT));
        side_place(w, slot, random_loc(slot));
    }
    if (!below(8)) {
        struct nzcv_ways ways = {.count = (u16)(1 + below(NZCV_WAYS))};
        for (u32 n = 0; n < ways.count; n++)
            ways.x[n] = (struct nzcv_expr){(u8)(1 + below(7)), below(2), (u8)below(256),
                                           random_operand(), random_operand()};
        side_place_flags(w, &ways);
    }
    if (!below(16)) side_home(w);
}

static void add_point(struct made *m, struct side_writer *w, enum point_kind kind, u32 offset,
                      u64 pc, bool link)
{
    m->point[m->points++] = (struct point){offset, (u8)kind, link};
    side_point(w, kind, offset, pc);
}

static void add_reloc(struct translation *t, enum reloc_kind kind, u32 offset, u64 value)
{
    t->relocs[t->reloc_count++] =
        (struct reloc){offset, (u8)kind, kind == RELOC_GUEST ? (u8)below(2) : 0, value};
}

/* A place in code for a site: mostly behind a ModRM byte, mostly of the module. */
static void add_site(struct translation *t, u32 offset)
{
    if (below(8)) t->code[offset - 1] = (u8)(0x05 | below(8) << 3);
    add_reloc(t, RELOC_GUEST, offset, MODULE_LOW + below(below(16) ? SPAN : SPAN * 4));
}

/* A branch to the first entry of a region: itself, to be sure that there is one. */
static void add_link(struct made *m, struct side_writer *w, u32 offset, u64 pc)
{
    side_home(w);
    add_point(m, w, POINT_SAFEPOINT, offset, pc, true);
    m->t.code[offset] = 0xe9;
    add_reloc(&m->t, RELOC_LINK, offset + 1, 0);
}

static void make_piece(struct made *m, struct side_writer *w, u32 at, u64 *pc)
{
    struct translation *t = &m->t;
    u64 start = t->entries[0].pc;
    if (!at || !below(6)) {
        *pc += at ? 4 : 0;
        t->entries[t->entry_count++] = (struct entry){*pc, at};
        if (at) side_home(w);
        add_point(m, w, POINT_SAFEPOINT, at, *pc, false);
    }
    random_places(w);
    if (below(2)) add_point(m, w, POINT_FAULT, at + 1, start + 4 * below(1000), false);
    if (below(2)) add_point(m, w, POINT_FAULT, at + 3, *pc, false);
    if (!below(8)) add_point(m, w, POINT_SAFEPOINT, at + 5, *pc, false);
    if (below(2))
        add_site(t, at + 8);
    else if (!below(3))
        add_link(m, w, at + 7, start);
    *pc += 4 * (1 + below(3));
}

static void make_region(struct made *m, u64 start)
{
    struct side_writer w;
    u32 pieces = (u32)(1 + below(below(8) ? 20 : MAX_PIECES));
    u64 pc = start;
    *m = (struct made){.point = arena_alloc(&arena, 4 * pieces * sizeof(struct point))};
    m->t = (struct translation){.code = arena_alloc(&arena, pieces * PIECE),
                                .code_size = pieces * PIECE,
                                .code_align = below(2) ? 1 : 16,
                                .insn_count = pieces,
                                .has_fp = !below(8),
                                .relocs = arena_alloc(&arena, pieces * sizeof(struct reloc)),
                                .cells = arena_alloc(&arena, sizeof(struct cell)),
                                .cell_count = 1,
                                .entries = arena_alloc(&arena, pieces * sizeof(struct entry)),
                                .side = arena_alloc(&arena, SIDE_ROOM)};
    for (u32 n = 0; n < m->t.code_size; n++) m->t.code[n] = (u8)next();
    m->t.cells[0].target = m->t.entries[0].pc = start;
    side_start(&w, m->t.side, SIDE_ROOM, start);
    for (u32 n = 0; n < pieces; n++) make_piece(m, &w, n * PIECE, &pc);
    ck_assert(!w.overflow);
    m->t.side_size = (u32)(w.at - m->t.side);
    m->end = pc;
}

/* An image in the arena, its header in place. */
static u8 *make_image(struct image_builder *b)
{
    const struct image_module module = {
        .low = MODULE_LOW, .span = SPAN, .code_low = CODE_LOW, .code_high = MODULE_LOW + SPAN};
    struct image_header h;
    u64 pc = CODE_LOW;
    u8 *bytes;
    arena_reset(&arena);
    image_begin(b, &arena, &module);
    count = (u32)(1 + below(MAX_REGIONS));
    u64 cold = below(5); /* of 4 regions; none, or all, in some images */
    for (u32 n = 0; n < count; n++) {
        make_region(&made[n], pc);
        made[n].hot = below(4) >= cold;
        pc = made[n].end + 4 * below(40);
    }
    for (u32 k = 0; k < count; k++) { /* in no special order */
        struct made *m = &made[(k * 7 + 3) % count];
        s8 *evidence = arena_zalloc(&arena, m->t.entry_count);
        if (count % 7) ck_assert(image_add(b, &m->t, evidence, m->hot));
    }
    for (u32 k = 0; k < count && count % 7 == 0; k++)
        ck_assert(
            image_add(b, &made[k].t, arena_zalloc(&arena, made[k].t.entry_count), made[k].hot));
    ck_assert(image_lay_out(b, &h, &bytes));
    memcpy(bytes + IMAGE_HEADER_AT, &h, sizeof h);
    return bytes;
}

static u32 word_of(u64 pc)
{
    return (u32)((pc - CODE_LOW) / 4);
}

static u32 text_of(const struct image_builder *b, const struct made *m)
{
    return image_entry_code(b, image_entries_below(b, m->t.entries[0].pc));
}

static void check_entries(const struct image_builder *b, const u8 *image)
{
    u32 found = 0, entries = 0, last_hot = 0, first_cold = UINT32_MAX;
    for (u32 n = 0; n < count; n++) {
        const struct made *m = &made[n];
        u32 text = text_of(b, m);
        struct index_place region;
        u32 end;
        for (u32 k = 0; k < m->t.entry_count; k++)
            ck_assert_uint_eq(index_find(image, word_of(m->t.entries[k].pc)),
                              text + m->t.entries[k].offset);
        ck_assert(index_region_of_code(image, text + m->t.code_size - 1, &region, &end));
        ck_assert_uint_eq(region.code, text);
        ck_assert_uint_eq(region.pc, word_of(m->t.entries[0].pc));
        ck_assert_uint_ge(end, text + m->t.code_size);
        entries += m->t.entry_count;
        if (m->hot && text > last_hot) last_hot = text;
        if (m->hot) ck_assert_uint_eq(text % 32, 0);
        if (!m->hot && text < first_cold) first_cold = text;
    }
    for (u64 pc = CODE_LOW; pc < made[count - 1].end + 64; pc += 4)
        found += index_find(image, word_of(pc)) != UINT32_MAX;
    ck_assert_uint_eq(found, entries);
    ck_assert(!last_hot || last_hot < first_cold);
}

static bool same_operand(const struct nzcv_operand *a, const struct nzcv_operand *b)
{
    return a->kind == b->kind && a->n == b->n && a->value == b->value;
}

static void check_same(const struct frame_state *want, const struct frame_state *got)
{
    ck_assert_uint_eq(got->pc, want->pc - CODE_LOW);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        const struct loc *a = &want->loc[slot], *b = &got->loc[slot];
        ck_assert_uint_eq(a->kind, b->kind);
        ck_assert_uint_eq(a->reg, b->reg);
        ck_assert_uint_eq(a->value, b->value);
    }
    if (want->loc[SLOT_NZCV].kind != LOC_FLAGS) return;
    ck_assert_uint_eq(want->nzcv.count, got->nzcv.count);
    for (u32 n = 0; n < want->nzcv.count; n++) {
        const struct nzcv_expr *x = &want->nzcv.x[n], *y = &got->nzcv.x[n];
        ck_assert(x->kind == y->kind && x->wide == y->wide && x->mark == y->mark);
        ck_assert(same_operand(&x->a, &y->a) && same_operand(&x->b, &y->b));
    }
}

/* Some of all points: to find one takes some time. */
static void check_points(const struct image_builder *b, const u8 *image)
{
    u32 points = 0;
    for (u32 n = 0; n < count; n++) points += made[n].points;
    for (u32 n = 0; n < count; n++) {
        const struct made *m = &made[n];
        u32 text = text_of(b, m);
        for (u32 k = 0; k < m->points; k++) {
            const struct point *p = &m->point[k];
            if (below(points) >= POINTS_CHECKED) continue;
            struct frame_state want, got;
            struct index_place region, other;
            enum point_kind kind = p->kind;
            bool found = side_pack_find(image, kind, text + p->offset, &got, &region);
            ck_assert(found == !p->link);
            ck_assert(!side_pack_find(image, kind, text + p->offset + 1, &want, &other));
            if (!found) continue;
            ck_assert_uint_eq(region.code, text);
            ck_assert(
                side_find(m->t.side, m->t.side_size, m->t.entries[0].pc, kind, p->offset, &want));
            check_same(&want, &got);
        }
    }
}

static void check_sites(const struct image_builder *b, u8 *image)
{
    const struct image_header *h = (const void *)(image + IMAGE_HEADER_AT);
    u8 *is_site = arena_zalloc(&arena, h->sites - h->text);
    u32 want = 0, got = 0;
    struct site_reader r;
    for (u32 n = 0; n < count; n++)
        for (u32 k = 0; k < made[n].t.reloc_count; k++) {
            const struct reloc *reloc = &made[n].t.relocs[k];
            if (reloc->kind != RELOC_GUEST) continue;
            is_site[text_of(b, &made[n]) + reloc->offset] = 1;
            want++;
        }
    sites_start(&r, image);
    for (u8 *site; (site = sites_next(&r)); got++) {
        u32 distance;
        ck_assert(is_site[site - (image + h->text)]);
        is_site[site - (image + h->text)] = 0;
        memcpy(&distance, site, sizeof distance);
        distance -= 0x123000; /* as who moves the image does */
        memcpy(site, &distance, sizeof distance);
    }
    ck_assert(!r.failed);
    ck_assert_uint_eq(got, want);
}

START_TEST(all_is_found)
{
    u64 first = test_setting("FERRY_SEED", 1), cases = test_cases(25);
    for (u64 n = first; n < first + cases; n++) {
        struct image_builder b;
        seed = n;
        u8 *image = make_image(&b);
        check_entries(&b, image);
        check_points(&b, image);
        check_sites(&b, image);
    }
}
END_TEST

/* The text is not there, so that reading outside of the tables is noticed. */
static u8 *only_tables(const u8 *image, u64 *size)
{
    const struct image_header *h = (const void *)(image + IMAGE_HEADER_AT);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    u8 *copy = mmap(NULL, h->map_size, PROT_READ | PROT_WRITE, flags, -1, 0);
    ck_assert(copy != MAP_FAILED);
    memcpy(copy, image, h->text);
    ck_assert_int_eq(mprotect(copy + h->text, h->map_size - h->text, PROT_NONE), 0);
    *size = h->map_size;
    return copy;
}

static void damage(u8 *image)
{
    const struct image_header *h = (const void *)(image + IMAGE_HEADER_AT);
    u32 from = IMAGE_HEADER_AT + (u32)sizeof *h;
    for (u64 n = 1 + below(20); n > 0; n--) image[from + below(h->text - from)] = (u8)next();
}

START_TEST(damage_is_harmless)
{
    u64 first = test_setting("FERRY_SEED", 1), cases = test_cases(25);
    for (u64 n = first; n < first + cases; n++) {
        struct image_builder b;
        struct frame_state fs;
        struct index_place region;
        u64 size;
        u32 end;
        seed = n;
        u8 *image = only_tables(make_image(&b), &size);
        const struct image_header *h = (const void *)(image + IMAGE_HEADER_AT);
        for (unsigned k = 0; k < 200; k++) {
            if (k % 20 == 0) damage(image);
            u32 at = (u32)below(h->text_size);
            index_find(image, (u32)below(h->code_words));
            index_region_of_code(image, at, &region, &end);
            side_pack_find(image, below(2) ? POINT_FAULT : POINT_SAFEPOINT, at, &fs, &region);
        }
        munmap(image, size);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image_tables");
    TCase *tests = tcase_create("image_tables");
    tcase_set_timeout(tests, 60); /* on a busy machine */
    arena_init(&arena);
    tcase_add_test(tests, all_is_found);
    tcase_add_test(tests, damage_is_harmless);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(&arena);
    return failed != 0;
}
