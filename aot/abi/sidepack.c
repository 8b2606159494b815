/*
 * Packed side tables: how records are coded (both ways, by the same functions), what is left out,
 * and the search for a point.
 */
#include "aot/abi/sidepack.h"

#include "aot/abi/convention.h"
#include "aot/abi/sidepack_odds.h"

#include <string.h>

/* No group has nearly as many records; a damaged one may seem to. */
#define RECORDS_MAX (1u << 20)

enum tag { /* frequent ones first */
           TAG_FAULT,
           TAG_PLACE,  /* a general register is in a host register */
           TAG_ENTRY,  /* a safepoint at the region's next entry, everything where it is at borders
                        */
           TAG_BACK,   /* a slot goes where it is at borders */
           TAG_STORED, /* a general register goes home, and isn't there at borders */
           TAG_FLAGS,  /* NZCV is an expression */
           TAG_END,    /* of the region, or of the group */
           TAG_ALL_BACK,  /* all slots go where they are at borders */
           TAG_SAFE,      /* any other safepoint */
           TAG_ANY_PLACE, /* a slot is anywhere else */
           TAG_START,     /* before the first record (as the last one's tag only) */
           TAG_COUNT
};

#define PIN_NONE  16u
#define TREE_BITS 6u /* of small offsets */
#define PC_NEAR   3  /* the least distances of guest addresses, which most are */
#define PC_BITS   5u /* of small ones behind these */

/* A group ends at the first entry or region behind so many points: the more, the smaller the table
 * and the slower the search. */
#define GROUP_POINTS 256

_Static_assert(NZCV_OF_FCMP < 8 && NZCV_SCRATCH < 4 && NZCV_WAYS < 8 && LOC_FLAGS < 16,
               "numbers have room in their trees");
_Static_assert(sizeof side_first_odds * sizeof(coder_odds) == sizeof(struct side_odds),
               "sidepack_odds.h is of another struct side_odds");
_Static_assert(SLOT_COUNT <= 72, "away and away_above have a bit for each slot");

/* A record to code, or coded. */
struct packed {
    u8 tag;
    u8 slot;
    u32 forward; /* points: bytes of code from the last one */
    s64 words;   /* points: guest words from the last one */
    struct loc loc;
    struct nzcv_ways *nzcv; /* TAG_FLAGS: the caller's */
};

/* Where a slot is at region borders. */
static struct loc border_place(unsigned slot)
{
    switch (slot) {
#define CARRY(slot, number, name)                                                                  \
    case slot: return (struct loc){LOC_GPR, number, 0};
        CARRIED_SLOTS(CARRY)
#undef CARRY
    default: return (struct loc){0};
    }
}

/* --- one record ---------------------------------------------------------------------------------
 */

static bool bit(struct side_packer *p, coder_odds *odds, bool value)
{
    return coder_bit(&p->coder, odds, value);
}

static u32 number(struct side_packer *p, coder_odds *odds, unsigned bits, u32 value)
{
    return coder_number(&p->coder, odds, bits, value);
}

static s64 signed_number(struct side_packer *p, coder_odds *sign, coder_odds *odds, s64 value)
{
    bool negative = bit(p, sign, value < 0);
    u64 size = coder_any(&p->coder, odds, value < 0 ? ~(u64)value : (u64)value);
    return (s64)(negative ? ~size : size);
}

static void code_words(struct side_packer *p, struct packed *r)
{
    const s64 escape = (1 << PC_BITS) - 1;
    struct side_odds *o = &p->odds;
    unsigned context = p->last == TAG_FAULT   ? 0
                       : p->last == TAG_SAFE  ? 1
                       : p->last == TAG_ENTRY ? 2
                                              : 3;
    coder_odds *near = o->pc_near[context];
    for (s64 words = 0; words < PC_NEAR; words++)
        if (bit(p, &near[words], r->words == words)) {
            r->words = words;
            return;
        }
    s64 more = r->words - PC_NEAR;
    bool is_small = more >= 0 && more < escape;
    u32 small = number(p, o->pc, PC_BITS, (u32)(is_small ? more : escape));
    r->words =
        small < escape ? (s64)small + PC_NEAR : signed_number(p, o->pc_back, o->pc_far, r->words);
}

