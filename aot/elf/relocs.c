/*
 * Relocations whose result is an address of code, and the initialisers.
 *
 * The tables are those of the dynamic section; in a static program, which has none, the allocated
 * SHT_RELA sections (__rela_iplt). What a relocation writes into an array of initialisers is called
 * by the loader, so it counts for more. A program that is linked to fixed addresses needs no
 * relocations for its pointers to functions: there, words of the data that are addresses of code
 * are taken for such pointers.
 */
#include "aot/elf/internal.h"

static bool is_initialiser(const struct reader *r, u64 slot)
{
    for (unsigned i = 0; i < 3; i++)
        if (slot >= r->dynamic.arrays[i].start && slot < r->dynamic.arrays[i].end) return true;
    return false;
}

static void take_target(struct reader *r, u64 slot, u64 target)
{
    add_entry(r, target, is_initialiser(r, slot) ? EVIDENCE_INIT : EVIDENCE_RELOC);
}

static void take_symbolic(struct reader *r, const Elf64_Rela *e)
{
    u64 index = ELF64_R_SYM(e->r_info);
    const struct span symbols = r->dynamic.table.symbols;
    if (index >= symbols.size / sizeof(Elf64_Sym)) return;
    Elf64_Sym s;
    span_item(symbols, index, &s, sizeof(s));
    if (s.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s.st_info) == STT_TLS) return;
    take_target(r, e->r_offset, s.st_value + (u64)e->r_addend);
}

static void take_rela(struct reader *r, const struct span table)
{
    for (u64 i = 0; i < table.size / sizeof(Elf64_Rela); i++) {
        Elf64_Rela e;
        span_item(table, i, &e, sizeof(e));
        switch (ELF64_R_TYPE(e.r_info)) {
        case R_AARCH64_RELATIVE:
        case R_AARCH64_IRELATIVE: take_target(r, e.r_offset, (u64)e.r_addend); break;
        case R_AARCH64_ABS64:
        case R_AARCH64_GLOB_DAT:
        case R_AARCH64_JUMP_SLOT: take_symbolic(r, &e); break;
        default: break;
        }
    }
}

static void take_word_at(struct reader *r, u64 slot)
{
    struct span word = module_bytes(r->m, slot, 8);
    u64 value;
    if (!word.size) return;
    memcpy(&value, word.at, 8);
    take_target(r, slot, value);
}

/* Even words are addresses, odd ones say which of the next 63 slots are relocated too. In a proper
 * file each slot is named once; more than there are words is no proper file. */
static void take_relr(struct reader *r, const struct span table)
{
    u64 where = 0, left = r->own->bytes.size / 8;
    for (u64 i = 0; i < table.size / 8; i++) {
        u64 word;
        span_item(table, i, &word, 8);
        if (!(word & 1)) {
            if (!left--) return;
            take_word_at(r, word);
            where = word + 8;
            continue;
        }
        u64 slot = where;
        for (word >>= 1; word; word >>= 1, slot += 8) {
            if (!(word & 1)) continue;
            if (!left--) return;
            take_word_at(r, slot);
        }
        where += 63 * 8;
    }
}

static void take_initialisers(struct reader *r)
{
    const struct dynamic *d = &r->dynamic;
    if (d->init) add_entry(r, d->init, EVIDENCE_INIT);
    if (d->fini) add_entry(r, d->fini, EVIDENCE_INIT);
    for (unsigned i = 0; i < 3; i++)
        for (u64 slot = d->arrays[i].start; slot < d->arrays[i].end; slot += 8)
            take_word_at(r, slot);
}

/* A static program's arrays and relocations, by its section headers. */
static void read_static_tables(struct reader *r)
{
    u64 left = r->own->bytes.size; /* tables don't overlap */
    for (u32 i = 1; i < elf_shdr_count(r->own); i++) {
        Elf64_Shdr s = elf_shdr(r->own, i);
        if (!(s.sh_flags & SHF_ALLOC)) continue;
        if (s.sh_type == SHT_RELA) {
            struct span table = elf_section(r->own, &s);
            if (table.size > left) break;
            left -= table.size;
            take_rela(r, table);
        }
        bool whole = module_bytes(r->m, s.sh_addr, s.sh_size).size;
        struct guest_range range = {s.sh_addr, s.sh_addr + s.sh_size};
        switch (s.sh_type) {
        case SHT_INIT_ARRAY:
            if (whole) r->dynamic.arrays[0] = range;
            break;
        case SHT_FINI_ARRAY:
            if (whole) r->dynamic.arrays[1] = range;
            break;
        case SHT_PREINIT_ARRAY:
            if (whole) r->dynamic.arrays[2] = range;
            break;
        default: break;
        }
    }
}

static void take_pointers(struct reader *r, u64 start, u64 end)
{
    start = ALIGN_UP(start, 8);
    if (start >= end) return;
    struct span words = module_bytes(r->m, start, end - start);
    for (u64 i = 0; i < words.size / 8; i++) {
        u64 value;
        span_item(words, i, &value, 8);
        add_entry(r, value, EVIDENCE_ADDRESS);
    }
}

static void read_fixed_pointers(struct reader *r)
{
    for_each_data_part(r, 0, take_pointers);
    if (r->sections_trusted || !r->described.end) return;
    for (u32 i = 0; i < r->m->segment_count; i++) { /* data beside the code, as far as is known */
        const struct module_segment *s = &r->m->segment[i];
        u64 end = s->vaddr + s->filesz;
        if (!(s->flags & PF_X)) continue;
        take_pointers(r, s->vaddr, r->described.start < end ? r->described.start : end);
        take_pointers(r, r->described.end > s->vaddr ? r->described.end : s->vaddr, end);
    }
}

void read_relocations(struct reader *r)
{
    if (!r->dynamic.present) read_static_tables(r);
    take_initialisers(r);
    take_rela(r, r->dynamic.rela);
    take_rela(r, r->dynamic.jmprel);
    take_relr(r, r->dynamic.relr);
    if (r->m->type == ET_EXEC) read_fixed_pointers(r);
}
