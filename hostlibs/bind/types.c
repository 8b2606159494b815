/*
 * Types of a probe unit, from its DWARF, as a graph: nodes are made once per DIE, and entered
 * before what they refer to is read, so that types may refer to themselves.
 *
 * Sizes that DWARF doesn't say (arrays) and alignments are worked out when a type is complete.
 */
#include "hostlibs/bind/bind.h"

#include <fcntl.h>
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slot {
    Dwarf_Off offset;
    struct ctype *type; /* NULL: free */
};

struct reader {
    const char *path;
    Dwarf_Debug dwarf;
    struct slot *slot;
    size_t room, used;
    struct probe_types *types;
};

static struct ctype nothing = {.kind = CTYPE_VOID, .name = "void"};

static struct ctype *read_type(struct reader *r, Dwarf_Die entry);

/* --- the nodes by offset ---------------------------------------------------------------------- */

static struct slot *find_slot(struct reader *r, Dwarf_Off offset)
{
    size_t i = (offset * 0x9e3779b1u) & (r->room - 1);
    while (r->slot[i].type && r->slot[i].offset != offset) i = (i + 1) & (r->room - 1);
    return &r->slot[i];
}

static void make_room(struct reader *r)
{
    struct slot *old = r->slot;
    size_t count = r->room;
    if (r->used * 2 < r->room) return;
    r->room = count ? count * 2 : 1024;
    r->slot = allocate(r->room, sizeof(*r->slot));
    for (size_t i = 0; i < count; i++)
        if (old[i].type) *find_slot(r, old[i].offset) = old[i];
    free(old);
}

/* --- attributes ------------------------------------------------------------------------------- */

static bool number(Dwarf_Die entry, Dwarf_Half name, u64 *value)
{
    Dwarf_Attribute a;
    Dwarf_Unsigned u;
    Dwarf_Signed s;
    Dwarf_Error error;
    if (dwarf_attr(entry, name, &a, &error)) return false;
    if (dwarf_formudata(a, &u, &error) == DW_DLV_OK)
        *value = u;
    else if (dwarf_formsdata(a, &s, &error) == DW_DLV_OK)
        *value = (u64)s;
    else
        return false;
    return true;
}

/* Data of fixed size has no sign in DWARF; enumerations' constants are as wide as they need. */
static s64 constant(Dwarf_Die entry)
{
    Dwarf_Attribute a;
    Dwarf_Unsigned u;
    Dwarf_Signed s;
    Dwarf_Error error;
    if (dwarf_attr(entry, DW_AT_const_value, &a, &error)) return 0;
    if (dwarf_formsdata(a, &s, &error) == DW_DLV_OK) return s;
    return dwarf_formudata(a, &u, &error) == DW_DLV_OK ? (s64)u : 0;
}

static bool has(Dwarf_Die entry, Dwarf_Half name)
{
    Dwarf_Bool present = false;
    Dwarf_Error error;
    return dwarf_hasattr(entry, name, &present, &error) == DW_DLV_OK && present;
}

static const char *name_of(Dwarf_Die entry)
{
    char *name;
    Dwarf_Error error;
    return dwarf_diename(entry, &name, &error) == DW_DLV_OK ? name : "";
}

/* The type that an attribute names; without one it is void. */
static struct ctype *type_of(struct reader *r, Dwarf_Die entry)
{
    Dwarf_Attribute a;
    Dwarf_Off offset;
    Dwarf_Die at;
    Dwarf_Error error;
    if (dwarf_attr(entry, DW_AT_type, &a, &error)) return &nothing;
    if (dwarf_global_formref(a, &offset, &error) ||
        dwarf_offdie_b(r->dwarf, offset, true, &at, &error))
        die("%s: damaged debug information", r->path);
    return read_type(r, at);
}

static Dwarf_Half tag_of(Dwarf_Die entry)
{
    Dwarf_Half tag = 0;
    Dwarf_Error error;
    dwarf_tag(entry, &tag, &error);
    return tag;
}

/* --- children --------------------------------------------------------------------------------- */

static Dwarf_Die first_child(Dwarf_Die entry)
{
    Dwarf_Die child;
    Dwarf_Error error;
    return dwarf_child(entry, &child, &error) == DW_DLV_OK ? child : NULL;
}

static Dwarf_Die next_sibling(struct reader *r, Dwarf_Die entry)
{
    Dwarf_Die next;
    Dwarf_Error error;
    return dwarf_siblingof_b(r->dwarf, entry, true, &next, &error) == DW_DLV_OK ? next : NULL;
}

/* Where a member lies: DWARF 4 and 5 count a bit-field's bits from the structure's start. */
static void place_member(Dwarf_Die entry, struct cmember *m)
{
    u64 value;
    if (number(entry, DW_AT_bit_size, &value)) m->width = (u32)value;
    if (number(entry, DW_AT_data_bit_offset, &value))
        m->bit = value;
    else if (number(entry, DW_AT_data_member_location, &value))
        m->bit = value * 8;
}

