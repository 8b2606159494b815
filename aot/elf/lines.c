/*
 * The line tables, by libdwarf in a child. A row names its file by a number to which an earlier
 * record has given a path, so that each path of a unit is made and sent once.
 */
#include "aot/elf/dwarf.h"

#include <stdlib.h>

enum { KIND_FILE, KIND_ROW, KIND_END };

#define MOST_FILES (1 << 20) /* of a unit */

/* Records for a byte of code. Optimised code has up to two rows for an instruction (measured in
 * Debian's libraries), and there are rows of functions that the linker has left out. */
#define MOST_ROWS_PER_BYTE 2
#define MOST_ROWS_ANYWAY   (UINT64_C(1) << 20)

struct taker {
    const struct elf_file *file;
    struct arena *arena;
    struct module_line *row;
    size_t rows, row_room;
    const char **path; /* path[0] stands for none */
    size_t paths, path_room;
    u64 text_left; /* bytes of paths to be believed */
    bool no_memory;
};

/* --- in the child ----------------------------------------------------------------------------- */

struct sender {
    FILE *out;
    u8 *seen; /* a bit for each offset of a line table that was sent: units may share them */
    u64 seen_bytes;
    u32 paths_sent; /* the number of the next */
    u32 *number;    /* by file index of the unit's table, plus one; 0: not yet sent */
    u64 numbers;
};

/* Remembers the table; true if it wasn't known. */
static bool is_new_table(struct sender *s, Dwarf_Line_Context lines)
{
    Dwarf_Unsigned offset;
    Dwarf_Error error;
    if (dwarf_srclines_table_offset(lines, &offset, &error)) return false;
    if (offset / 8 >= s->seen_bytes) {
        u64 bytes = offset / 4 + 4096;
        u8 *more = realloc(s->seen, bytes);
        if (!more) return false;
        memset(more + s->seen_bytes, 0, bytes - s->seen_bytes);
        s->seen = more;
        s->seen_bytes = bytes;
    }
    u8 bit = (u8)(1u << offset % 8), *byte = &s->seen[offset / 8];
    bool is_new = !(*byte & bit);
    *byte |= bit;
    return is_new;
}

/* The number of the row's file, plus one; 0: it has none. */
static u32 file_number(struct sender *s, Dwarf_Line row)
{
    Dwarf_Error error;
    Dwarf_Unsigned index;
    char *path;
    if (dwarf_line_srcfileno(row, &index, &error) || index >= s->numbers) return 0;
    if (!s->number[index] && !dwarf_linesrc(row, &path, &error)) {
        s->number[index] = ++s->paths_sent;
        send_record(s->out, (struct record){.kind = KIND_FILE}, path);
    }
    return s->number[index];
}

static void send_row(struct sender *s, Dwarf_Line row)
{
    Dwarf_Error error;
    Dwarf_Addr pc;
    Dwarf_Bool ends;
    Dwarf_Unsigned line;
    if (dwarf_lineaddr(row, &pc, &error) || dwarf_lineendsequence(row, &ends, &error) ||
        dwarf_lineno(row, &line, &error))
        return;
    u32 file = ends ? 0 : file_number(s, row);
    struct record r = {.first = pc, .third = (u32)line, .kind = ends ? KIND_END : KIND_ROW};
    r.second = file;
    if (ends || file) send_record(s->out, r, NULL);
}

static void send_table(struct sender *s, Dwarf_Line_Context lines)
{
    Dwarf_Error error;
    Dwarf_Signed first, files, end, count;
    Dwarf_Line *row;
    if (dwarf_srclines_files_indexes(lines, &first, &files, &end, &error) || end < 0 ||
        end > MOST_FILES || dwarf_srclines_from_linecontext(lines, &row, &count, &error))
        return;
    s->numbers = (u64)end + 1;
    s->number = calloc(s->numbers, sizeof(*s->number));
    for (Dwarf_Signed i = 0; s->number && i < count; i++) send_row(s, row[i]);
    free(s->number);
}

static void visit_unit(void *context, Dwarf_Debug debug, Dwarf_Die unit)
{
    (void)debug;
    struct sender *s = context;
    Dwarf_Error error;
    Dwarf_Unsigned version;
    Dwarf_Small tables;
    Dwarf_Line_Context lines;
    if (dwarf_srclines_b(unit, &version, &tables, &lines, &error)) return;
    if (tables == 1 && is_new_table(s, lines)) send_table(s, lines);
    dwarf_srclines_dealloc_b(lines);
}

static bool find_rows(void *context, FILE *out)
{
    struct sender s = {.out = out};
    return for_each_unit(((struct taker *)context)->file, visit_unit, &s);
}

/* --- in the parent ---------------------------------------------------------------------------- */

/* Room for one more; what was there stays if there is no memory. */
static bool make_room(struct taker *t, void *list, size_t count, size_t *room, size_t size)
{
    void *old, *more;
    if (count < *room) return true;
    memcpy(&old, list, sizeof(old));
    more = realloc(old, (2 * *room + 1024) * size);
    t->no_memory |= !more;
    if (!more) return false;
    memcpy(list, &more, sizeof(more));
    *room = 2 * *room + 1024;
    return true;
}

static void take_path(struct taker *t, u32 length, const char *text)
{
    if (!make_room(t, &t->path, t->paths, &t->path_room, sizeof(*t->path))) return;
    const char **path = &t->path[t->paths++];
    *path = "?";
    if (!length || length > t->text_left) return;
    t->text_left -= length;
    *path = memcpy(arena_alloc(t->arena, length + 1u), text, length + 1u);
}

static void take_record(void *context, const struct record *record, const char *text)
{
    struct taker *t = context;
    if (record->kind == KIND_FILE) {
        take_path(t, record->length, text);
        return;
    }
    bool ends = record->kind == KIND_END;
    if (!ends && (!record->second || record->second >= t->paths)) return;
    if (!make_room(t, &t->row, t->rows, &t->row_room, sizeof(*t->row))) return;
    t->row[t->rows++] =
        (struct module_line){record->first, ends ? 0 : (u32)record->second, record->third};
}

static u64 most_rows(const struct module *m)
{
    u64 code = 0;
    for (u32 n = 0; n < m->segment_count; n++)
        if (m->segment[n].flags & PF_X) code += m->segment[n].filesz;
    return MOST_ROWS_ANYWAY + MOST_ROWS_PER_BYTE * code;
}

static void *keep(struct arena *arena, const void *list, size_t size)
{
    return memcpy(arena_alloc(arena, size), list, size);
}

void module_lines(const struct module *m, struct arena *arena, struct module_lines *out)
{
    struct taker t = {.file = file_with_dwarf(m->files), .arena = arena};
    *out = (struct module_lines){0};
    if (!t.file) return;
    t.text_left = 16 * t.file->bytes.size;
    take_path(&t, 0, "");
    struct work w = {find_rows, take_record, &t, most_rows(m), dwarf_memory(t.file->bytes.size)};
    if (do_apart(&w) && !t.no_memory && t.rows) {
        t.path[0] = "";
        out->row = keep(arena, t.row, t.rows * sizeof(*t.row));
        out->row_count = (u32)t.rows;
        out->path = keep(arena, t.path, t.paths * sizeof(*t.path));
        out->path_count = (u32)t.paths;
    }
    free(t.row);
    free(t.path);
}