static void code_forward(struct side_packer *p, struct packed *r)
{
    const u32 escape = (1u << TREE_BITS) - 1;
    unsigned context = 8;
    if (r->tag == TAG_FAULT)
        context = (r->words < 0 || r->words > 3 ? 3 : (unsigned)r->words) +
                  (p->last == TAG_FAULT ? 4 : 0);
    bool is_small = r->forward < escape;
    u32 small = number(p, p->odds.offset[context], TREE_BITS, is_small ? r->forward : escape);
    r->forward = small < escape
                     ? small
                     : escape + (u32)coder_any(&p->coder, p->odds.offset_far, r->forward - escape);
}

static void code_place(struct side_packer *p, struct packed *r)
{
    struct side_odds *o = &p->odds;
    r->slot = (u8)number(p, o->slot[p->last == TAG_PLACE], 5, r->slot);
    u8 last = p->pin[r->slot];
    bool same = last != PIN_NONE && bit(p, o->pin_is_same, r->loc.reg == last);
    u8 reg = same ? last : (u8)number(p, o->pin[r->slot], 4, r->loc.reg);
    r->loc = (struct loc){LOC_GPR, reg, 0};
}

static bool is_away(const struct side_packer *p, unsigned slot)
{
    return slot < 64 ? p->away >> slot & 1 : p->away_above >> (slot - 64) & 1;
}

/* A slot that is elsewhere than at borders: is it the first, the second, ... the last but one? */
static void code_back(struct side_packer *p, struct packed *r)
{
    unsigned slot = 0, last = SLOT_COUNT - 1;
    while (last && !is_away(p, last)) last--;
    for (; slot < last; slot++)
        if (is_away(p, slot) && bit(p, &p->odds.goes_back[slot], slot == r->slot)) break;
    r->slot = (u8)slot;
}

static void code_stored(struct side_packer *p, struct packed *r)
{
    r->slot = (u8)number(p, p->odds.stored, 5, r->slot);
    r->loc = (struct loc){0};
}

static void code_operand(struct side_packer *p, unsigned which, struct nzcv_operand *x)
{
    struct side_odds *o = &p->odds;
    bool is_sum, is_const;
    x->kind = (u8)number(p, o->operand_kind[which], 2, x->kind);
    is_sum = x->kind == NZCV_SUM;
    is_const = x->kind == NZCV_CONST;
    x->n = is_const ? 0 : (u8)number(p, o->operand_number[which], 6, x->n);
    if (is_const || is_sum)
        x->value = signed_number(p, o->constant_sign, o->constant, x->value);
    else
        x->value = 0;
}

static bool same_operand(const struct nzcv_operand *a, const struct nzcv_operand *b)
{
    return a->kind == b->kind && a->n == b->n && a->value == b->value;
}

static bool same_expr(const struct nzcv_expr *x, const struct nzcv_expr *y)
{
    return x->kind == y->kind && x->wide == y->wide && same_operand(&x->a, &y->a) &&
           same_operand(&x->b, &y->b);
}

/* In a region a mark stands for the same expression each time, as a rule. */
static void code_expr(struct side_packer *p, struct nzcv_expr *x)
{
    struct side_odds *o = &p->odds;
    if (!p->coder.writes) *x = (struct nzcv_expr){0};
    x->mark = (u8)number(p, o->mark, 8, x->mark);
    struct nzcv_expr *last = &p->marked[x->mark % MARKS_KNOWN];
    bool known = x->mark && last->mark == x->mark;
    if (known && bit(p, o->is_known, same_expr(x, last))) {
        *x = *last;
        return;
    }
    u32 kind = number(p, o->flags, 4, x->kind | (u32)x->wide << 3);
    x->kind = kind & 7;
    x->wide = kind >> 3 & 1;
    code_operand(p, 0, &x->a);
    code_operand(p, 1, &x->b);
    if (x->mark) *last = *x;
}

static void code_flags(struct side_packer *p, struct packed *r)
{
    r->slot = SLOT_NZCV;
    r->loc = (struct loc){LOC_FLAGS, 0, 0};
    r->nzcv->count = (u16)number(p, p->odds.ways, 3, r->nzcv->count);
    if (r->nzcv->count > NZCV_WAYS) p->coder.overflow = true;
    for (u32 n = 0; n < r->nzcv->count && !p->coder.overflow; n++) code_expr(p, &r->nzcv->x[n]);
}

static void code_any_place(struct side_packer *p, struct packed *r)
{
    struct side_odds *o = &p->odds;
    r->slot = (u8)number(p, o->any_slot, 7, r->slot);
    r->loc.kind = (u8)number(p, o->any_kind, 4, r->loc.kind);
    r->loc.reg = (u8)number(p, o->any_reg, 4, r->loc.reg);
    bool has_value = r->loc.kind == LOC_CONST || r->loc.kind == LOC_SCRATCH;
    r->loc.value = has_value ? coder_any(&p->coder, o->constant, r->loc.value) : 0;
    if (r->slot >= SLOT_COUNT) p->coder.overflow = true;
}

