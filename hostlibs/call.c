/*
 * From a stub to the host's function.
 *
 * Both procedure call standards count general and vector registers on their own. So where
 * everything is a scalar, argument n of x0 to x5 is the host's n-th integer argument, v0 to v7 are
 * XMM0 to XMM7, and what is in x6, x7 or on the guest's stack is on the host's, in the order of the
 * arguments: one call with all of them serves every such function (the direct ways). All else goes
 * by libffi. What neither can do ends the program by name; the generator refuses what it knows of
 * that.
 */
#include "hostlibs/hostlibs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_INTEGERS 6u
#define DIRECT_VECTORS  8u
#define VARIADIC_WORDS  10u /* passed on to variadic functions, beyond those declared */

/* All but WAY_FFI are direct: the first without vectors and stack, the second without stack. */
enum way { WAY_INTEGERS, WAY_FLOATS, WAY_STACK, WAY_FORMAT, WAY_FFI };

/* What is done with an integer argument before the call. */
struct narrow {
    u8 number; /* of x */
    u8 kind;
};

/* An argument on the host's stack: where the guest's is. */
struct stack_word {
    u8 kind;
    u8 param;
    bool converted; /* or the format of a list: not the guest's value */
    bool in_register;
    u32 at; /* number of x; bytes behind SP */
};

struct call_plan {
    u8 way;
    u8 result_kind;
    bool converts; /* arguments or result aren't passed as they are */
    bool lists;    /* of these, there is a va_list */
    bool records;  /* or a record that the host may change */
    u8 converted_count;
    u8 converted[BINDING_MAX_PARAMS]; /* arguments */
    struct aapcs behind;              /* the named arguments */
    u8 narrow_count;
    struct narrow narrow[DIRECT_INTEGERS];
    u8 word_count;
    struct stack_word word[BINDING_MAX_PARAMS + VARIADIC_WORDS];
    ffi_cif *cif;
    struct ffi_part *part; /* of each of libffi's arguments */
    struct place *place;   /* of each argument; then of the result */
    struct place result;
    u64 stack; /* bytes of it that hold arguments */
};

/* What a function may leave its result in: RAX and XMM0, as which such a structure is returned
 * (System V ABI, AMD64, 3.2.3). */
struct host_result {
    u64 integer;
    double vector;
};

#define SIX_WORDS     u64, u64, u64, u64, u64, u64
#define EIGHT_DOUBLES double, double, double, double, double, double, double, double

typedef u64 integer_function(SIX_WORDS);
typedef struct host_result float_function(SIX_WORDS, EIGHT_DOUBLES);

/* doors.S: calls the function with six integers, eight vectors' low halves and `count` words on the
 * stack; it may be variadic. */
struct host_result host_call(void *code, const u64 *integer, const double *vector, const u64 *word,
                             u64 count);

/* Passes as something else than it is. */
static bool is_converted(u8 kind)
{
    return kind == TYPE_FUNCTION || kind == TYPE_RECORD || kind == TYPE_CONST_RECORD ||
           kind == TYPE_STREAM || kind == TYPE_VA_LIST;
}

/* So does the argument: or it is the format of the list behind it, which may be another. */
static bool is_converted_at(const struct signature *sig, u32 i)
{
    if (i >= sig->count) return false;
    return is_converted(sig->param[i].kind) ||
           (i + 1 < sig->count && sig->param[i + 1].kind == TYPE_VA_LIST);
}

static bool is_vector(u8 kind)
{
    return kind == TYPE_FLOAT || kind == TYPE_DOUBLE || kind == TYPE_VECTOR8;
}

/* --- the plan
 * ------------------------------------------------------------------------------------- */

/* Variadic functions get words behind what is declared: as many as registers and stack may hold. */
static struct signature *with_words(const struct signature *sig)
{
    struct signature *full = calloc(1, sizeof(*full));
    struct type *param = calloc(sig->count + VARIADIC_WORDS, sizeof(*param));

    if (full == NULL || param == NULL) return NULL;
    *full = *sig;
    memcpy(param, sig->param, sig->count * sizeof(*param));
    for (u32 i = 0; i < VARIADIC_WORDS; i++)
        param[full->count++] = (struct type){.kind = TYPE_U64, .size = 8, .align = 8};
    full->param = param;
    return full;
}

/* The host's callee takes narrow integers to be extended, the guest's caller doesn't do it. */
static bool is_narrow(const struct type *t)
{
    return !is_vector(t->kind) && t->size < 4;
}

