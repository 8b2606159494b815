/*
 * Pointers to functions between both sides.
 *
 * A guest function that the host is to call gets a closure, once for each type that it is known by;
 * a host function that the guest is to call gets a stub. Both are kept for good, found by address
 * without a lock (in signal handlers too), and lead back to what they stand for.
 *
 * A function of scalars has a closure of our own (doors.S), which differs from the way that calls
 * go (call.c) in its direction only; libffi makes the others.
 */
#include "hostlibs/hostlibs.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u

/* A guest function as host code. */
struct closure {
    struct closure *next_by_pc, *next_by_code;
    u64 pc;
    void *code;
    const struct binding *binding;
    u32 callback;
    const struct signature *signature;
    struct place *place;
    struct place result;
    u64 stack;
    struct closure_source *source; /* NULL: libffi's */
    bool floats;
    bool by_places; /* there is more to it than to copy the registers */
};

/* A host function as guest code. */
struct stub {
    struct stub *next_by_pc, *next_by_code;
    struct native_function function;
};

static struct closure *closure_by_pc[BUCKETS], *closure_by_code[BUCKETS];
static struct stub *stub_by_pc[BUCKETS], *stub_by_code[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static u32 bucket(u64 address)
{
    return (u32)(address >> 2) * 0x9e3779b1u >> 22;
}

#define PUT(table, item, link, key)                                                                \
    ((item)->link = table[bucket(key)],                                                            \
     __atomic_store_n(&table[bucket(key)], item, __ATOMIC_RELEASE))

/* --- called by the host
 * --------------------------------------------------------------------------- */

/* A result in a register, as the host has it in RAX or XMM0: libffi, and compilers' callers, take
 * integers to be as wide as the register. */
static u64 scalar_result(const struct closure *c, const struct guest_state *s)
{
    const struct type *t = &c->signature->result;
    u64 word = s->x[0];

    switch (t->kind) {
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
    case TYPE_VECTOR8: memcpy(&word, s->v[0], sizeof(word)); return word;
    case TYPE_S8: return (u64)(s64)(s8)word;
    case TYPE_S16: return (u64)(s64)(s16)word;
    case TYPE_S32: return (u64)(s64)(s32)word;
    case TYPE_BOOL:
    case TYPE_U8: return (u8)word;
    case TYPE_U16: return (u16)word;
    case TYPE_U32: return (u32)word;
    case TYPE_FUNCTION: return (u64)callback_to_host(word, c->binding, t->number);
    default: return word;
    }
}

static void put_result(const struct closure *c, struct guest_state *s, void *to)
{
    const struct type *t = &c->signature->result;
    u64 word;

    if (t->kind == TYPE_VOID) return;
    if (t->kind == TYPE_STRUCT || t->size > 8) {
        if (c->result.kind != PLACE_REFERENCE_X) aapcs_read(s, &c->result, t, NULL, to);
        return;
    }
    word = scalar_result(c, s);
    memcpy(to, &word, t->kind == TYPE_FLOAT ? 4 : 8);
}

/* An argument's value as the guest gets it: `copy` has room for a pointer. */
static const void *for_guest(const struct closure *c, u32 i, void *given, const struct place *p,
                             u64 *copy)
{
    const struct type *t = &c->signature->param[i];

    if (p->kind == PLACE_REFERENCE_X || p->kind == PLACE_REFERENCE_STACK) {
        *copy = (u64)given; /* the callee's own copy */
        return copy;
    }
    if (t->kind == TYPE_FUNCTION) {
        memcpy(copy, given, sizeof(*copy));
        *copy = callback_to_guest((void *)*copy, c->binding, t->number);
        return copy;
    }
    if (t->kind == TYPE_RECORD) {
        memcpy(copy, given, sizeof(*copy));
        record_convert(c->binding, t->number, *copy, false);
    }
    return given;
}

/* What the guest has put into records is to be called by the host. */
static void records_back(const struct closure *c, void **argument)
{
    u64 at;

    for (u32 i = 0; i < c->signature->count; i++) {
        if (c->signature->param[i].kind != TYPE_RECORD) continue;
        memcpy(&at, argument[i], sizeof(at));
        record_convert(c->binding, c->signature->param[i].number, at, true);
    }
}

/* What a closure is called with. */
struct call {
    const struct closure *closure;
    void *result, **argument;
};

/* Runs the guest's function, on a thread of the guest's. */
static void run_guest(void *context)
{
    static const struct type pointer = {.kind = TYPE_POINTER, .size = 8, .align = 8};
    const struct call *call = context;
    const struct closure *c = call->closure;
    struct guest_state *s = native_self();
    u8 *stack = __builtin_alloca(c->stack + 16);

    for (u32 i = 0; i < c->signature->count; i++) {
        struct place p = c->place[i];
        u64 copy;
        const void *value = for_guest(c, i, call->argument[i], &p, &copy);

        if (p.kind == PLACE_REFERENCE_X) p.kind = PLACE_X;
        if (p.kind == PLACE_REFERENCE_STACK) p.kind = PLACE_STACK;
        aapcs_write(s, &p, c->place[i].kind == p.kind ? &c->signature->param[i] : &pointer, stack,
                    value);
    }
    if (c->result.kind == PLACE_REFERENCE_X) s->x[8] = (u64)call->result;
    errno_to_guest(s);
    native_run(s, c->pc, stack, ALIGN_UP(c->stack, UINT64_C(16)));
    errno_to_host(s);
    records_back(c, call->argument);
    put_result(c, s, call->result);
}

static void run(struct call *call)
{
    if (native_self() != NULL)
        run_guest(call);
    else if (!foreign_run(run_guest, call))
        native_fatal(
            "a thread that a library made when it was loaded calls the guest's function at "
            "0x%llx: not supported",
            (unsigned long long)call->closure->pc);
}

/* libffi's way in. */
static void invoked(ffi_cif *cif, void *result, void **argument, void *user)
{
    struct call call = {user, result, argument};

    (void)cif;
    run(&call);
}

/* By places, as libffi's closures do it. */
static u64 call_by_places(const struct closure *c, const struct host_arguments *a, const u64 *stack)
{
    void *argument[BINDING_MAX_PARAMS];
    u64 result = 0;
    struct call call = {c, &result, argument};

    for (u32 i = 0; i < c->signature->count; i++)
        argument[i] = (void *)(u64)closure_argument(a, stack, c->source[i]);
    run(&call);
    return result;
}

/* Nothing is on either side's stack: argument n of one side's registers is the other's. */
static void pass_registers(const struct closure *c, const struct host_arguments *a,
                           struct guest_state *s)
{
    memcpy(s->x, a->integer, sizeof(a->integer));
    for (u32 i = 0; c->floats && i < ARRAY_SIZE(a->vector); i++) {
        memcpy(s->v[i], &a->vector[i], 8);
        memset(s->v[i] + 8, 0, 8);
    }
}

u64 closure_called(const struct closure *c, const struct host_arguments *a, const u64 *stack)
{
    struct guest_state *s = native_self();

    if (c->by_places || s == NULL) return call_by_places(c, a, stack);
    pass_registers(c, a, s);
    errno_to_guest(s);
    native_run(s, c->pc, NULL, 0);
    errno_to_host(s);
    return scalar_result(c, s);
}

static struct closure *find_closure(u64 pc, const struct binding *b, u32 callback)
{
    struct closure *c = __atomic_load_n(&closure_by_pc[bucket(pc)], __ATOMIC_ACQUIRE);

    while (c != NULL && !(c->pc == pc && c->binding == b && c->callback == callback))
        c = c->next_by_pc;
    return c;
}

static bool converts(const struct signature *sig)
{
    for (u32 i = 0; i < sig->count; i++)
        if (sig->param[i].kind == TYPE_FUNCTION || sig->param[i].kind == TYPE_RECORD ||
            sig->param[i].kind == TYPE_CONST_RECORD)
            return true;
    return sig->result.kind == TYPE_FUNCTION || sig->result.kind == TYPE_RECORD;
}

static void *ffi_code(struct closure *c)
{
    const struct ffi_door *d = ffi_door();
    void *code = NULL;
    ffi_closure *memory = d != NULL ? d->closure_alloc(sizeof(*memory), &code) : NULL;
    ffi_cif *cif = memory != NULL ? ffi_cif_of(c->signature, NULL) : NULL;

    if (cif == NULL || c->signature->variadic ||
        d->prep_closure(memory, cif, invoked, c, code) != FFI_OK)
        native_fatal("%s: no closure for a callback (type %u)", c->binding->soname, c->callback);
    return code;
}

/* Code of our own; NULL: libffi has to make it. */
static void *own_code(struct closure *c)
{
    const struct signature *sig = c->signature;

    c->source = calloc(sig->count + 1, sizeof(*c->source));
    if (c->source == NULL || !closure_sources(sig, c->source)) return NULL;
    c->by_places = converts(sig);
    for (u32 i = 0; i < sig->count; i++) {
        c->by_places |= c->source[i].from == SOURCE_STACK;
        c->floats |= c->source[i].from == SOURCE_VECTOR;
    }
    return closure_code(c, c->floats);
}

static struct closure *make_closure(u64 pc, const struct binding *b, u32 callback)
{
    const struct signature *sig = &b->callback[callback];
    struct closure *c = calloc(1, sizeof(*c));
    struct aapcs a = {0};

    if (c != NULL) c->place = calloc(sig->count + 1, sizeof(*c->place));
    if (c == NULL || c->place == NULL) native_fatal("no memory for a callback");
    c->pc = pc;
    c->binding = b;
    c->callback = callback;
    c->signature = sig;
    for (u32 i = 0; i < sig->count; i++) c->place[i] = aapcs_argument(&a, &sig->param[i]);
    c->stack = a.nsaa;
    c->result = aapcs_result(&sig->result);
    c->code = own_code(c);
    if (c->code == NULL) c->code = ffi_code(c);
    PUT(closure_by_pc, c, next_by_pc, pc);
    PUT(closure_by_code, c, next_by_code, (u64)c->code);
    return c;
}

/* The host's code behind a stub of the guest's, if that can be called as it is. */
static void *behind_stub(u64 pc)
{
    struct native_function *f = native_is_stub(pc) ? library_function_at(pc) : NULL;

    return f != NULL && f->code != NULL && !converts(f->signature) ? f->code : NULL;
}

void *callback_to_host(u64 guest, const struct binding *b, u32 callback)
{
    struct closure *c;
    void *code;

    if (!native_is_code(guest)) return (void *)guest;
    c = find_closure(guest, b, callback);
    if (c != NULL) return c->code;
    code = behind_stub(guest);
    if (code != NULL) return code;
    native_hold();
    pthread_mutex_lock(&lock);
    c = find_closure(guest, b, callback);
    if (c == NULL) c = make_closure(guest, b, callback);
    pthread_mutex_unlock(&lock);
    native_release();
    return c->code;
}

void callback_note(u64 guest, const struct binding *b, u32 callback)
{
    if (guest != 0) (void)callback_to_host(guest, b, callback);
}

void *callback_code_for(u64 pc)
{
    struct closure *c = __atomic_load_n(&closure_by_pc[bucket(pc)], __ATOMIC_ACQUIRE);

    while (c != NULL && c->pc != pc) c = c->next_by_pc;
    if (c == NULL) {
        struct native_function *f = callback_stub_at(pc);

        return f != NULL ? f->code : native_is_code(pc) ? (void *)raw_call : NULL;
    }
    return c->code;
}

/* --- called by the guest
 * -------------------------------------------------------------------------- */

#define STUBS_A_PAGE (4096u / BINDING_STUB_BYTES)

/* The guest address of a new stub; lock held. */
static u64 new_place(void)
{
    static u64 page;
    static u32 used = STUBS_A_PAGE;
    u32 words[STUBS_A_PAGE * 2];

    if (used == STUBS_A_PAGE) {
        for (u32 i = 0; i < STUBS_A_PAGE; i++) {
            words[2 * i] = 0xd4400000u | BINDING_HLT << 5;
            words[2 * i + 1] = 0xd65f03c0u; /* ret */
        }
        page = native_code_page(words, ARRAY_SIZE(words));
        if (page == 0) native_fatal("no memory for stubs");
        used = 0;
    }
    return page + BINDING_STUB_BYTES * used++;
}

static struct stub *find_stub(void *host, const struct signature *sig)
{
    struct stub *s = __atomic_load_n(&stub_by_code[bucket((u64)host)], __ATOMIC_ACQUIRE);

    while (s != NULL && !(s->function.code == host && s->function.signature == sig))
        s = s->next_by_code;
    return s;
}

static struct stub *make_stub(void *host, const struct binding *b, const struct signature *sig)
{
    struct stub *s = calloc(1, sizeof(*s));

    if (s == NULL) native_fatal("no memory for stubs");
    s->function = (struct native_function){
        .name = {.library = b->soname, .function = "a function that it has given"},
        .code = host,
        .signature = sig,
        .binding = b,
        .guest_pc = new_place()};
    PUT(stub_by_pc, s, next_by_pc, s->function.guest_pc);
    PUT(stub_by_code, s, next_by_code, (u64)host);
    return s;
}

u64 callback_stub_for(void *host, const struct binding *b, const struct signature *sig)
{
    struct stub *s;

    s = find_stub(host, sig);
    if (s != NULL) return s->function.guest_pc;
    native_hold();
    pthread_mutex_lock(&lock);
    s = find_stub(host, sig);
    if (s == NULL) s = make_stub(host, b, sig);
    pthread_mutex_unlock(&lock);
    native_release();
    return s->function.guest_pc;
}

/* The closure of that code; NULL: it is none. */
static const struct closure *closure_of(void *code)
{
    const struct closure *c =
        __atomic_load_n(&closure_by_code[bucket((u64)code)], __ATOMIC_ACQUIRE);

    while (c != NULL && c->code != code) c = c->next_by_code;
    return c;
}

u64 callback_to_guest(void *host, const struct binding *b, u32 callback)
{
    const struct closure *c;

    if ((u64)host < 65536 || (u64)host >> 47 != 0 || native_is_guest((u64)host)) return (u64)host;
    c = closure_of(host);
    return c != NULL ? c->pc : callback_stub_for(host, b, &b->callback[callback]);
}

/* --- pointers that nobody has seen
 * ----------------------------------------------------------------- */

/*
 * Functions that lie deep in what is passed are called as they are. The generator refuses whatever
 * leads to one that takes or gives anything but whole words (hostlibs/bind/compare.c), so all of
 * these can be called with as many as the longest of them takes: what isn't meant comes from
 * registers and stack that nobody looks at.
 */
#define WORD                                                                                       \
    {                                                                                              \
        .kind = TYPE_S64, .size = 8, .align = 8                                                    \
    }
static const struct type words[BINDING_WORDS] = {WORD, WORD, WORD, WORD, WORD, WORD,
                                                 WORD, WORD, WORD, WORD, WORD, WORD};
static struct signature of_words = {.result = WORD, .count = BINDING_WORDS, .param = words};
static const struct binding raw = {
    .soname = "a library", .callback = &of_words, .callback_count = 1};

void *callback_raw(u64 pc)
{
    return callback_to_host(pc, &raw, 0);
}

bool callback_call_raw(struct guest_state *s)
{
    const struct closure *c = closure_of((void *)s->pc);
    const struct stub *known = find_stub((void *)s->pc, &of_words);
    Dl_info info;

    if (c != NULL) { /* left in a record that a longjmp has gone past */
        s->pc = c->pc;
        return true;
    }
    if (known != NULL) {
        s->pc = known->function.guest_pc;
        return true;
    }
    if (native_is_guest(s->pc) || dladdr((void *)s->pc, &info) == 0 || info.dli_fname == NULL)
        return false;
    s->pc = callback_stub_for((void *)s->pc, &raw, &of_words);
    return true;
}

struct native_function *callback_stub_at(u64 pc)
{
    struct stub *s = __atomic_load_n(&stub_by_pc[bucket(pc)], __ATOMIC_ACQUIRE);

    while (s != NULL && s->function.guest_pc != pc) s = s->next_by_pc;
    return s != NULL ? &s->function : NULL;
}

void record_convert(const struct binding *b, u32 number, u64 at, bool to_host)
{
    const struct record *r = &b->record[number];

    if (at == 0) return;
    for (u32 i = 0; i < r->count; i++) {
        u64 *field = (u64 *)(at + r->field[i].offset);

        if (*field == 0) continue;
        *field = to_host ? (u64)callback_to_host(*field, b, r->field[i].callback)
                         : callback_to_guest((void *)*field, b, r->field[i].callback);
    }
}