static void set_away(struct side_packer *p, unsigned slot, bool away)
{
    if (slot < 64)
        p->away = (p->away & ~(UINT64_C(1) << slot)) | (u64)away << slot;
    else if (slot < SLOT_COUNT)
        p->away_above = (u8)((p->away_above & ~(1u << (slot - 64))) | (u32)away << (slot - 64));
}

/* The record is about the place of one slot. */
static bool is_change(u8 tag)
{
    return tag == TAG_PLACE || tag == TAG_BACK || tag == TAG_STORED || tag == TAG_FLAGS ||
           tag == TAG_ANY_PLACE;
}

/* What both sides know after the record. */
static void follow(struct side_packer *p, const struct packed *r)
{
    if (r->tag == TAG_FAULT || r->tag == TAG_SAFE) {
        p->at += r->forward;
        p->at_pc += 4 * (u64)r->words;
        p->at_start = false;
    }
    if (r->tag == TAG_PLACE) p->pin[r->slot] = r->loc.reg;
    if (is_change(r->tag)) set_away(p, r->slot, r->tag != TAG_BACK);
    if (r->tag == TAG_ALL_BACK || r->tag == TAG_ENTRY) p->away = p->away_above = 0;
    p->last = r->tag;
}

/* One after the other: is it this one? */
static u8 code_tag(struct side_packer *p, coder_odds *odds, u8 tag)
{
    u8 n = 0;
    while (n < TAG_START - 1 && !bit(p, &odds[n], n == tag)) n++;
    return n;
}

static void code_record(struct side_packer *p, struct packed *r)
{
    bool away = p->away || p->away_above;
    r->tag = code_tag(p, p->odds.tag[2 * p->last + away], r->tag);
    switch (r->tag) {
    case TAG_FAULT:
    case TAG_SAFE:
        code_words(p, r);
        code_forward(p, r);
        break;
    case TAG_PLACE: code_place(p, r); break;
    case TAG_BACK: code_back(p, r); break;
    case TAG_STORED: code_stored(p, r); break;
    case TAG_FLAGS: code_flags(p, r); break;
    case TAG_ANY_PLACE: code_any_place(p, r); break;
    default: break;
    }
    follow(p, r);
}

static void start_group(struct side_packer *p)
{
    coder_odds *odds = (coder_odds *)&p->odds;
    for (size_t n = 0; n < sizeof p->odds / sizeof *odds; n++)
        odds[n] = (coder_odds)(side_first_odds[n] << 8 | CODER_EVEN >> 8);
    p->last = TAG_START;
}

/* What is said of a region's registers and flags is said anew. */
static void forget_region(struct side_packer *p)
{
    memset(p->pin, PIN_NONE, sizeof p->pin);
    for (unsigned n = 0; n < MARKS_KNOWN; n++) p->marked[n].mark = 0;
}

static void start_region(struct side_packer *p, u64 pc)
{
    forget_region(p);
    p->away = p->away_above = 0;
    p->at_pc = pc;
    p->at = 0;
    p->at_start = true;
    p->last = TAG_START;
}

/* --- packing ------------------------------------------------------------------------------------
 */

/* Changes of places since the last point that was kept, each slot's last. */
struct changes {
    bool all; /* everything went where it is at borders first */
    u32 count;
    struct packed record[SLOT_COUNT];
    struct nzcv_ways nzcv;
};

void side_pack_start(struct side_packer *p, u8 *room, size_t size, u32 *group_code, u32 *group_at,
                     u32 group_max)
{
    p->room = p->out = room;
    p->out_end = room + size;
    p->group_code = group_code;
    p->group_at = group_at;
    p->group_max = group_max;
    p->group_count = p->points = 0;
}

static bool end_group(struct side_packer *p)
{
    if (!p->group_count) return true;
    coder_end(&p->coder);
    p->out = p->coder.out;
    return !p->coder.overflow;
}

/* The next group, which begins with that code. */
static void begin_group(struct side_packer *p, u32 code)
{
    bool good = end_group(p) && p->group_count < p->group_max;
    coder_write(&p->coder, p->out, (size_t)(p->out_end - p->out));
    p->coder.overflow = !good;
    start_group(p);
    p->points = 0;
    if (!good) return;
    p->group_code[p->group_count] = code;
    p->group_at[p->group_count++] = (u32)(p->out - p->room);
}