static void read_members(struct reader *r, Dwarf_Die entry, struct ctype *t, Dwarf_Half wanted)
{
    for (Dwarf_Die c = first_child(entry); c; c = next_sibling(r, c)) {
        if (tag_of(c) == DW_TAG_unspecified_parameters) t->variadic = true;
        if (tag_of(c) != wanted) continue;
        struct cmember m = {.name = name_of(c)};
        if (wanted == DW_TAG_enumerator)
            m.value = constant(c);
        else
            m.type = type_of(r, c);
        if (wanted == DW_TAG_member) place_member(c, &m);
        t->member = grow(t->member, t->count, sizeof(m));
        t->member[t->count++] = m;
    }
}

/* One node stands for all dimensions. */
static void read_bounds(struct reader *r, Dwarf_Die entry, struct ctype *t)
{
    t->elements = 1;
    for (Dwarf_Die c = first_child(entry); c; c = next_sibling(r, c)) {
        u64 n;
        if (tag_of(c) != DW_TAG_subrange_type) continue;
        if (number(c, DW_AT_count, &n))
            t->elements *= n;
        else if (number(c, DW_AT_upper_bound, &n))
            t->elements *= n + 1;
        else
            t->elements = 0;
    }
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void take_size(struct ctype *t)
{
    struct ctype *of = t->target;
    if (t->kind == CTYPE_ARRAY || t->kind == CTYPE_VECTOR) {
        t->size = of->size * t->elements;
        t->align = t->kind == CTYPE_VECTOR ? (u32)t->size : of->align;
    } else if (t->kind >= CTYPE_TYPEDEF) {
        t->size = of->size;
        t->align = of->align;
    }
}

/* What has no tag is known by its typedef. */
static void lend_name(const struct ctype *t)
{
    struct ctype *of = t->target;
    if (t->kind != CTYPE_TYPEDEF || *of->name || of->kind < CTYPE_STRUCT || of->kind > CTYPE_ENUM)
        return;
    of->name = t->name;
    of->untagged = true;
}

/* The alignment that members give a structure, less what it shows not to have: it is packed. */
static void take_align(struct ctype *t)
{
    t->align = 1;
    for (u32 i = 0; i < t->count; i++)
        if (t->member[i].type->align > t->align) t->align = t->member[i].type->align;
    for (u32 i = 0; i < t->count; i++)
        while (!t->member[i].width && t->align > 1 && t->member[i].type->align >= t->align &&
               t->member[i].bit / 8 % t->align)
            t->align /= 2;
    while (t->align > 1 && t->size % t->align) t->align /= 2;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static enum ctype_kind kind_of(Dwarf_Die entry)
{
    switch (tag_of(entry)) {
    case DW_TAG_base_type: return CTYPE_BASE;
    case DW_TAG_pointer_type: return CTYPE_POINTER;
    case DW_TAG_structure_type: return CTYPE_STRUCT;
    case DW_TAG_union_type: return CTYPE_UNION;
    case DW_TAG_enumeration_type: return CTYPE_ENUM;
    case DW_TAG_array_type: return has(entry, DW_AT_GNU_vector) ? CTYPE_VECTOR : CTYPE_ARRAY;
    case DW_TAG_subroutine_type: return CTYPE_FUNCTION;
    case DW_TAG_typedef: return CTYPE_TYPEDEF;
    case DW_TAG_const_type: return CTYPE_CONST;
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type: return CTYPE_QUALIFIED;
    default: return CTYPE_VOID;
    }
}

static void fill(struct reader *r, Dwarf_Die entry, struct ctype *t)
{
    u64 value;
    bool aggregate = t->kind == CTYPE_STRUCT || t->kind == CTYPE_UNION;
    t->target = aggregate || t->kind == CTYPE_BASE ? &nothing : type_of(r, entry);
    if (number(entry, DW_AT_byte_size, &value)) t->size = value;
    if (number(entry, DW_AT_encoding, &value)) t->encoding = (u32)value;
    t->align = (u32)t->size;
    t->incomplete = has(entry, DW_AT_declaration);
    t->prototyped = has(entry, DW_AT_prototyped);
    if (t->kind == CTYPE_ENUM) {
        struct ctype *under = bare(t->target);
        if (under->kind == CTYPE_BASE) t->encoding = under->encoding;
        read_members(r, entry, t, DW_TAG_enumerator);
    }
    if (t->kind == CTYPE_POINTER) t->size = t->align = 8;
    if (is_complex(t)) t->align /= 2;
    if (aggregate) read_members(r, entry, t, DW_TAG_member);
    if (t->kind == CTYPE_FUNCTION) read_members(r, entry, t, DW_TAG_formal_parameter);
    if (t->kind == CTYPE_ARRAY || t->kind == CTYPE_VECTOR) read_bounds(r, entry, t);
    take_size(t);
    lend_name(t);
    if (aggregate) take_align(t);
    if (number(entry, DW_AT_alignment, &value)) t->align = (u32)value;
}

static struct ctype *read_type(struct reader *r, Dwarf_Die entry)
{
    Dwarf_Off offset;
    Dwarf_Error error;
    if (dwarf_dieoffset(entry, &offset, &error)) die("%s: damaged debug information", r->path);
    make_room(r);
    struct slot *s = find_slot(r, offset);
    if (s->type) return s->type;
    struct ctype *t = allocate(1, sizeof(*t));
    *s = (struct slot){offset, t};
    r->used++;
    t->kind = kind_of(entry);
    t->name = name_of(entry);
    if (t->kind == CTYPE_VOID) die("%s: a type of DWARF's kind 0x%x", r->path, tag_of(entry));
    fill(r, entry, t);
    return t;
}

/* --- the probe's variables -------------------------------------------------------------------- */

static void read_unit(struct reader *r, Dwarf_Die unit)
{
    static const char prefix[] = "ferry_probe_";
    for (Dwarf_Die c = first_child(unit); c; c = next_sibling(r, c)) {
        const char *name = name_of(c);
        if (tag_of(c) != DW_TAG_variable || strncmp(name, prefix, strlen(prefix))) continue;
        struct ctype *pointer = bare(type_of(r, c));
        struct probe_types *p = r->types;
        if (pointer->kind != CTYPE_POINTER) continue;
        p->item = grow(p->item, p->count, sizeof(*p->item));
        p->item[p->count++] = (struct probed){name + strlen(prefix), bare(pointer->target)};
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct probed *)a)->name, ((const struct probed *)b)->name);
}

