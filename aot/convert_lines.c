/*
 * The guest's lines for an image's code: steps tell which guest instruction a piece of host code is
 * of, the module's DWARF tells of what line that is.
 */
#include <stdlib.h>
#include <string.h>

#include "aot/convert_walk.h"

/* --- guest addresses to rows --------------------------------------------------------------------
 */

struct row_map {
    const struct module_lines *lines;
    u64 low;
    u32 words;
    u32 *row; /* of each code word: number + FIRST_ROW of its row, or one of these */
};

enum { NOT_KNOWN, SEQUENCE_ENDS, FIRST_ROW };

/* The row holds from its address up to the next one's, which is in the same sequence or its end. */
static void mark_row(struct row_map *map, u32 n)
{
    const struct module_line *row = &map->lines->row[n];
    u64 word = (row[0].pc - map->low) / 4, behind = (row[1].pc - map->low) / 4;
    if (row[0].pc < map->low || word >= map->words || row[1].pc <= row[0].pc) return;
    if (row[0].pc % 4 == 0) map->row[word] = n + FIRST_ROW;
    if (!row[1].file && behind < map->words && !map->row[behind]) map->row[behind] = SEQUENCE_ENDS;
}

/* Of a sequence that isn't in the code at its start, the linker has left out the code. Rows of
 * several sequences for one address, which only a damaged table has, cost no more than others. */
static void map_rows(struct row_map *map, struct arena *arena)
{
    const struct module_lines *lines = map->lines;
    u64 start = 0;
    map->row = arena_zalloc(arena, map->words * sizeof *map->row);
    for (u32 n = 0; n + 1 < lines->row_count; n++) {
        if (!lines->row[n].file) continue;
        if (!n || !lines->row[n - 1].file) start = lines->row[n].pc;
        if (start >= map->low) mark_row(map, n);
    }
    for (u32 n = 1; n < map->words; n++)
        if (map->row[n] == NOT_KNOWN) map->row[n] = map->row[n - 1];
}

/* NULL: the DWARF says nothing of pc. */
static const struct module_line *row_of(const struct row_map *map, u64 pc)
{
    u64 word = (pc - map->low) / 4;
    u32 row = pc >= map->low && word < map->words ? map->row[word] : NOT_KNOWN;
    return row >= FIRST_ROW ? &map->lines->row[row - FIRST_ROW] : NULL;
}

/* --- host code to rows --------------------------------------------------------------------------
 */

struct line_maker {
    struct row_map map;
    u32 *path;              /* of each of the module's: 1 if it is used, then its new number */
    struct image_line *out; /* NULL: lines are but counted, and paths found */
    u32 count;
    struct image_line now, last; /* where we are; what was written last */
};

static void write_line(struct line_maker *k)
{
    if (k->now.file == k->last.file && k->now.line == k->last.line) return;
    k->last = k->now;
    if (k->out) {
        k->out[k->count] = k->now;
        k->out[k->count].file = k->path[k->now.file];
    } else {
        k->path[k->now.file] = 1;
    }
    k->count++;
}

static void go_to(struct line_maker *k, u32 at, const struct module_line *row)
{
    k->now = (struct image_line){at, row ? row->file : 0, row ? row->line : 0};
    write_line(k);
}

static void visit_step(void *context, u32 at, u64 pc)
{
    struct line_maker *k = context;
    go_to(k, at, row_of(&k->map, pc));
}

static void go_through(struct line_maker *k, const struct walk *w)
{
    k->now = k->last = (struct image_line){0};
    k->count = 0;
    image_for_each_step(&w->builder, visit_step, k);
    go_to(k, w->out->header.text_size, NULL);
}

/* --- paths --------------------------------------------------------------------------------------
 */

struct used_path {
    const char *text;
    size_t directory; /* its length */
    u32 number;       /* as the module has it */
};

/* Those of a directory side by side, equal ones too. */
static int by_directory(const void *a, const void *b)
{
    const struct used_path *x = a, *y = b;
    size_t shared = x->directory < y->directory ? x->directory : y->directory;
    int order = memcmp(x->text, y->text, shared);
    if (!order) order = x->directory < y->directory ? -1 : x->directory > y->directory;
    return order ? order : strcmp(x->text, y->text);
}

/* Gives each path that is used its number. False: there are too many. */
static bool number_paths(struct line_maker *k, struct arena *arena, struct image_debug *d)
{
    const struct module_lines *lines = k->map.lines;
    struct used_path *used = arena_alloc(arena, lines->path_count * sizeof *used);
    u64 count = 0, bytes = 0;
    for (u32 n = 1; n < lines->path_count; n++) {
        const char *text = lines->path[n], *slash = strrchr(text, '/');
        if (!k->path[n]) continue;
        used[count++] = (struct used_path){text, slash ? (size_t)(slash - text) : 0, n};
        bytes += strlen(text) + 1;
    }
    if (bytes > IMAGE_PATHS_MAX) return false;
    qsort(used, count, sizeof *used, by_directory);
    d->path = arena_alloc(arena, count * sizeof *d->path);
    for (u64 n = 0; n < count; n++) {
        if (!n || strcmp(used[n].text, used[n - 1].text) != 0)
            d->path[d->path_count++] = used[n].text;
        k->path[used[n].number] = d->path_count;
    }
    return true;
}

void convert_insn_lines(struct walk *w)
{
    static const char *path[] = {"", "/instructions"};
    u32 words = (u32)((w->high - w->low) / 4);
    struct module_line *row = arena_alloc(w->arena, (words + 1) * sizeof *row);
    for (u32 n = 0; n < words; n++)
        row[n] = (struct module_line){w->low + 4 * n, 1, (u32)(w->low / 4) + n};
    row[words] = (struct module_line){w->low + 4 * words, 0, 0};
    w->lines = (struct module_lines){row, words + 1, path, 2};
}

void convert_lines(struct walk *w)
{
    const struct image_header *h = &w->out->header;
    struct image_debug *d = &w->out->debug;
    struct line_maker k = {.map = {&w->lines, h->code_low, h->code_words, NULL}};
    if (!w->lines.row_count) return;
    map_rows(&k.map, w->arena);
    k.path = arena_zalloc(w->arena, w->lines.path_count * sizeof *k.path);
    go_through(&k, w);
    k.path[0] = 0;
    if (!k.count || k.count > IMAGE_LINES_MAX || !number_paths(&k, w->arena, d)) return;
    d->unit = w->m->soname ? w->m->soname : "program";
    d->line = k.out = arena_alloc(w->arena, k.count * sizeof *k.out);
    go_through(&k, w);
    d->line_count = k.count;
}
