/*
 * libffi, and the host's view of signatures.
 *
 * A structure by value becomes one that the System V ABI (AMD64 3.2.3) passes in the same way: for
 * each eightbyte, SSE if it holds floating-point values only, else INTEGER. So unions, bit-fields
 * and arrays, which libffi has no words for, need none. One that is passed in memory though it is
 * small (packed) is of its own size but libffi's kind `long double` as an argument, and as a result
 * of a size that returns in memory.
 */
#include "hostlibs/hostlibs.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static bool load(struct ffi_door *d)
{
    void *h = dlopen("libffi.so.8", RTLD_NOW | RTLD_LOCAL);

    if (h == NULL) {
        native_log("libffi: %s", dlerror());
        return false;
    }
    *(void **)&d->prep_cif = dlsym(h, "ffi_prep_cif");
    *(void **)&d->prep_cif_var = dlsym(h, "ffi_prep_cif_var");
    *(void **)&d->call = dlsym(h, "ffi_call");
    *(void **)&d->closure_alloc = dlsym(h, "ffi_closure_alloc");
    *(void **)&d->prep_closure = dlsym(h, "ffi_prep_closure_loc");
#define TYPE(name) d->type_##name = dlsym(h, "ffi_type_" #name)
    TYPE(void);
    TYPE(uint8);
    TYPE(sint8);
    TYPE(uint16);
    TYPE(sint16);
    TYPE(uint32);
    TYPE(sint32);
    TYPE(uint64);
    TYPE(sint64);
    TYPE(float);
    TYPE(double);
    TYPE(pointer);
#undef TYPE
    return d->prep_cif != NULL && d->call != NULL && d->closure_alloc != NULL &&
           d->prep_closure != NULL && d->type_pointer != NULL;
}

const struct ffi_door *ffi_door(void)
{
    static struct ffi_door door;
    static int state; /* 1: loaded, -1: it isn't there */

    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == 0)
        __atomic_store_n(&state, load(&door) ? 1 : -1, __ATOMIC_RELEASE);
    return state > 0 ? &door : NULL;
}

static ffi_type *scalar(const struct ffi_door *d, u8 kind)
{
    switch (kind) {
    case TYPE_VOID: return d->type_void;
    case TYPE_BOOL:
    case TYPE_U8: return d->type_uint8;
    case TYPE_S8: return d->type_sint8;
    case TYPE_S16: return d->type_sint16;
    case TYPE_U16: return d->type_uint16;
    case TYPE_S32: return d->type_sint32;
    case TYPE_U32: return d->type_uint32;
    case TYPE_S64: return d->type_sint64;
    case TYPE_U64: return d->type_uint64;
    case TYPE_FLOAT: return d->type_float;
    case TYPE_DOUBLE:
    case TYPE_VECTOR8: return d->type_double; /* class SSE */
    case TYPE_POINTER:
    case TYPE_STREAM:
    case TYPE_VA_LIST:
    case TYPE_FUNCTION:
    case TYPE_RECORD:
    case TYPE_CONST_RECORD: return d->type_pointer;
    default: return NULL;
    }
}

static bool is_sse(u8 kind)
{
    return kind == TYPE_FLOAT || kind == TYPE_DOUBLE || kind == TYPE_VECTOR8;
}

/* A member that isn't at a multiple of its size makes the whole be passed in memory. */
static bool is_packed(const struct type *t)
{
    for (u32 i = 0; i < t->leaf_count; i++)
        if (t->leaf[i].offset % type_scalar_size(t->leaf[i].kind) != 0) return true;
    return false;
}

static bool all_sse(const struct type *t, u32 from, u32 to)
{
    bool any = false;

    for (u32 i = 0; i < t->leaf_count; i++) {
        if (t->leaf[i].offset < from || t->leaf[i].offset >= to) continue;
        if (!is_sse(t->leaf[i].kind)) return false;
        any = true;
    }
    return any;
}

/* Elements of the eightbyte at `at`, which has n bytes. */
static ffi_type **eightbyte(const struct ffi_door *d, const struct type *t, u32 at, u32 n,
                            ffi_type **out)
{
    if (all_sse(t, at, at + n)) {
        *out++ = n == 4 ? d->type_float : d->type_double;
    } else if (n == 8 || n == 4) {
        *out++ = n == 8 ? d->type_uint64 : d->type_uint32;
    } else {
        while (n-- != 0) *out++ = d->type_uint8;
    }
    return out;
}