void types_read(const char *path, struct probe_types *types)
{
    struct reader r = {.path = path, .types = types};
    Dwarf_Unsigned length, type_offset, next;
    Dwarf_Off abbreviations;
    Dwarf_Half version, address_size, offset_size, extension_size, kind;
    Dwarf_Sig8 signature;
    Dwarf_Die unit;
    Dwarf_Error error;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *types = (struct probe_types){0};
    dwarf_set_de_alloc_flag(0); /* the process's end frees all */
    if (fd < 0 || dwarf_init_b(fd, DW_DLC_READ, DW_GROUPNUMBER_ANY, NULL, NULL, &r.dwarf, &error))
        die("%s: no debug information", path);
    while (!dwarf_next_cu_header_d(r.dwarf, true, &length, &version, &abbreviations, &address_size,
                                   &offset_size, &extension_size, &signature, &type_offset, &next,
                                   &kind, &error))
        if (!dwarf_siblingof_b(r.dwarf, NULL, true, &unit, &error)) read_unit(&r, unit);
    close(fd);
    if (types->count) qsort(types->item, types->count, sizeof(*types->item), by_name);
}

struct ctype *types_find(const struct probe_types *types, const char *name)
{
    struct probed key = {.name = name}, *found = NULL;
    if (types->count) found = bsearch(&key, types->item, types->count, sizeof(key), by_name);
    return found ? found->type : NULL;
}

/* --- what types are --------------------------------------------------------------------------- */

struct ctype *bare(struct ctype *t)
{
    while (t->kind >= CTYPE_TYPEDEF) t = t->target;
    return t;
}

const char *type_name(const struct ctype *t)
{
    static const char *const tag[] = {
        [CTYPE_STRUCT] = "struct", [CTYPE_UNION] = "union", [CTYPE_ENUM] = "enum"};
    static const char *const nameless[] = {
        [CTYPE_STRUCT] = "a structure",  [CTYPE_UNION] = "a union",
        [CTYPE_ENUM] = "an enumeration", [CTYPE_POINTER] = "a pointer",
        [CTYPE_ARRAY] = "an array",      [CTYPE_VECTOR] = "a vector",
        [CTYPE_FUNCTION] = "a function", [CTYPE_QUALIFIED] = NULL,
    };
    while (t->kind > CTYPE_TYPEDEF) t = t->target;
    if (!*t->name) return nameless[t->kind] ? nameless[t->kind] : "a type";
    bool tagged = t->kind >= CTYPE_STRUCT && t->kind <= CTYPE_ENUM && !t->untagged;
    return tagged ? format("%s %s", tag[t->kind], t->name) : t->name;
}

bool is_complex(const struct ctype *t)
{
    return t->kind == CTYPE_BASE && t->encoding == DW_ATE_complex_float;
}

bool is_wide_float(const struct ctype *t)
{
    u64 part = is_complex(t) ? t->size / 2 : t->size;
    bool floating = t->kind == CTYPE_BASE && (t->encoding == DW_ATE_float || is_complex(t));
    return floating && part != 4 && part != 8;
}