bool side_pack_end(struct side_packer *p)
{
    return end_group(p);
}

static enum tag tag_of(unsigned slot, struct loc loc)
{
    struct loc border = border_place(slot);
    if (loc.kind == border.kind && (loc.kind == LOC_HOME || loc.reg == border.reg)) return TAG_BACK;
    if (loc.kind == LOC_FLAGS) return TAG_FLAGS;
    if (slot > SLOT_SP) return TAG_ANY_PLACE;
    return loc.kind == LOC_GPR ? TAG_PLACE : loc.kind == LOC_HOME ? TAG_STORED : TAG_ANY_PLACE;
}

static void note_change(struct changes *c, const struct side_record *record)
{
    u32 n = 0, kept = 0;
    for (; n < c->count; n++)
        if (c->record[n].slot != record->slot) c->record[kept++] = c->record[n];
    c->record[kept] = (struct packed){.tag = (u8)tag_of(record->slot, record->loc),
                                      .slot = record->slot,
                                      .loc = record->loc,
                                      .nzcv = &c->nzcv};
    if (record->loc.kind == LOC_FLAGS) c->nzcv = record->nzcv;
    c->count = kept + 1;
}

/* After the changes everything is where it is at borders. */
static bool leaves_all_back(const struct side_packer *p, const struct changes *c)
{
    u64 away = c->all ? 0 : p->away;
    u32 above = c->all ? 0 : p->away_above;
    for (u32 n = 0; n < c->count; n++) {
        unsigned slot = c->record[n].slot;
        if (c->record[n].tag != TAG_BACK) return false;
        if (slot < 64)
            away &= ~(UINT64_C(1) << slot);
        else
            above &= ~(1u << (slot - 64));
    }
    return !away && !above;
}

static void put_changes(struct side_packer *p, struct changes *c)
{
    if (c->all && (p->away || p->away_above)) code_record(p, &(struct packed){.tag = TAG_ALL_BACK});
    for (u32 n = 0; n < c->count; n++)
        if (c->record[n].tag != TAG_BACK || is_away(p, c->record[n].slot))
            code_record(p, &c->record[n]);
    c->all = false;
    c->count = 0;
}

/* The first entry of the region behind the last point, or at the region's start. */
static const struct entry *next_entry(const struct side_packer *p, const struct side_region *r,
                                      u32 *n)
{
    while (*n < r->entry_count && !p->at_start && r->entry[*n].offset <= p->at) ++*n;
    return *n < r->entry_count ? &r->entry[*n] : NULL;
}

/* The state at an entry in the middle of a region. */
static void be_at_entry(struct side_packer *p, u32 offset, u64 pc)
{
    p->away = p->away_above = 0;
    p->at = offset;
    p->at_pc = pc;
    p->at_start = false;
    p->last = TAG_ENTRY;
}

static void go_to_entry(struct side_packer *p, u32 code, const struct entry *e)
{
    if (p->points >= GROUP_POINTS && !p->at_start) {
        code_record(p, &(struct packed){.tag = TAG_END});
        begin_group(p, code + e->offset);
        forget_region(p);
    } else {
        code_record(p, &(struct packed){.tag = TAG_ENTRY});
        p->points++;
    }
    be_at_entry(p, e->offset, e->pc);
}

static bool is_link(const struct side_region *r, u32 *n, u32 offset)
{
    while (*n < r->link_count && r->link[*n] < offset) ++*n;
    return *n < r->link_count && r->link[*n] == offset;
}

void side_pack_region(struct side_packer *p, const struct side_region *r)
{
    struct side_reader reader = {r->side, r->side + r->side_size, 0, r->pc};
    struct side_record record = {0};
    struct changes changes = {0};
    s64 last[2] = {-1, -1}; /* offset of the last point of each kind */
    u32 link = 0, n = 0;
    if (!p->group_count || p->points >= GROUP_POINTS) begin_group(p, r->code);
    start_region(p, r->pc);
    while (side_next(&reader, &record)) {
        if (record.kind == SIDE_HOME) {
            changes.all = true;
            changes.count = 0;
        } else if (record.kind == SIDE_PLACE) {
            note_change(&changes, &record);
        } else if (record.offset != last[record.point]) {
            bool safe = record.point == POINT_SAFEPOINT;
            last[record.point] = record.offset;
            const struct entry *e = safe ? next_entry(p, r, &n) : NULL;
            if (e && e->offset == record.offset && e->pc == record.pc &&
                leaves_all_back(p, &changes)) {
                changes.all = false;
                changes.count = 0;
                go_to_entry(p, r->code, e);
                continue;
            }
            if (safe && is_link(r, &link, record.offset)) continue;
            put_changes(p, &changes);
            code_record(p, &(struct packed){.tag = safe ? TAG_SAFE : TAG_FAULT,
                                            .forward = record.offset - p->at,
                                            .words = (s64)(record.pc - p->at_pc) >> 2});
            p->points++;
        }
    }
    code_record(p, &(struct packed){.tag = TAG_END});
}

