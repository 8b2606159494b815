/*
 * Unwind tables: each frame description (FDE) covers one function or one part of it, also in
 * stripped files, and may lead to a table of its landing pads (LSDA).
 *
 * .eh_frame is found through .eh_frame_hdr (PT_GNU_EH_FRAME, which unwinders use and stripping
 * leaves) or else by its section, and is read from its start to its terminator; what the header's
 * search table names besides is read too. Formats: Linux Standard Base 10.6; the LSDA as in GCC's
 * unwind-pe.h and eh_personality.cc, which C++, Rust, D and Ada share.
 *
 * A damaged table can let many descriptions share one long CIE or LSDA: a CIE is read to its first
 * bytes only, and all LSDAs together no further than the file is long.
 */
#include "aot/elf/cursor.h"

#define CIE_BYTES 256 /* all that is needed of one is at its start */

struct cie {
    u64 vaddr;
    u8 pointer_encoding, lsda_encoding;
    bool has_data_length; /* augmentation 'z' */
    bool readable;
};

struct frames {
    struct reader *r;
    struct pointer_bases bases;
    u64 vaddr; /* of .eh_frame */
    struct span bytes;
    struct cie cie; /* the last one used */
    u64 count;      /* descriptions read */
    u64 lsda_left;  /* bytes of LSDAs that may still be read */
};

/* --- landing pads ----------------------------------------------------------------------------- */

static void read_call_sites(struct frames *f, struct cursor *c, u8 encoding, u64 pads)
{
    while (c->rest.size && !c->bad) {
        cursor_encoded_number(c, encoding); /* start and length of the call's range */
        cursor_encoded_number(c, encoding);
        u64 pad = cursor_encoded_number(c, encoding);
        cursor_uleb(c); /* action */
        if (pad && !c->bad) add_entry(f->r, pads + pad, EVIDENCE_LANDING_PAD);
    }
}

static void read_lsda(struct frames *f, u64 vaddr, u64 function)
{
    struct pointer_bases bases = f->bases;
    bases.function = function;
    struct cursor c = cursor_at(module_at(f->r->m, vaddr), vaddr);
    u8 encoding = (u8)cursor_fixed(&c, 1);
    u64 pads = encoding == POINTER_OMITTED ? function : cursor_pointer(&c, encoding, &bases);
    if (cursor_fixed(&c, 1) != POINTER_OMITTED) cursor_uleb(&c); /* types: their table's end */
    encoding = (u8)cursor_fixed(&c, 1);
    u64 length = cursor_uleb(&c);
    struct span table = span_part(c.rest, 0, length);
    if (c.bad || !table.size || table.size > f->lsda_left) return;
    f->lsda_left -= table.size;
    struct cursor sites = cursor_at(table, c.vaddr);
    read_call_sites(f, &sites, encoding, pads);
    if (!f->r->sections_trusted && !sites.bad)
        add_range(f->r, &f->r->data, vaddr, c.vaddr + table.size);
}

/* --- frame descriptions ----------------------------------------------------------------------- */

/* One CIE or FDE, cursor behind its length. Empty: no more, or damaged. */
static struct cursor record_at(const struct frames *f, u64 vaddr)
{
    u64 offset = vaddr - f->vaddr;
    if (vaddr < f->vaddr || offset >= f->bytes.size) return (struct cursor){0};
    struct cursor c = cursor_at(span_part(f->bytes, offset, f->bytes.size - offset), vaddr);
    u64 length = cursor_fixed(&c, 4);
    if (length == 0xffffffff) length = cursor_fixed(&c, 8);
    c.rest = span_part(c.rest, 0, length);
    return c;
}

static void read_augmentation(struct cie *cie, struct cursor *c, const char *letters,
                              const struct pointer_bases *bases)
{
    for (; *letters && !c->bad; letters++) {
        switch (*letters) {
        case 'z':
            cie->has_data_length = true;
            cursor_uleb(c);
            break;
        case 'R': cie->pointer_encoding = (u8)cursor_fixed(c, 1); break;
        case 'L': cie->lsda_encoding = (u8)cursor_fixed(c, 1); break;
        case 'P': {
            u8 encoding = (u8)cursor_fixed(c, 1);
            cursor_pointer(c, encoding, bases); /* the personality routine */
            break;
        }
        case 'S': /* a signal frame */
        case 'B': /* return addresses signed with the other key */
        case 'G': /* tagged stack */ break;
        default: return;
        }
    }
}

static void read_cie(struct frames *f, u64 vaddr)
{
    struct cie *cie = &f->cie;
    *cie = (struct cie){.vaddr = vaddr, .lsda_encoding = POINTER_OMITTED};
    struct cursor c = record_at(f, vaddr);
    if (c.rest.size > CIE_BYTES) c.rest.size = CIE_BYTES;
    if (c.rest.size < 8 || cursor_fixed(&c, 4)) return; /* a CIE's id is 0 */
    u64 version = cursor_fixed(&c, 1);
    const char *letters = (const char *)c.rest.at;
    const u8 *end = memchr(letters, 0, c.rest.size);
    if (!end) return;
    cursor_skip(&c, (u64)(end + 1 - c.rest.at));
    if (version == 4) cursor_skip(&c, 2); /* sizes of address and segment */
    cursor_uleb(&c);                      /* alignment factors */
    cursor_sleb(&c);
    if (version == 1) /* the return address's register */
        cursor_skip(&c, 1);
    else
        cursor_uleb(&c);
    read_augmentation(cie, &c, letters, &f->bases);
    cie->readable = !c.bad;
}

