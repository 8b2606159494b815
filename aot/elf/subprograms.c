/*
 * Functions by DWARF: subprograms with code of their own (not declarations, not inlined instances),
 * in units, namespaces, modules and types, and the nested functions of languages that have such.
 *
 * A subprogram with DW_AT_ranges is in parts, and each part is entered from elsewhere: all are
 * entries. The name is the linkage name, so that it is the same as the symbol's.
 */
#include "aot/elf/dwarf.h"

#define DEEPEST   16 /* nesting of scopes */
#define NAME_HOPS 4  /* abstract origin, then specification, ... */

struct walk {
    Dwarf_Debug debug;
    FILE *out;
    u64 left;        /* DIEs to look at: each takes a byte at least */
    u64 ranges_left; /* list entries: likewise, but lists can be shared */
    bool nested;     /* the unit's language has functions in functions */
};

static void send_function(struct walk *w, u64 start, u64 end, const char *name)
{
    if (end > start)
        send_record(w->out, (struct record){.first = start, .second = end - start}, name);
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *string_attribute(Dwarf_Die die, Dwarf_Half number)
{
    Dwarf_Attribute a;
    Dwarf_Error error;
    char *text = NULL;
    if (dwarf_attr(die, number, &a, &error)) return NULL;
    if (dwarf_formstring(a, &text, &error)) text = NULL;
    dwarf_dealloc_attribute(a);
    return text && *text ? text : NULL;
}

/* The DIE that an attribute of this file refers to. */
static bool referred(struct walk *w, Dwarf_Die die, Dwarf_Half number, Dwarf_Die *out)
{
    Dwarf_Attribute a;
    Dwarf_Error error;
    Dwarf_Half form;
    Dwarf_Off offset;
    if (dwarf_attr(die, number, &a, &error)) return false;
    bool here = !dwarf_whatform(a, &form, &error) && form != DW_FORM_GNU_ref_alt &&
                form != DW_FORM_ref_sup4 && form != DW_FORM_ref_sup8 && form != DW_FORM_ref_sig8 &&
                !dwarf_global_formref(a, &offset, &error);
    dwarf_dealloc_attribute(a);
    return here && !dwarf_offdie_b(w->debug, offset, true, out, &error);
}

static const char *name_of(struct walk *w, Dwarf_Die die)
{
    const char *name = NULL, *plain = NULL;
    Dwarf_Die at = die, next;
    for (unsigned hop = 0; hop < NAME_HOPS; hop++) {
        name = string_attribute(at, DW_AT_linkage_name);
        if (!name) name = string_attribute(at, DW_AT_MIPS_linkage_name);
        if (!plain) plain = string_attribute(at, DW_AT_name);
        bool more = !name && (referred(w, at, DW_AT_abstract_origin, &next) ||
                              referred(w, at, DW_AT_specification, &next));
        if (at != die) dwarf_dealloc_die(at);
        at = die;
        if (!more) return name ? name : plain;
        at = next;
    }
    if (at != die) dwarf_dealloc_die(at);
    return plain;
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* DWARF 5: .debug_rnglists. */
static void send_range_list(struct walk *w, Dwarf_Attribute a, Dwarf_Half form, u64 value,
                            const char *name)
{
    Dwarf_Rnglists_Head head;
    Dwarf_Unsigned count, offset;
    Dwarf_Error error;
    if (dwarf_rnglists_get_rle_head(a, form, value, &head, &count, &offset, &error)) return;
    w->ranges_left -= count < w->ranges_left ? count : w->ranges_left;
    for (Dwarf_Unsigned i = 0; i < count; i++) {
        unsigned length, kind;
        Dwarf_Unsigned raw1, raw2, start, end;
        Dwarf_Bool no_address = false;
        if (dwarf_get_rnglists_entry_fields_a(head, i, &length, &kind, &raw1, &raw2, &no_address,
                                              &start, &end, &error))
            break;
        bool is_range = kind == DW_RLE_startx_endx || kind == DW_RLE_startx_length ||
                        kind == DW_RLE_offset_pair || kind == DW_RLE_start_end ||
                        kind == DW_RLE_start_length;
        if (is_range && !no_address) send_function(w, start, end, name);
    }
    dwarf_dealloc_rnglists_head(head);
}

/* Before: .debug_ranges, offsets from the unit's base or from what the list says. */
static void send_old_ranges(struct walk *w, Dwarf_Die die, u64 value, u64 base, const char *name)
{
    Dwarf_Ranges *list;
    Dwarf_Signed count;
    Dwarf_Unsigned bytes;
    Dwarf_Off offset;
    Dwarf_Error error;
    if (dwarf_get_ranges_b(w->debug, value, die, &offset, &list, &count, &bytes, &error)) return;
    w->ranges_left -= (u64)count < w->ranges_left ? (u64)count : w->ranges_left;
    for (Dwarf_Signed i = 0; i < count; i++) {
        if (list[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
            base = list[i].dwr_addr2;
        else if (list[i].dwr_type == DW_RANGES_ENTRY)
            send_function(w, base + list[i].dwr_addr1, base + list[i].dwr_addr2, name);
    }
    dwarf_ranges_dealloc(w->debug, list, count);
}

static void send_ranges(struct walk *w, Dwarf_Die die, u64 base, const char *name)
{
    Dwarf_Attribute a;
    Dwarf_Error error;
    Dwarf_Half form, version, offset_size;
    Dwarf_Unsigned value;
    if (!w->ranges_left || dwarf_attr(die, DW_AT_ranges, &a, &error)) return;
    if (!dwarf_get_version_of_die(die, &version, &offset_size) &&
        !dwarf_whatform(a, &form, &error)) {
        bool is_index = form == DW_FORM_rnglistx;
        bool have = is_index ? !dwarf_formudata(a, &value, &error)
                             : !dwarf_global_formref(a, &value, &error);
        if (have && version >= 5)
            send_range_list(w, a, form, value, name);
        else if (have && !is_index)
            send_old_ranges(w, die, value, base, name);
    }
    dwarf_dealloc_attribute(a);
}

/* --- the walk --------------------------------------------------------------------------------- */

static void take_subprogram(struct walk *w, Dwarf_Die die, u64 base)
{
    Dwarf_Error error;
    Dwarf_Addr low, high;
    Dwarf_Half form;
    enum Dwarf_Form_Class class;
    Dwarf_Bool in_parts = false;
    if (dwarf_lowpc(die, &low, &error)) {
        if (!dwarf_hasattr(die, DW_AT_ranges, &in_parts, &error) && in_parts)
            send_ranges(w, die, base, name_of(w, die));
        return;
    }
    if (dwarf_highpc_b(die, &high, &form, &class, &error)) return;
    if (class == DW_FORM_CLASS_CONSTANT) high += low;
    send_function(w, low, high, name_of(w, die));
}

static bool holds_functions(Dwarf_Half tag)
{
    switch (tag) {
    case DW_TAG_subprogram:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type: return true;
    default: return false;
    }
}

static void walk_children(struct walk *w, Dwarf_Die parent, u64 base, unsigned depth)
{
    Dwarf_Error error;
    Dwarf_Die die, next;
    if (depth == DEEPEST || dwarf_child(parent, &die, &error)) return;
    while (w->left && w->left--) {
        Dwarf_Half tag;
        if (!dwarf_tag(die, &tag, &error) && holds_functions(tag)) {
            if (tag == DW_TAG_subprogram) take_subprogram(w, die, base);
            if (tag != DW_TAG_subprogram || w->nested) walk_children(w, die, base, depth + 1);
        }
        bool more = !dwarf_siblingof_b(w->debug, die, true, &next, &error);
        dwarf_dealloc_die(die);
        if (!more) return;
        die = next;
    }
    dwarf_dealloc_die(die);
}

/* Of most units all that is in functions, which is most of it, can be passed over. GNU C has nested
 * functions too, but so rarely that symbols and unwind tables must do for them. */
static bool has_nested_functions(Dwarf_Die unit)
{
    Dwarf_Unsigned language;
    Dwarf_Error error;
    if (dwarf_srclang(unit, &language, &error)) return true;
    switch (language) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC:
    case DW_LANG_ObjC_plus_plus:
    case DW_LANG_Rust:
    case DW_LANG_Go:
    case DW_LANG_Mips_Assembler: return false;
    default: return true;
    }
}

static void visit_unit(void *context, Dwarf_Debug debug, Dwarf_Die unit)
{
    struct walk *w = context;
    Dwarf_Addr base = 0;
    Dwarf_Error error;
    w->debug = debug;
    if (dwarf_lowpc(unit, &base, &error)) base = 0;
    w->nested = has_nested_functions(unit);
    walk_children(w, unit, base, 0);
}

/* --- both sides of the pipe ------------------------------------------------------------------- */

static bool find_subprograms(void *context, FILE *out)
{
    const struct elf_file *f = file_with_dwarf(((struct reader *)context)->m->files);
    struct walk w = {.out = out, .left = f->bytes.size * 32, .ranges_left = f->bytes.size};
    return for_each_unit(f, visit_unit, &w);
}

static void take_function(void *context, const struct record *record, const char *text)
{
    struct reader *r = context;
    char *name = NULL;
    if (record->first % 4 || !range_of(&r->code, record->first)) return;
    if (record->length && record->length <= r->name_bytes_left) {
        r->name_bytes_left -= record->length;
        name = arena_alloc(r->arena, record->length + 1u);
        memcpy(name, text, record->length + 1u);
    }
    add_function(r, record->first, record->second, name, EVIDENCE_DWARF, 0);
}

void read_dwarf(struct reader *r)
{
    const struct elf_file *f = file_with_dwarf(r->m->files);
    if (!f) return;
    r->name_bytes_left = 16 * f->bytes.size;
    struct work w = {find_subprograms, take_function, r, f->bytes.size,
                     dwarf_memory(f->bytes.size)};
    r->dwarf_damaged = !do_apart(&w);
}
