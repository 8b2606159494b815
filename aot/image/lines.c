/*
 * One compilation unit for all of the image, without functions or types: names are in the symbol
 * table. Of version 4, which every reader knows, and which has no tables of directories and files
 * that start with the unit's own.
 *
 * Formats: DWARF 4, 6.2 (.debug_line), 7.5 (.debug_info, .debug_abbrev).
 */
#include "aot/image/lines.h"

#include <libdwarf/dwarf.h>
#include <stdlib.h>
#include <string.h>

#define VERSION    4
#define ROOM_LEAST 4096

/* Special opcodes move line and address at once: by LINE_BASE to LINE_BASE + LINE_RANGE - 1 lines.
 * Host code of a guest line is 20 bytes in the middle: a small range leaves much for addresses. */
#define LINE_BASE   (-2)
#define LINE_RANGE  8
#define OPCODE_BASE (DW_LNS_set_isa + 1)

enum { ABBREV_UNIT = 1 };

/* --- bytes --------------------------------------------------------------------------------------
 */

static void put(struct section_bytes *b, const void *data, size_t size)
{
    if (size > b->room - b->size) {
        u64 room = 2 * b->room + size + ROOM_LEAST;
        u8 *more = realloc(b->at, room);
        b->no_memory |= !more;
        if (!more) return;
        b->at = more;
        b->room = room;
    }
    memcpy(b->at + b->size, data, size);
    b->size += size;
}

static void put_u8(struct section_bytes *b, u8 v)
{
    put(b, &v, 1);
}

static void put_u32(struct section_bytes *b, u32 v)
{
    put(b, &v, 4);
}

static void put_u64(struct section_bytes *b, u64 v)
{
    put(b, &v, 8);
}

static void put_uleb(struct section_bytes *b, u64 v)
{
    for (; v >= 0x80; v >>= 7) put_u8(b, (u8)(v | 0x80));
    put_u8(b, (u8)v);
}

static void put_sleb(struct section_bytes *b, s64 v)
{
    for (; v < -0x40 || v >= 0x40; v >>= 7) put_u8(b, (u8)(v | 0x80));
    put_u8(b, (u8)(v & 0x7f));
}

static void put_string(struct section_bytes *b, const char *text)
{
    put(b, text, strlen(text) + 1);
}

/* A length in front of what it counts: its place, and what fills it in at the end. */
static u64 begin_counted(struct section_bytes *b)
{
    put_u32(b, 0);
    return b->size;
}

static void end_counted(struct section_bytes *b, u64 start)
{
    u32 size = (u32)(b->size - start);
    if (!b->no_memory) memcpy(b->at + start - 4, &size, 4);
}

/* --- .debug_info, .debug_abbrev -----------------------------------------------------------------
 */

static void make_unit(struct line_sections *s, const struct image_header *h, const char *name)
{
    static const u8 abbrev[] = {ABBREV_UNIT,
                                DW_TAG_compile_unit,
                                DW_CHILDREN_no,
                                DW_AT_name,
                                DW_FORM_string,
                                DW_AT_stmt_list,
                                DW_FORM_sec_offset,
                                DW_AT_low_pc,
                                DW_FORM_addr,
                                DW_AT_high_pc,
                                DW_FORM_data4,
                                0,
                                0,
                                0};
    put(&s->abbrev, abbrev, sizeof abbrev);
    u64 start = begin_counted(&s->info);
    put(&s->info, &(u16){VERSION}, 2);
    put_u32(&s->info, 0); /* its abbreviations */
    put_u8(&s->info, 8);  /* bytes of an address */
    put_uleb(&s->info, ABBREV_UNIT);
    put_string(&s->info, name);
    put_u32(&s->info, 0); /* its line table */
    put_u64(&s->info, h->text);
    put_u32(&s->info, h->text_size);
    end_counted(&s->info, start);
}

/* --- .debug_line: header ------------------------------------------------------------------------
 */

/* The length of a path's directory; 0: it has none that the format can do without the rest. */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? (size_t)(slash - path) : 0;
}

/* Whether the directory of path n isn't that of the one before. */
static bool is_new_directory(const struct image_debug *d, u32 n)
{
    size_t length = directory_length(d->path[n]);
    return length && (!n || directory_length(d->path[n - 1]) != length ||
                      memcmp(d->path[n - 1], d->path[n], length) != 0);
}