/* Where the host has an argument; false: it is no scalar. */
static bool plan_direct(struct call_plan *plan, const struct signature *sig, u32 param)
{
    const struct type *t = &sig->param[param];
    const struct place *p = &plan->place[param];

    if (!type_is_scalar(t)) return false;
    if (p->kind == PLACE_V) {
        if (plan->way == WAY_INTEGERS) plan->way = WAY_FLOATS;
    } else if (p->kind == PLACE_X && p->first < DIRECT_INTEGERS) {
        if (is_narrow(t)) plan->narrow[plan->narrow_count++] = (struct narrow){p->first, t->kind};
    } else {
        plan->way = WAY_STACK;
        plan->word[plan->word_count++] =
            (struct stack_word){.kind = is_narrow(t) ? t->kind : TYPE_U64,
                                .param = (u8)param,
                                .converted = is_converted_at(sig, param),
                                .in_register = p->kind == PLACE_X,
                                .at = p->kind == PLACE_X ? p->first : p->offset};
    }
    return true;
}

static bool is_direct(const struct signature *sig, struct call_plan *plan)
{
    plan->way = is_vector(sig->result.kind) ? WAY_FLOATS : WAY_INTEGERS;
    if (!type_is_scalar(&sig->result)) return false;
    for (u32 i = 0; i < sig->count; i++)
        if (!plan_direct(plan, sig, i)) return false;
    return true;
}

static struct call_plan *make_plan(const struct signature *given)
{
    const struct signature *sig = given->variadic == '.' ? with_words(given) : given;
    struct call_plan *plan = calloc(1, sizeof(*plan));
    struct aapcs a = {0};

    if (plan == NULL || sig == NULL) return NULL;
    plan->place = calloc(sig->count + 1, sizeof(*plan->place));
    if (plan->place == NULL) return NULL;
    for (u32 i = 0; i < sig->count; i++) {
        plan->place[i] = aapcs_argument(&a, &sig->param[i]);
        plan->converts |= is_converted(sig->param[i].kind);
        plan->lists |= sig->param[i].kind == TYPE_VA_LIST;
        plan->records |= sig->param[i].kind == TYPE_RECORD;
        if (is_converted_at(sig, i)) plan->converted[plan->converted_count++] = (u8)i;
    }
    plan->result_kind = sig->result.kind;
    plan->behind = a;
    plan->converts |= is_converted(sig->result.kind);
    plan->result = aapcs_result(&sig->result);
    plan->stack = a.nsaa;
    if (is_direct(sig, plan)) {
        if (given->variadic == '.') plan->way = WAY_STACK;
        if (given->variadic == '%') plan->way = WAY_FORMAT;
        return plan;
    }
    plan->way = WAY_FFI;
    plan->part = calloc(sig->count * FFI_MAX_PARTS + 1, sizeof(*plan->part));
    plan->cif = plan->part != NULL ? ffi_cif_of(sig, plan->part) : NULL;
    return plan->cif != NULL ? plan : NULL;
}

static pthread_once_t standard = PTHREAD_ONCE_INIT;

static struct call_plan *plan_of(struct native_function *f)
{
    struct call_plan *plan = __atomic_load_n(&f->plan, __ATOMIC_ACQUIRE);

    if (plan != NULL) return plan;
    (void)pthread_once(&standard, stream_standard);
    plan = make_plan(f->signature);
    if (plan == NULL)
        native_fatal("%s: %s: libffi can't pass its arguments", f->name.library, f->name.function);
    __atomic_store_n(&f->plan, plan, __ATOMIC_RELEASE); /* two threads make the same */
    return plan;
}

/* --- pointers
 * ------------------------------------------------------------------------------------- */

/* A constant record stays as it is, perhaps in memory that can't be written: the functions in it
 * are found when they are called. */
static void note_record(const struct binding *b, u32 number, u64 at)
{
    const struct record *r = &b->record[number];

    if (at == 0) return;
    for (u32 i = 0; i < r->count; i++)
        callback_note(*(const u64 *)(at + r->field[i].offset), b, r->field[i].callback);
}

static u64 pointer_to_host(const struct binding *b, const struct type *t, u64 value)
{
    switch (t->kind) {
    case TYPE_FUNCTION: return (u64)callback_to_host(value, b, t->number);
    case TYPE_RECORD: record_convert(b, t->number, value, true); return value;
    case TYPE_CONST_RECORD: note_record(b, t->number, value); return value;
    case TYPE_STREAM: return (u64)stream_to_host(value);
    default: return value;
    }
}