/* --- finding ------------------------------------------------------------------------------------
 */

static void apply(const struct packed *r, struct frame_state *fs)
{
    if (r->tag == TAG_ALL_BACK || r->tag == TAG_ENTRY) side_at_border(fs);
    if (is_change(r->tag)) fs->loc[r->slot] = r->tag == TAG_BACK ? border_place(r->slot) : r->loc;
}

/* On to the region's first entry behind the last point. */
static bool skip_to_entry(struct side_packer *p, struct index_cursor *c)
{
    do {
        if (!index_next_entry(c)) return false;
    } while (!p->at_start && c->entry.code - c->region.code <= p->at);
    be_at_entry(p, c->entry.code - c->region.code, 4 * (u64)c->entry.pc);
    return true;
}

/* --- walking through a group's points ----------------------------------------------------------
 */

struct walk {
    struct side_packer p;
    struct index_cursor c;
    struct frame_state *fs; /* of the point */
    u32 budget;             /* records that may still come */
    u32 from, to;           /* code that the group is about: offsets in text */
};

static const struct image_header *header_of(const u8 *image)
{
    return (const void *)(image + IMAGE_HEADER_AT);
}

static const u32 *table(const u8 *image, u32 at)
{
    return (const u32 *)(const void *)(image + at);
}

/* The group that has that code, or -1. */
static s64 group_of(const u8 *image, u32 offset)
{
    const struct image_header *h = header_of(image);
    const u32 *at = table(image, h->side_at);
    if (!h->side_groups) return -1;
    u32 n = index_last_of(table(image, h->side_code), h->side_groups, offset);
    return at[n] <= at[n + 1] && at[n + 1] <= h->side_size ? (s64)n : -1;
}

bool side_pack_group(const u8 *image, u32 offset, u32 *at, u32 *size)
{
    const struct image_header *h = header_of(image);
    s64 n = group_of(image, offset);
    if (n < 0) return false;
    const u32 *group = table(image, h->side_at) + n;
    *at = h->side + group[0];
    *size = group[1] - group[0];
    return true;
}

/* To the start of a group, which is a region's or an entry. */
static bool find_start(struct walk *w, const u8 *image)
{
    const struct image_header *h = header_of(image);
    u32 cluster = index_cluster_of_code(image, w->from);
    struct index_cursor next;
    if (cluster >= h->cluster_count) return false;
    index_start(&next, image, cluster, h->cluster_count - cluster);
    w->c = next;
    while (index_next_region(&next) && next.region.code <= w->from) w->c = next;
    if (next.failed || w->c.cluster == cluster || w->c.region.code > w->from) return false;
    start_region(&w->p, 4 * (u64)w->c.region.pc);
    if (w->c.region.code == w->from) return true;
    while (index_next_entry(&w->c) && w->c.entry.code < w->from) {
    }
    be_at_entry(&w->p, w->from - w->c.region.code, 4 * (u64)w->c.entry.pc);
    return !w->c.failed && w->c.entry.code == w->from;
}

static bool start_walk(struct walk *w, const u8 *image, u32 offset, struct frame_state *fs)
{
    const struct image_header *h = header_of(image);
    s64 n = group_of(image, offset);
    u32 at, size;
    if (n < 0 || !side_pack_group(image, offset, &at, &size)) return false;
    w->from = table(image, h->side_code)[n];
    w->to = n + 1 < h->side_groups ? table(image, h->side_code)[n + 1] : h->text_size;
    w->fs = fs;
    w->budget = RECORDS_MAX;
    coder_read(&w->p.coder, image + at, image + at + size);
    start_group(&w->p);
    side_at_border(fs);
    return w->from <= offset && find_start(w, image);
}

/* The group begins with a point that no record is about. */
static bool has_first_point(struct walk *w)
{
    w->fs->kind = POINT_SAFEPOINT;
    w->fs->pc = w->p.at_pc;
    return !w->p.at_start;
}

