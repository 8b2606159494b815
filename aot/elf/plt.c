/*
 * The procedure linkage table.
 *
 * Each stub loads an address from the table of global offsets and branches to it (AAELF64, ABI
 * addenda; binutils elfnn-aarch64.c, lld AArch64.cpp), with or without BTI and PAC:
 *
 *     [bti c]  adrp x16, page  ldr x17, [x16, #off]  add x16, x16, #off  [autia1716]  br x17
 * [nop...]
 *
 * The head of the table, which the stubs' slots lead to until they are bound, begins with
 * [bti c] stp x16, x30, [sp, #-16]!. Stubs are told by their instructions, so that all variants,
 * also mixed ones, are found; without section headers the slots' first contents say where the table
 * is.
 */
#include "aot/elf/internal.h"

#define BTI_C         0xd503245fu
#define NOP           0xd503201fu
#define AUTIA1716     0xd503219fu
#define BR_X17        0xd61f0220u
#define STP_X16_X30   0xa9bf7bf0u
#define LONGEST_STUB  8  /* words */
#define HEAD_BYTES    48 /* more than the head's size in any variant */
#define LONGEST_BYTES 24

static bool is_address_load(const u32 *w)
{
    return (w[0] & 0x9f00001f) == 0x90000010 && /* adrp x16 */
           (w[1] & 0xffc003ff) == 0xf9400211 && /* ldr x17, [x16, #] */
           (w[2] & 0xffc003ff) == 0x91000210;   /* add x16, x16, # */
}

/* Words of the stub, or of the table's head, that starts at w[0], of which `count` can be read;
 * 0: none does. */
static unsigned stub_words(const u32 *w, unsigned count)
{
    unsigned i = count && w[0] == BTI_C;
    if (i < count && w[i] == STP_X16_X30) i++;
    if (count < i + 4 || !is_address_load(w + i)) return 0;
    i += 3;
    if (w[i] == AUTIA1716) i++;
    return i < count && w[i] == BR_X17 ? i + 1 : 0;
}

static unsigned load_words(struct span s, u64 at, u32 words[LONGEST_STUB])
{
    u64 room = (s.size - at) / 4;
    unsigned count = room < LONGEST_STUB ? (unsigned)room : LONGEST_STUB;
    memcpy(words, s.at + at, count * 4);
    return count;
}

static void scan_table(struct reader *r, u64 vaddr, struct span table)
{
    u32 words[LONGEST_STUB];
    for (u64 at = 0; at + 4 <= table.size;) {
        unsigned length = stub_words(words, load_words(table, at, words));
        if (length) add_entry(r, vaddr + at, EVIDENCE_PLT);
        at += 4 * (length ? length : 1);
    }
}

static bool scan_sections(struct reader *r)
{
    bool any = false;
    u64 left = r->own->bytes.size; /* sections don't overlap */
    for (u32 i = 1; i < elf_shdr_count(r->own); i++) {
        Elf64_Shdr s = elf_shdr(r->own, i);
        const char *name = elf_section_name(r->own, &s);
        if (strcmp(name, ".plt") && strcmp(name, ".iplt") && strcmp(name, ".plt.got")) continue;
        struct span table = module_bytes(r->m, s.sh_addr, s.sh_size);
        if (table.size > left) break;
        left -= table.size;
        scan_table(r, s.sh_addr, table);
        any |= table.size > 0;
    }
    return any;
}

/* Where the first lazily bound slot leads to, 0: nowhere. */
static u64 first_slot_target(struct reader *r)
{
    const struct span table = r->dynamic.jmprel;
    for (u64 i = 0; i < table.size / sizeof(Elf64_Rela); i++) {
        Elf64_Rela e;
        u64 target;
        span_item(table, i, &e, sizeof(e));
        struct span slot = module_bytes(r->m, e.r_offset, 8);
        if (ELF64_R_TYPE(e.r_info) != R_AARCH64_JUMP_SLOT || !slot.size) continue;
        memcpy(&target, slot.at, 8);
        return target;
    }
    return 0;
}

void read_plt(struct reader *r)
{
    if (r->dynamic.tlsdesc_plt) add_entry(r, r->dynamic.tlsdesc_plt, EVIDENCE_PLT);
    if (scan_sections(r)) return;
    u64 head = first_slot_target(r);
    if (!head || head % 4 || !range_of(&r->code, head)) return;
    struct span table = module_at(r->m, head);
    u64 stubs = r->dynamic.jmprel.size / sizeof(Elf64_Rela);
    u64 length = HEAD_BYTES + stubs * LONGEST_BYTES;
    if (table.size > length) table.size = length;
    scan_table(r, head, table);
}