static void put_paths(struct section_bytes *b, const struct image_debug *d)
{
    u64 directory = 0;
    for (u32 n = 0; n < d->path_count; n++) {
        if (!is_new_directory(d, n)) continue;
        put(b, d->path[n], directory_length(d->path[n]));
        put_u8(b, 0);
    }
    put_u8(b, 0);
    for (u32 n = 0; n < d->path_count; n++) {
        size_t length = directory_length(d->path[n]);
        directory += is_new_directory(d, n);
        put_string(b, d->path[n] + (length ? length + 1 : 0));
        put_uleb(b, length ? directory : 0);
        put_uleb(b, 0); /* time of modification */
        put_uleb(b, 0); /* size */
    }
    put_u8(b, 0);
}

static void put_header(struct section_bytes *b, const struct image_debug *d)
{
    static const u8 operands[OPCODE_BASE - 1] = {
        [DW_LNS_advance_pc - 1] = 1, [DW_LNS_advance_line - 1] = 1,     [DW_LNS_set_file - 1] = 1,
        [DW_LNS_set_column - 1] = 1, [DW_LNS_fixed_advance_pc - 1] = 1, [DW_LNS_set_isa - 1] = 1,
    };
    put(b, &(u16){VERSION}, 2);
    u64 start = begin_counted(b);
    put_u8(b, 1); /* least bytes of an instruction */
    put_u8(b, 1); /* operations of an instruction */
    put_u8(b, 1); /* every row starts a statement */
    put_u8(b, (u8)LINE_BASE);
    put_u8(b, LINE_RANGE);
    put_u8(b, OPCODE_BASE);
    put(b, operands, sizeof operands);
    put_paths(b, d);
    end_counted(b, start);
}

/* --- .debug_line: rows --------------------------------------------------------------------------
 */

/* The state of the line number machine. */
struct machine {
    u32 at, file, line;
    bool runs; /* in the middle of a sequence */
};

/* Opens a sequence there. */
static void begin_sequence(struct section_bytes *b, struct machine *m, u64 text, u32 at)
{
    put_u8(b, 0);
    put_uleb(b, 9);
    put_u8(b, DW_LNE_set_address);
    put_u64(b, text + at);
    *m = (struct machine){at, 1, 1, true};
}

static void end_sequence(struct section_bytes *b, struct machine *m, u32 at)
{
    put_u8(b, DW_LNS_advance_pc);
    put_uleb(b, at - m->at);
    put_u8(b, 0);
    put_uleb(b, 1);
    put_u8(b, DW_LNE_end_sequence);
    m->runs = false;
}

/* Goes `forward` bytes and some lines, and makes a row. */
static void put_row(struct section_bytes *b, u32 forward, s64 lines)
{
    const u32 most = (255 - OPCODE_BASE) / LINE_RANGE; /* bytes that an opcode can go */
    if (lines < LINE_BASE || lines >= LINE_BASE + LINE_RANGE) {
        put_u8(b, DW_LNS_advance_line);
        put_sleb(b, lines);
        lines = 0;
    }
    u32 opcode = OPCODE_BASE + (u32)(lines - LINE_BASE), here = (255 - opcode) / LINE_RANGE;
    if (forward > here + most) {
        put_u8(b, DW_LNS_advance_pc);
        put_uleb(b, forward);
        forward = 0;
    } else if (forward > here) {
        put_u8(b, DW_LNS_const_add_pc);
        forward -= most;
    }
    put_u8(b, (u8)(opcode + LINE_RANGE * forward));
}

static void put_line(struct section_bytes *b, struct machine *m, u64 text,
                     const struct image_line *l)
{
    if (!l->file) {
        if (m->runs) end_sequence(b, m, l->at);
        return;
    }
    if (!m->runs) begin_sequence(b, m, text, l->at);
    if (l->file != m->file) {
        put_u8(b, DW_LNS_set_file);
        put_uleb(b, l->file);
    }
    put_row(b, l->at - m->at, (s64)l->line - m->line);
    *m = (struct machine){l->at, l->file, l->line, true};
}

bool image_lines(const struct image_header *h, const struct image_debug *d,
                 struct line_sections *out)
{
    struct machine m = {0};
    *out = (struct line_sections){0};
    make_unit(out, h, d->unit);
    u64 start = begin_counted(&out->line);
    put_header(&out->line, d);
    for (u32 n = 0; n < d->line_count; n++) put_line(&out->line, &m, h->text, &d->line[n]);
    if (m.runs) end_sequence(&out->line, &m, h->text_size);
    end_counted(&out->line, start);
    return !out->info.no_memory && !out->abbrev.no_memory && !out->line.no_memory;
}

void image_lines_free(struct line_sections *s)
{
    free(s->info.at);
    free(s->abbrev.at);
    free(s->line.at);
}