/* Reads records of the region up to and including the next point. False: it has no more. */
static bool next_in_region(struct walk *w)
{
    while (!w->p.coder.overflow && w->budget-- > 0) {
        struct packed r = {.nzcv = &w->fs->nzcv};
        code_record(&w->p, &r);
        if (w->p.coder.overflow || r.tag == TAG_END) return false;
        apply(&r, w->fs);
        if (r.tag == TAG_ENTRY && !skip_to_entry(&w->p, &w->c)) break;
        if (r.tag == TAG_FAULT || r.tag == TAG_SAFE || r.tag == TAG_ENTRY) {
            w->fs->kind = r.tag == TAG_FAULT ? POINT_FAULT : POINT_SAFEPOINT;
            w->fs->pc = w->p.at_pc;
            return true;
        }
    }
    w->p.coder.overflow = true;
    return false;
}

/* On to the next point; false: the group has no more, or is damaged. */
static bool next_point(struct walk *w)
{
    while (!next_in_region(w)) {
        if (w->p.coder.overflow || !index_next_region(&w->c) || w->c.region.code >= w->to)
            return false;
        start_region(&w->p, 4 * (u64)w->c.region.pc);
        side_at_border(w->fs);
    }
    return true;
}

static u32 place(const struct walk *w)
{
    return w->c.region.code + w->p.at;
}

bool side_pack_find(const u8 *image, enum point_kind kind, u32 offset, struct frame_state *out,
                    struct index_place *region)
{
    struct walk w;
    if (!start_walk(&w, image, offset, out)) return false;
    bool more = has_first_point(&w) || next_point(&w);
    while (more && (place(&w) < offset || (place(&w) == offset && out->kind != kind)))
        more = next_point(&w);
    *region = w.c.region;
    return more && place(&w) == offset;
}

bool side_pack_near(const u8 *image, u32 offset, u64 *pc, struct index_place *region)
{
    struct walk w;
    struct frame_state fs;
    if (!start_walk(&w, image, offset, &fs)) return false;
    *region = w.c.region;
    *pc = w.p.at_pc;
    bool more = has_first_point(&w) || next_point(&w);
    for (; more && w.c.region.code <= offset; more = next_point(&w)) {
        if (w.c.region.code != region->code) *pc = 4 * (u64)w.c.region.pc;
        *region = w.c.region;
        if (place(&w) > offset) break;
        *pc = fs.pc;
    }
    return !w.p.coder.overflow && !w.c.failed;
}

#define FEW_WORDS 16

/* Of the region that pc may belong to: it has a point shortly before pc, or `between`, one anywhere
 * behind. */
static bool covers(const u8 *image, bool hot, u32 pc, bool between)
{
    struct index_place region = {0};
    struct index_cursor c;
    struct frame_state fs;
    struct walk w;
    u32 cluster, end;
    if (!index_cluster_of_pc(image, hot, pc, &cluster)) return false;
    index_start(&c, image, cluster, 1);
    while (index_next_region(&c) && c.region.pc <= pc) region = c.region;
    if (!index_region_of_code(image, region.code, &region, &end) || region.pc > pc) return false;
    for (u32 at = region.code; at < end && start_walk(&w, image, at, &fs); at = w.to) {
        bool more = has_first_point(&w) || next_point(&w);
        for (; more && w.c.region.code < end; more = next_point(&w))
            if (w.c.region.code == region.code &&
                (pc - (u32)(fs.pc / 4) < FEW_WORDS || (between && fs.pc / 4 >= pc)))
                return true;
    }
    return false;
}

bool side_pack_covers(const u8 *image, u32 pc)
{
    return covers(image, true, pc, false) || covers(image, false, pc, false);
}

bool side_pack_spans(const u8 *image, u32 pc)
{
    return covers(image, true, pc, true) || covers(image, false, pc, true);
}

void side_pack_safepoints(const u8 *image, u32 offset, struct side_safepoints *out)
{
    struct walk w;
    struct frame_state fs;
    *out = (struct side_safepoints){0};
    if (!start_walk(&w, image, offset, &fs)) return;
    bool more = has_first_point(&w) || next_point(&w);
    for (; more && out->count < SIDE_SAFEPOINTS; more = next_point(&w))
        if (fs.kind == POINT_SAFEPOINT) out->offset[out->count++] = place(&w);
    if (w.p.coder.overflow || w.c.failed) return;
    out->from = w.from;
    out->to = more ? place(&w) : w.to;
}