static void note_described(struct reader *r, u64 start, u64 size)
{
    const struct guest_range *in = range_of(&r->code, start);
    if (!in) return;
    u64 end = size < in->end - start ? start + size : in->end;
    if (!r->described.end || start < r->described.start) r->described.start = start;
    if (end > r->described.end) r->described.end = end;
}

/* `c` is behind the record's id, which says how far in front of itself the CIE is. */
static void read_fde(struct frames *f, struct cursor c, u64 cie_vaddr)
{
    if (f->cie.vaddr != cie_vaddr || !f->count) read_cie(f, cie_vaddr);
    f->count++;
    if (!f->cie.readable) return;
    u64 start = cursor_pointer(&c, f->cie.pointer_encoding, &f->bases);
    u64 size = cursor_encoded_number(&c, f->cie.pointer_encoding);
    if (c.bad || !start || !size) return;
    note_described(f->r, start, size);
    add_function(f->r, start, size, NULL, EVIDENCE_FRAME, 0);
    if (!f->cie.has_data_length || f->cie.lsda_encoding == POINTER_OMITTED) return;
    if (!cursor_uleb(&c)) return;
    struct pointer_bases bases = f->bases;
    bases.function = start;
    u64 lsda = cursor_pointer(&c, f->cie.lsda_encoding, &bases);
    if (lsda && !c.bad) read_lsda(f, lsda, start);
}

/* Reads the record if it is a description; returns where the next record starts, 0: nowhere. */
static u64 read_record(struct frames *f, u64 vaddr)
{
    struct cursor c = record_at(f, vaddr);
    if (c.bad || c.rest.size < 4) return 0;
    u64 next = c.vaddr + c.rest.size, id_at = c.vaddr;
    u64 id = cursor_fixed(&c, 4);
    if (id) read_fde(f, c, id_at - id);
    return next;
}

static void read_all(struct frames *f)
{
    u64 at = f->vaddr, next;
    while ((next = read_record(f, at))) at = next;
    add_range(f->r, &f->r->data, f->vaddr, at);
}

/* --- where they are --------------------------------------------------------------------------- */

struct search_table {
    struct cursor at;
    u64 count;
    u8 encoding;
};

/* .eh_frame_hdr: tells where .eh_frame is, and has a search table of descriptions. */
static bool read_header(struct frames *f, struct search_table *table)
{
    for (u32 i = 0; i < elf_phdr_count(f->r->own); i++) {
        Elf64_Phdr p = elf_phdr(f->r->own, i);
        if (p.p_type != PT_GNU_EH_FRAME) continue;
        struct cursor c = cursor_at(module_bytes(f->r->m, p.p_vaddr, p.p_filesz), p.p_vaddr);
        f->bases.data = p.p_vaddr;
        if (cursor_fixed(&c, 1) != 1) return false; /* version */
        u8 frame_encoding = (u8)cursor_fixed(&c, 1), count_encoding = (u8)cursor_fixed(&c, 1);
        table->encoding = (u8)cursor_fixed(&c, 1);
        f->vaddr = cursor_pointer(&c, frame_encoding, &f->bases);
        table->count = cursor_pointer(&c, count_encoding, &f->bases);
        table->at = c;
        f->bytes = module_at(f->r->m, f->vaddr);
        return !c.bad && f->bytes.size;
    }
    return false;
}

/* The section says where the table ends, and that it is there at all when there is no header. */
static void find_section(struct frames *f, bool have_header)
{
    Elf64_Shdr s;
    if (!elf_find_section(f->r->own, ".eh_frame", &s)) return;
    if (have_header && s.sh_addr != f->vaddr) return;
    struct span bytes = module_bytes(f->r->m, s.sh_addr, s.sh_size);
    if (!bytes.size) return;
    f->vaddr = s.sh_addr;
    f->bytes = bytes;
}

static void read_search_table(struct frames *f, struct search_table *t)
{
    if (t->encoding == POINTER_OMITTED) return;
    for (u64 i = 0; i < t->count; i++) {
        cursor_pointer(&t->at, t->encoding, &f->bases); /* where the function starts */
        u64 record = cursor_pointer(&t->at, t->encoding, &f->bases);
        if (t->at.bad) return;
        if (record) read_record(f, record);
    }
}

void read_frames(struct reader *r)
{
    struct frames f = {.r = r, .bases = {.m = r->m}, .lsda_left = r->own->bytes.size};
    struct search_table table = {.encoding = POINTER_OMITTED};
    bool have_header = read_header(&f, &table);
    find_section(&f, have_header);
    if (!f.bytes.size) return;
    read_all(&f);
    if (have_header && f.count < table.count) read_search_table(&f, &table);
}
