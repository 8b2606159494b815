/*
 * Symbol tables: .symtab of the file and of its debug file, and the dynamic one.
 *
 * Functions (STT_FUNC, STT_GNU_IFUNC: the resolver is a function like others) are entries, and so
 * are labels without type in executable sections, as in assembly. Mapping symbols (AAELF64 4.5.4)
 * tell code ($x) from data ($d): each counts to the next one or the section's end. An object
 * (STT_OBJECT) with a size among the code is data too.
 */
#include "aot/elf/internal.h"

#include <stdlib.h>

/* Which symbol's name is shown of several for one address. */
enum rank { RANK_GLOBAL, RANK_WEAK, RANK_LOCAL, RANK_LABEL };

struct mark { /* a mapping symbol */
    u64 at;
    bool is_code;
};

struct marks {
    struct mark *at;
    size_t count;
};

/* 'x' or 'd' for "$x", "$d" and "$x.anything"; 0 for others. */
static char mapping_kind(const char *name)
{
    if (name[0] != '$' || (name[1] != 'x' && name[1] != 'd')) return 0;
    return !name[2] || name[2] == '.' ? name[1] : 0;
}

static unsigned rank_of(const Elf64_Sym *s)
{
    if (ELF64_ST_TYPE(s->st_info) == STT_NOTYPE) return RANK_LABEL;
    switch (ELF64_ST_BIND(s->st_info)) {
    case STB_LOCAL: return RANK_LOCAL;
    case STB_WEAK: return RANK_WEAK;
    default: return RANK_GLOBAL;
    }
}

static void take_mark(struct reader *r, struct marks *marks, u64 at, char kind)
{
    if (range_of(&r->code, at)) marks->at[marks->count++] = (struct mark){at, kind == 'x'};
}

static void take_symbol(struct reader *r, const struct symbol_table *t, const Elf64_Sym *s,
                        struct marks *marks)
{
    if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS || s->st_shndx == SHN_COMMON) return;
    unsigned type = ELF64_ST_TYPE(s->st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE && type != STT_OBJECT)
        return;
    const char *name = span_string(t->strings, s->st_name);
    char kind = name && type == STT_NOTYPE ? mapping_kind(name) : 0;
    if (kind)
        take_mark(r, marks, s->st_value, kind);
    else if (type == STT_OBJECT) {
        const struct guest_range *in = s->st_size ? range_of(&r->code, s->st_value) : NULL;
        if (in && s->st_size <= in->end - s->st_value)
            add_range(r, &r->data, s->st_value, s->st_value + s->st_size);
    } else if (type != STT_NOTYPE || (r->sections_trusted && name))
        add_function(r, s->st_value, s->st_size, name, EVIDENCE_SYMBOL, rank_of(s));
}

/* At one address code comes last: it is where an empty piece of data ended. */
static int by_place(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->is_code - y->is_code;
}

static void add_marked_data(struct reader *r, struct marks *marks)
{
    if (marks->count) qsort(marks->at, marks->count, sizeof(*marks->at), by_place);
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark *mark = &marks->at[i];
        if (mark->is_code) continue;
        u64 end = range_of(&r->code, mark->at)->end;
        if (i + 1 < marks->count && marks->at[i + 1].at < end) end = marks->at[i + 1].at;
        add_range(r, &r->data, mark->at, end);
    }
}

static void read_table(struct reader *r, const struct symbol_table *t)
{
    u64 count = t->symbols.size / sizeof(Elf64_Sym);
    note_long_names(r, t->strings);
    struct marks marks = {malloc(count * sizeof(*marks.at) + 1), 0};
    if (!marks.at) {
        r->no_memory = true;
        return;
    }
    for (u64 i = 1; i < count; i++) {
        Elf64_Sym s;
        span_item(t->symbols, i, &s, sizeof(s));
        take_symbol(r, t, &s, &marks);
    }
    add_marked_data(r, &marks);
    free(marks.at);
}

static struct symbol_table symtab_of(const struct elf_file *f)
{
    struct symbol_table t = {{NULL, 0}, {NULL, 0}};
    for (u32 i = 1; i < elf_shdr_count(f); i++) {
        Elf64_Shdr s = elf_shdr(f, i);
        if (s.sh_type != SHT_SYMTAB || s.sh_link >= elf_shdr_count(f)) continue;
        Elf64_Shdr strings = elf_shdr(f, s.sh_link);
        t.symbols = elf_section(f, &s);
        t.strings = span_strings(elf_section(f, &strings));
        break;
    }
    return t;
}

void read_symbols(struct reader *r)
{
    struct symbol_table own = symtab_of(r->own), debug = symtab_of(r->debug);
    read_table(r, &own);
    read_table(r, &debug);
    read_table(r, &r->dynamic.table);
}