static ffi_type *in_memory(const struct ffi_door *d, const struct type *t, bool result,
                           ffi_type *made)
{
    made->elements[0] = d->type_uint64;
    made->type = FFI_TYPE_STRUCT;
    if (t->size <= 16 && result) made->size = 24;
    if (t->size <= 16 && !result) made->type = FFI_TYPE_LONGDOUBLE;
    return made;
}

static ffi_type *structure(const struct ffi_door *d, const struct type *t, bool result)
{
    ffi_type *made = calloc(1, sizeof(*made));
    ffi_type **element = calloc(20, sizeof(*element)), **out = element;

    if (made == NULL || element == NULL) return NULL;
    for (u32 i = 0; i < t->leaf_count; i++)
        if (t->leaf[i].kind == TYPE_VECTOR16) return NULL;
    made->type = FFI_TYPE_STRUCT;
    made->size = t->size;
    made->alignment = (unsigned short)t->align;
    made->elements = element;
    if (t->size > 16 || is_packed(t)) return in_memory(d, t, result, made);
    for (u32 at = 0; at < t->size; at += 8)
        out = eightbyte(d, t, at, t->size - at < 8 ? t->size - at : 8, out);
    return made;
}

static ffi_type *type_of(const struct ffi_door *d, const struct type *t, bool result)
{
    return t->kind == TYPE_STRUCT ? structure(d, t, result) : scalar(d, t->kind);
}

/* --- calls
 * ---------------------------------------------------------------------------------------- */

/* Registers that arguments have taken. */
struct taken {
    u32 general, sse;
};

static bool in_registers(const struct type *t)
{
    return t->kind != TYPE_STRUCT || (t->size <= 16 && !is_packed(t));
}

static bool is_sse_at(const struct type *t, u32 at)
{
    return t->kind == TYPE_STRUCT ? all_sse(t, at, at + 8) : is_sse(t->kind);
}

/* Takes the argument's registers; false: it goes to the stack. */
static bool take(struct taken *taken, const struct type *t)
{
    struct taken more = *taken;

    if (!in_registers(t)) return false;
    for (u32 at = 0; at < t->size; at += 8) {
        if (is_sse_at(t, at))
            more.sse++;
        else
            more.general++;
    }
    if (more.general > 6 || more.sse > 8) return false;
    *taken = more;
    return true;
}

/*
 * ffi_call copies all of a structure to where its first eightbyte belongs, before it goes on to the
 * second (3.4.4): with a general register for the first and a vector register for the second, what
 * lies behind is lost, and that may be XMM0. Such a one is two arguments.
 */
static u32 parts_of(const struct ffi_door *d, const struct type *t, struct taken *taken,
                    ffi_type **types)
{
    bool whole = !take(taken, t) || t->kind != TYPE_STRUCT || t->size <= 8 || is_sse_at(t, 0) ||
                 !is_sse_at(t, 8);

    types[0] = whole ? type_of(d, t, false) : d->type_uint64;
    types[1] = t->size == 12 ? d->type_float : d->type_double;
    return whole ? 1 : 2;
}

ffi_cif *ffi_cif_of(const struct signature *sig, struct ffi_part *part)
{
    const struct ffi_door *d = ffi_door();
    ffi_cif *cif = d != NULL ? calloc(1, sizeof(*cif)) : NULL;
    ffi_type **types = calloc(sig->count * FFI_MAX_PARTS + 1, sizeof(*types)), *result;
    struct taken taken = {.general = !in_registers(&sig->result)};
    u32 count = 0;

    if (cif == NULL || types == NULL) return NULL;
    for (u32 i = 0; i < sig->count; i++) {
        u32 n = 1;

        if (part != NULL)
            n = parts_of(d, &sig->param[i], &taken, &types[count]);
        else
            types[count] = type_of(d, &sig->param[i], false);
        if (types[count] == NULL) return NULL;
        for (u32 k = 0; part != NULL && k < n; k++)
            part[count + k] = (struct ffi_part){(u8)i, (u8)(8 * k)};
        count += n;
    }
    result = type_of(d, &sig->result, true);
    if (result == NULL || d->prep_cif(cif, FFI_DEFAULT_ABI, count, result, types) != FFI_OK)
        return NULL;
    return cif;
}
