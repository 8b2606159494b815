/*
 * The dynamic section: what it says in words (soname, needed, ...) and where it says the tables
 * are.
 */
#include "aot/elf/internal.h"

static struct span dynamic_section(struct reader *r)
{
    for (u32 i = 0; i < elf_phdr_count(r->own); i++) {
        Elf64_Phdr p = elf_phdr(r->own, i);
        if (p.p_type == PT_DYNAMIC) return module_bytes(r->m, p.p_vaddr, p.p_filesz);
    }
    return (struct span){NULL, 0};
}

struct table_places { /* addresses and sizes, until all tags have been seen */
    u64 rela, relasz, jmprel, pltrelsz, pltrel, relr, relrsz;
    u64 array[3], arraysz[3];
};

static void take_place(struct dynamic *d, struct table_places *t, const Elf64_Dyn *e)
{
    u64 v = e->d_un.d_val;
    switch (e->d_tag) {
    case DT_RELA: t->rela = v; break;
    case DT_RELASZ: t->relasz = v; break;
    case DT_JMPREL: t->jmprel = v; break;
    case DT_PLTRELSZ: t->pltrelsz = v; break;
    case DT_PLTREL: t->pltrel = v; break;
    case DT_RELR: t->relr = v; break;
    case DT_RELRSZ: t->relrsz = v; break;
    case DT_INIT_ARRAY: t->array[0] = v; break;
    case DT_INIT_ARRAYSZ: t->arraysz[0] = v; break;
    case DT_FINI_ARRAY: t->array[1] = v; break;
    case DT_FINI_ARRAYSZ: t->arraysz[1] = v; break;
    case DT_PREINIT_ARRAY: t->array[2] = v; break;
    case DT_PREINIT_ARRAYSZ: t->arraysz[2] = v; break;
    case DT_SYMTAB: d->symtab = v; break;
    case DT_STRTAB: d->strtab = v; break;
    case DT_STRSZ: d->strsz = v; break;
    case DT_HASH: d->hash = v; break;
    case DT_GNU_HASH: d->gnu_hash = v; break;
    case DT_INIT: d->init = v; break;
    case DT_FINI: d->fini = v; break;
    case DT_TLSDESC_PLT: d->tlsdesc_plt = v; break;
    default: break;
    }
}

static void take_word(struct reader *r, const Elf64_Dyn *e)
{
    struct module *m = r->m;
    const char *text = span_string(r->dynamic.table.strings, e->d_un.d_val);
    switch (e->d_tag) {
    case DT_SONAME: m->soname = text; break;
    case DT_RPATH: m->rpath = text; break;
    case DT_RUNPATH: m->runpath = text; break;
    case DT_NEEDED:
        if (text) m->needed[m->needed_count++] = text;
        break;
    case DT_TEXTREL: m->text_relocations = true; break;
    case DT_FLAGS:
        if (e->d_un.d_val & DF_TEXTREL) m->text_relocations = true;
        break;
    default: break;
    }
}

/* The greatest index in a chain of DT_GNU_HASH, plus one. */
static u64 gnu_hash_symbols(const struct module *m, u64 vaddr)
{
    u32 head[4]; /* buckets, first symbol, bloom words, shift */
    struct span table = module_at(m, vaddr);
    if (table.size < sizeof(head)) return 0;
    memcpy(head, table.at, sizeof(head));
    u64 start = sizeof(head) + (u64)head[2] * 8;
    struct span buckets = span_part(table, start, (u64)head[0] * 4);
    u64 last = 0;
    for (u64 i = 0; i < buckets.size / 4; i++) {
        u32 first;
        span_item(buckets, i, &first, 4);
        if (first > last) last = first;
    }
    if (last < head[1]) return head[1];
    u64 chains = start + buckets.size;
    if (chains > table.size) return 0;
    struct span chain = span_part(table, chains, table.size - chains);
    for (u64 i = last - head[1]; i < chain.size / 4; i++) {
        u32 hash;
        span_item(chain, i, &hash, 4);
        if (hash & 1) return i + head[1] + 1;
    }
    return 0;
}

/* No tag tells the number of symbols; the hash tables do. */
static u64 symbol_count(struct reader *r)
{
    const struct dynamic *d = &r->dynamic;
    u32 head[2]; /* buckets, chains: one for each symbol */
    struct span hash = module_bytes(r->m, d->hash, sizeof(head));
    if (d->hash && hash.size) {
        memcpy(head, hash.at, sizeof(head));
        return head[1];
    }
    u64 count = d->gnu_hash ? gnu_hash_symbols(r->m, d->gnu_hash) : 0;
    if (!count && d->strtab > d->symtab) count = (d->strtab - d->symtab) / sizeof(Elf64_Sym);
    return count;
}

/* Without section headers nobody else says that these are no code. */
static void add_table_as_data(struct reader *r, u64 vaddr, struct span table)
{
    if (table.size) add_range(r, &r->data, vaddr, vaddr + table.size);
}

static void find_tables(struct reader *r, const struct table_places *t)
{
    struct dynamic *d = &r->dynamic;
    d->table.strings = span_strings(module_bytes(r->m, d->strtab, d->strsz));
    d->table.symbols = module_at(r->m, d->symtab);
    u64 count = symbol_count(r), room = d->table.symbols.size / sizeof(Elf64_Sym);
    d->table.symbols.size = (count < room ? count : room) * sizeof(Elf64_Sym);
    d->rela = module_bytes(r->m, t->rela, t->relasz);
    if (t->pltrel == DT_RELA) d->jmprel = module_bytes(r->m, t->jmprel, t->pltrelsz);
    d->relr = module_bytes(r->m, t->relr, t->relrsz);
    for (unsigned i = 0; i < 3; i++)
        if (module_bytes(r->m, t->array[i], t->arraysz[i]).size)
            d->arrays[i] = (struct guest_range){t->array[i], t->array[i] + t->arraysz[i]};
    add_table_as_data(r, d->strtab, d->table.strings);
    add_table_as_data(r, d->symtab, d->table.symbols);
    add_table_as_data(r, t->rela, d->rela);
    add_table_as_data(r, t->jmprel, d->jmprel);
    add_table_as_data(r, t->relr, d->relr);
}

void read_dynamic(struct reader *r)
{
    struct span section = dynamic_section(r);
    u64 count = section.size / sizeof(Elf64_Dyn), used = 0, needed = 0;
    struct table_places places = {0};
    Elf64_Dyn e;
    for (; used < count; used++) {
        span_item(section, used, &e, sizeof(e));
        if (e.d_tag == DT_NULL) break;
        needed += e.d_tag == DT_NEEDED;
        take_place(&r->dynamic, &places, &e);
    }
    r->dynamic.present = used > 0;
    find_tables(r, &places);
    r->m->needed = arena_alloc(r->arena, needed * sizeof(*r->m->needed));
    for (u64 i = 0; i < used; i++) {
        span_item(section, i, &e, sizeof(e));
        take_word(r, &e);
    }
}