static void __attribute__((noreturn)) bad_format(const struct native_function *f)
{
    native_fatal("%s: %s: a format with more than %u arguments, or one long double in two places",
                 f->name.library, f->name.function, FORMAT_ARGUMENTS);
}

/* Argument n's text: the format that says what follows. */
static const char *format_of(const struct native_function *f, const struct call_plan *plan,
                             const struct guest_state *s, u32 n)
{
    const char *format;

    aapcs_read(s, &plan->place[n], &f->signature->param[n], (const u8 *)s->sp, &format);
    return format;
}

/* A list, and the format before it. */
static void list_to_host(const struct native_function *f, const struct call_plan *plan,
                         struct guest_state *s, u32 n, u64 *value, struct host_list *list)
{
    if (!format_list(s, value[n], format_of(f, plan, s, n - 1), list)) bad_format(f);
    value[n - 1] = (u64)list->values.format;
    value[n] = (u64)list;
}

static void convert_arguments(const struct native_function *f, const struct call_plan *plan,
                              struct guest_state *s, u64 *value, struct host_list *lists)
{
    for (u32 k = 0; k < plan->converted_count; k++) {
        u32 i = plan->converted[k];
        const struct type *t = &f->signature->param[i];

        aapcs_read(s, &plan->place[i], t, (const u8 *)s->sp, &value[i]);
        if (t->kind == TYPE_VA_LIST)
            list_to_host(f, plan, s, i, value, lists);
        else
            value[i] = pointer_to_host(f->binding, t, value[i]);
    }
}

/* Records become the guest's again. */
static void convert_back(const struct native_function *f, const u64 *value)
{
    for (u32 i = 0; i < f->signature->count; i++)
        if (f->signature->param[i].kind == TYPE_RECORD)
            record_convert(f->binding, f->signature->param[i].number, value[i], false);
}

static u64 result_to_guest(const struct native_function *f, u64 value)
{
    const struct type *t = &f->signature->result;

    if (t->kind == TYPE_FUNCTION) return callback_to_guest((void *)value, f->binding, t->number);
    if (t->kind == TYPE_RECORD) record_convert(f->binding, t->number, value, false);
    return value;
}

/* --- the calls
 * ------------------------------------------------------------------------------------ */

static u64 narrowed(u8 kind, u64 v)
{
    switch (kind) {
    case TYPE_S8: return (u64)(s64)(s8)v;
    case TYPE_S16: return (u64)(s64)(s16)v;
    case TYPE_U16: return (u16)v;
    default: return (u8)v;
    }
}

static double vector(const struct guest_state *s, unsigned n)
{
    double d;

    memcpy(&d, s->v[n], sizeof(d));
    return d;
}

static void put_vector(struct guest_state *s, double d, u8 kind)
{
    memset(s->v[0], 0, 16);
    memcpy(s->v[0], &d, kind == TYPE_FLOAT ? 4 : 8);
}

static bool word_is_function(const struct native_function *f, const struct signature *sig,
                             const u64 *words)
{
    u32 v = (u32)words[sig->functions.param];

    if (!sig->has_functions || v < sig->functions.low || v > sig->functions.high) return false;
    if (v == sig->functions.never)
        native_fatal("%s: %s(%u): its function can't be passed; run it with --native=none",
                     f->name.library, f->name.function, v);
    return true;
}

/* The host's registers for integers, perhaps in x. value: pointers that were converted, by
 * argument.
 */
static const u64 *take_registers(const struct call_plan *plan, const struct guest_state *s,
                                 const u64 *value, u64 *x)
{
    if (plan->narrow_count == 0 && plan->converted_count == 0) return s->x;
    memcpy(x, s->x, DIRECT_INTEGERS * sizeof(*x));
    for (u32 i = 0; i < plan->narrow_count; i++)
        x[plan->narrow[i].number] = narrowed(plan->narrow[i].kind, x[plan->narrow[i].number]);
    for (u32 k = 0; k < plan->converted_count; k++) {
        u32 i = plan->converted[k];

        if (plan->place[i].kind == PLACE_X && plan->place[i].first < DIRECT_INTEGERS)
            x[plan->place[i].first] = value[i];
    }
    return x;
}

/* What is on the host's stack. */
static void take_stack(const struct call_plan *plan, const struct guest_state *s, const u64 *value,
                       u64 *to)
{
    for (u32 i = 0; i < plan->word_count; i++) {
        const struct stack_word *w = &plan->word[i];

        if (w->converted)
            to[i] = value[w->param];
        else if (w->in_register)
            to[i] = s->x[w->at];
        else
            memcpy(&to[i], (const u8 *)s->sp + w->at, sizeof(to[i]));
        if (w->kind != TYPE_U64) to[i] = narrowed(w->kind, to[i]);
    }
}

static void take_vectors(const struct guest_state *s, double *v)
{
    for (u32 i = 0; i < DIRECT_VECTORS; i++) v[i] = vector(s, i);
}

/* Behind the host's function. */
static void give_result(const struct native_function *f, const struct call_plan *plan,
                        struct guest_state *s, struct host_result r)
{
    u8 kind = plan->result_kind;

    native_leave(s);
    if (is_vector(kind))
        put_vector(s, r.vector, kind);
    else if (kind != TYPE_VOID)
        s->x[0] = plan->converts ? result_to_guest(f, r.integer) : r.integer;
}

static void call_integers(const struct native_function *f, const struct call_plan *plan,
                          struct guest_state *s, const u64 *value)
{
    u64 copy[DIRECT_INTEGERS];
    const u64 *x = take_registers(plan, s, value, copy);
    u64 r = ((integer_function *)f->code)(x[0], x[1], x[2], x[3], x[4], x[5]);

    give_result(f, plan, s, (struct host_result){.integer = r});
}

static void call_floats(const struct native_function *f, const struct call_plan *plan,
                        struct guest_state *s, const u64 *value)
{
    u64 copy[DIRECT_INTEGERS];
    const u64 *x = take_registers(plan, s, value, copy);
    struct host_result r = ((float_function *)f->code)(
        x[0], x[1], x[2], x[3], x[4], x[5], vector(s, 0), vector(s, 1), vector(s, 2), vector(s, 3),
        vector(s, 4), vector(s, 5), vector(s, 6), vector(s, 7));

    give_result(f, plan, s, r);
}

/* The first of a variadic call's further arguments may be a function. */
static void take_function(const struct native_function *f, u64 *x, u64 *w)
{
    const struct signature *sig = f->signature;
    u64 *first = sig->count < DIRECT_INTEGERS ? &x[sig->count] : &w[sig->count - DIRECT_INTEGERS];

    if (word_is_function(f, sig, x))
        *first = (u64)callback_to_host(*first, f->binding, sig->functions.callback);
}

static void call_stack(const struct native_function *f, const struct call_plan *plan,
                       struct guest_state *s, const u64 *value)
{
    u64 copy[DIRECT_INTEGERS], w[BINDING_MAX_PARAMS + VARIADIC_WORDS];
    const u64 *x = take_registers(plan, s, value, copy);
    double v[DIRECT_VECTORS];

    take_stack(plan, s, value, w);
    take_vectors(s, v);
    if (f->signature->has_functions) {
        if (x != copy) memcpy(copy, x, sizeof(copy));
        take_function(f, copy, w);
        x = copy;
    }
    give_result(f, plan, s, host_call(f->code, x, v, w, plan->word_count));
}

/* The host's registers and stack, as arguments come. */
struct host_frame {
    u32 integers, vectors, words;
    u64 integer[DIRECT_INTEGERS];
    double vector[DIRECT_VECTORS];
    u64 word[BINDING_MAX_PARAMS + FORMAT_ARGUMENTS];
};

static void push(struct host_frame *h, bool is_double, u64 value)
{
    if (is_double && h->vectors < DIRECT_VECTORS)
        memcpy(&h->vector[h->vectors++], &value, sizeof(value));
    else if (!is_double && h->integers < DIRECT_INTEGERS)
        h->integer[h->integers++] = value;
    else
        h->word[h->words++] = value;
}

/* Variadic by format. */
static void call_format(const struct native_function *f, const struct call_plan *plan,
                        struct guest_state *s, const u64 *value)
{
    const struct signature *sig = f->signature;
    struct host_frame h;
    struct format_values v;

    if (!format_arguments(s, &plan->behind, format_of(f, plan, s, sig->count - 1), &v))
        bad_format(f);
    h.integers = h.vectors = h.words = 0;
    for (u32 i = 0; i < sig->count; i++) {
        const struct type *t = &sig->param[i];
        u64 word = 0;

        aapcs_read(s, &plan->place[i], t, (const u8 *)s->sp, &word);
        if (is_converted_at(sig, i)) word = value[i];
        if (is_narrow(t)) word = narrowed(t->kind, word);
        if (i == sig->count - 1) word = (u64)v.format;
        push(&h, is_vector(t->kind), word);
    }
    for (u32 i = 0; i < v.count; i++)
        if (v.kind[i] != FORMAT_GONE) push(&h, v.kind[i] == FORMAT_DOUBLE, v.word[i]);
    give_result(f, plan, s, host_call(f->code, h.integer, h.vector, h.word, h.words));
    format_free(&v);
}

static u32 structure_bytes(const struct signature *sig)
{
    u32 bytes = 0;

    for (u32 i = 0; i < sig->count; i++) bytes += ALIGN_UP(sig->param[i].size, 16u);
    return bytes;
}

static void call_ffi(const struct native_function *f, const struct call_plan *plan,
                     struct guest_state *s, const u64 *value)
{
    const struct signature *sig = f->signature;
    u32 count = sig->count + (sig->variadic ? VARIADIC_WORDS : 0);
    u64 words[BINDING_MAX_PARAMS + VARIADIC_WORDS];
    void *argument[BINDING_MAX_PARAMS + VARIADIC_WORDS];
    void *part[(BINDING_MAX_PARAMS + VARIADIC_WORDS) * FFI_MAX_PARTS];
    u8 *copies = __builtin_alloca(structure_bytes(sig) + 16);
    u8 *result = __builtin_alloca(ALIGN_UP(sig->result.size, 16u) + 16);
    const struct type word = {.kind = TYPE_U64, .size = 8, .align = 8};
    u64 indirect = s->x[8];

    for (u32 i = 0; i < count; i++) {
        const struct type *t = i < sig->count ? &sig->param[i] : &word;

        words[i] = 0;
        argument[i] = t->size <= 8 ? (void *)&words[i] : copies;
        if (t->size > 8) copies += ALIGN_UP(t->size, 16u);
        aapcs_read(s, &plan->place[i], t, (const u8 *)s->sp, argument[i]);
        if (is_converted_at(sig, i)) words[i] = value[i];
        if (i == sig->count && word_is_function(f, sig, words))
            words[i] = (u64)callback_to_host(words[i], f->binding, sig->functions.callback);
    }
    for (u32 i = 0; i < plan->cif->nargs; i++)
        part[i] = (u8 *)argument[plan->part[i].param] + plan->part[i].offset;
    ffi_door()->call(plan->cif, FFI_FN(f->code), result, part);
    native_leave(s);
    if (is_converted(sig->result.kind)) {
        u64 r;

        memcpy(&r, result, sizeof(r));
        s->x[0] = result_to_guest(f, r);
    } else if (sig->result.kind != TYPE_VOID) {
        s->x[8] = indirect; /* callbacks may have changed it */
        aapcs_write(s, &plan->result, &sig->result, NULL, result);
    }
}

/* value: of arguments that are converted. */
static void call_now(struct native_function *f, const struct call_plan *plan, struct guest_state *s,
                     const u64 *value)
{
    errno_to_host(s);
    native_enter(s, &f->name);
    switch ((enum way)plan->way) {
    case WAY_INTEGERS: call_integers(f, plan, s, value); break;
    case WAY_FLOATS: call_floats(f, plan, s, value); break;
    case WAY_STACK: call_stack(f, plan, s, value); break;
    case WAY_FORMAT: call_format(f, plan, s, value); break;
    case WAY_FFI: call_ffi(f, plan, s, value); break;
    }
    errno_to_guest(s);
    if (plan->records) convert_back(f, value);
}

static void call_with_list(struct native_function *f, const struct call_plan *plan,
                           struct guest_state *s)
{
    u64 value[BINDING_MAX_PARAMS];
    struct host_list list;

    convert_arguments(f, plan, s, value, &list);
    call_now(f, plan, s, value);
    format_free(&list.values);
}

static void call_converted(struct native_function *f, const struct call_plan *plan,
                           struct guest_state *s)
{
    u64 value[BINDING_MAX_PARAMS];

    convert_arguments(f, plan, s, value, NULL);
    call_now(f, plan, s, value);
}

bool call_host(struct guest_state *s)
{
    struct native_function *f = library_function_at(s->pc);
    const struct call_plan *plan;

    if (f == NULL) return false;
    if (f->code == NULL)
        native_fatal("%s: %s can't be called natively: %s; run it with --native=none",
                     f->name.library, f->name.function, f->reason);
    if (__atomic_load_n(&locale_is_due, __ATOMIC_RELAXED)) locale_follow(s, f);
    plan = plan_of(f);
    if (plan->lists)
        call_with_list(f, plan, s);
    else if (plan->converts)
        call_converted(f, plan, s);
    else
        call_now(f, plan, s, NULL);
    s->pc = s->x[30];
    return true;
}
