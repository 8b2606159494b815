/*
 * Inside hostlibs, at run time: bound libraries, their functions, calls and callbacks.
 *
 *     library.c   bindings read, stubs recognised, the host's libraries loaded
 *     policy.c    which libraries are the host's, and why others aren't
 *     names.c     names in --native's list
 *     module.c    what guest ELF files import and need
 *     imports.c   what a binding says of that
 *     heap.c, files.c, environment.c, stdio.c, locale.c   the C library's, for native code
 *     call.c      from the guest's registers to the host's function
 *     callback.c  from host code to the guest's function, and pointers to functions between both
 *     closure.c   closures of functions of scalars
 *     ffi.c       libffi, loaded when it is first needed
 */
#ifndef HOSTLIBS_HOSTLIBS_H
#define HOSTLIBS_HOSTLIBS_H

#include "hostlibs/binding.h"
#include "rt/native.h"

#include <ffi.h>

struct library;

/* The stub library that makes the guest's heap the host's. */
#define HEAP_SONAME "libferry-heap.so"

/* Something that the guest may call by a stub. */
struct native_function {
    struct native_name name; /* first: what signal handlers see of it */
    void *code;              /* the host's; NULL: it ends the program */
    const char *reason;      /* why then */
    const struct signature *signature;
    const struct binding *binding; /* for its callbacks and records */
    struct call_plan *plan;        /* made with the first call */
    u64 guest_pc;                  /* of its stub when that was last seen; 0: not yet */
    u32 seen;                      /* native_file_changes() then */
};

/* The function of the stub at guest address pc, which is being called; NULL: there is none. */
struct native_function *library_function_at(u64 pc);

/* Passed in one register or one word of the stack, on both sides. */
static inline bool type_is_scalar(const struct type *t)
{
    return t->kind != TYPE_STRUCT && t->kind != TYPE_VECTOR16;
}

/* --- call.c */
bool call_host(struct guest_state *s);

/* --- errno.c */

/* The result of a function of the guest's C library that is called for the runtime's own sake: of
 * at most six integers, and `vector` (16 bytes, or NULL) in v0. What may hold arguments of the
 * guest's own call is as before. */
u64 guest_call(struct guest_state *s, u64 function, const u64 *integer, u32 count,
               const void *vector);

/* The host's errno becomes the guest's; the guest's the host's. */
void errno_to_host(struct guest_state *s);
void errno_to_guest(struct guest_state *s);

/* --- locale.c */

/* As native_ops.locale; then, by calls until it isn't due any more: the guest's LC_CTYPE becomes
 * the host's. */
void locale_opened(void);
extern bool locale_is_due;
void locale_follow(struct guest_state *s, const struct native_function *f);

/* --- callback.c */

/* The host's pointer for the guest's function pointer, to be called as the callback says. What is
 * no code of the guest's (null, special values, a host function) is itself. */
void *callback_to_host(u64 guest, const struct binding *b, u32 callback);

/* The guest's pointer for the host's function pointer: one that callback_to_host made leads back,
 * any other gets a stub. */
u64 callback_to_guest(void *host, const struct binding *b, u32 callback);

/* Pointers to functions in the record at `at` (null: nothing) that the other side is about to read.
 */
void record_convert(const struct binding *b, u32 number, u64 at, bool to_host);

/* As native_ops.code_for. */
void *callback_code_for(u64 pc);

/* raw.S: the way there for a function that isn't known yet; R11: its guest address. */
void raw_call(void);
void *callback_raw(u64 pc);

/* The guest has branched to host code, at s->pc: it gets a stub, and s->pc is that. False: no
 * function of a library. */
bool callback_call_raw(struct guest_state *s);

/* A guest function pointer has been seen where the host may call it as it is. */
void callback_note(u64 guest, const struct binding *b, u32 callback);

/* A stub for a host function of that type. */
u64 callback_stub_for(void *host, const struct binding *b, const struct signature *sig);

/* The function behind a stub made by callback_to_guest; NULL: none. */
struct native_function *callback_stub_at(u64 pc);

/* --- closure.c and doors.S: callbacks of scalars */

/* What a closure is called with: the host's registers for arguments. */
struct host_arguments {
    u64 integer[6];
    u64 vector[8]; /* the low halves; closure_integers leaves them out */
};

enum closure_from { SOURCE_INTEGER, SOURCE_VECTOR, SOURCE_STACK };

/* Where the host has an argument. */
struct closure_source {
    u8 from; /* enum closure_from */
    u8 number;
};

/* Where the host has the parameters; false: they or the result aren't scalars. */
bool closure_sources(const struct signature *sig, struct closure_source *source);

/* The argument, in place; `stack`: the first one there. */
const u64 *closure_argument(const struct host_arguments *a, const u64 *stack,
                            struct closure_source source);

/* Code that calls closure_called with that closure, never freed; NULL: no memory. The caller holds
 * a lock. */
void *closure_code(void *closure, bool floats);

/* callback.c: runs the guest's function. */
struct closure;
u64 closure_called(const struct closure *c, const struct host_arguments *a, const u64 *stack);

/* doors.S */
void closure_floats(void);
void closure_integers(void);

/* --- ffi.c */
struct ffi_door {
    ffi_status (*prep_cif)(ffi_cif *, ffi_abi, unsigned, ffi_type *, ffi_type **);
    ffi_status (*prep_cif_var)(ffi_cif *, ffi_abi, unsigned, unsigned, ffi_type *, ffi_type **);
    void (*call)(ffi_cif *, void (*)(void), void *, void **);
    void *(*closure_alloc)(size_t, void **);
    ffi_status (*prep_closure)(ffi_closure *, ffi_cif *,
                               void (*)(ffi_cif *, void *, void **, void *), void *, void *);
    ffi_type *type_void, *type_uint8, *type_sint8, *type_uint16, *type_sint16, *type_uint32,
        *type_sint32, *type_uint64, *type_sint64, *type_float, *type_double, *type_pointer;
};

/* Loads libffi; NULL: it isn't there (said in the log). */
const struct ffi_door *ffi_door(void);

/* What an argument of libffi's is: a part of a parameter. */
struct ffi_part {
    u8 param;
    u8 offset; /* bytes */
};
#define FFI_MAX_PARTS 2u /* of a parameter */

/* A call interface for the signature, never freed; NULL: libffi can't pass that. With `part` (room
 * for all parts of all parameters) it is for ffi_call, and its arguments are those; without, it is
 * for closures, and its arguments are the parameters. */
ffi_cif *ffi_cif_of(const struct signature *sig, struct ffi_part *part);

/* --- aapcs.c: where the guest's procedure call standard puts things */

struct aapcs {
    u32 ngrn, nsrn; /* next general and vector register */
    u64 nsaa;       /* next stacked argument's address, or offset */
};

enum place_kind { PLACE_X, PLACE_V, PLACE_STACK, PLACE_REFERENCE_X, PLACE_REFERENCE_STACK };

struct place {
    u8 kind;    /* enum place_kind; REFERENCE: a pointer to it is there */
    u8 first;   /* register */
    u8 count;   /* registers: 1 or 2 of X, up to 4 of V */
    u8 element; /* bytes in each V register */
    u32 offset; /* on the stack */
};

/* The next argument of that type goes there. */
struct place aapcs_argument(struct aapcs *a, const struct type *t);

/* Where a result is: X, V, or REFERENCE_X (at the address that x8 had). */
struct place aapcs_result(const struct type *t);

/* Copies a value from its place, or to it; `stack` is where offsets count from. */
void aapcs_read(const struct guest_state *s, const struct place *p, const struct type *t,
                const u8 *stack, void *to);
void aapcs_write(struct guest_state *s, const struct place *p, const struct type *t, u8 *stack,
                 const void *from);

/* --- foreign.c */

/* On a thread that a library has made: run(context) on its proxy, a thread of the guest's. False:
 * it has none. */
bool foreign_run(void (*run)(void *context), void *context);

/* --- format.c: arguments by printf's format */

#define FORMAT_ARGUMENTS 128u

enum format_kind { FORMAT_WORD, FORMAT_DOUBLE, FORMAT_LONG_DOUBLE, FORMAT_GONE };

/*
 * What a format takes. Long doubles, which the host has in another format, have become text, and
 * their conversions %s: `format` is then a copy, and kind FORMAT_LONG_DOUBLE a pointer to text. An
 * argument that nothing takes any more is FORMAT_GONE.
 */
struct format_values {
    const char *format;
    bool has_text;
    u32 count;
    u8 kind[FORMAT_ARGUMENTS];
    u64 word[FORMAT_ARGUMENTS];
};

/* The host's va_list, and its arguments. */
struct host_list {
    u32 gp_offset, fp_offset;
    void *overflow, *save;
    u64 word[FORMAT_ARGUMENTS] __attribute__((aligned(16)));
    struct format_values values;
};

/* The variadic arguments of a call: `a` is behind the named ones. To be freed. False: too many, or
 * one long double in two places. */
bool format_arguments(struct guest_state *s, const struct aapcs *a, const char *format,
                      struct format_values *out);

/* The guest's va_list at `guest` as the host's; false: the same. */
bool format_list(struct guest_state *s, u64 guest, const char *format, struct host_list *h);

void format_free(struct format_values *v);

/* --- stream.c */

/* The guest's stream behind the host's over it; 0: there is none. */
u64 stream_behind(const void *host);

/* The guest's fread; whether its stream has an error. */
size_t stream_read(void *to, size_t size, size_t n, u64 guest);
bool stream_failed(u64 guest);

/* The guest's fflush (0: of all) and ungetc. */
int stream_flush(u64 guest);
int stream_unget(int c, u64 guest);

/* The host's FILE for the guest's. */
void *stream_to_host(u64 guest);

/* The host's libraries' stdin and stdout become the guest's. */
void stream_standard(void);

/* --- policy.c and module.c */

/* A symbol that a guest file wants, and the version that it wants of it ("": any). */
struct import {
    const char *name, *version;
    u32 hash; /* import_hash of the name */
};

/* What a guest ELF file wants of others. */
struct module_needs {
    char **needed; /* sonames */
    u32 needed_count;
    struct import *imports; /* undefined symbols */
    u32 import_count;
    bool has_malloc; /* defines one of its own */
    u64 dev, ino;
    char soname[128];
};

/* Reads a guest ELF file by its host path; false: it isn't one. What is read stays. */
bool module_read(const char *host, struct module_needs *out);

/* The host path is that of a guest ELF file, by its header. */
bool module_is_one(const char *host);

/* What an ELF file of the guest's defines. NULL: it isn't one. */
struct module_symbols *module_symbols_open(const char *host);
bool module_symbols_have(const struct module_symbols *m, const struct import *im);
void module_symbols_close(struct module_symbols *m); /* NULL: nothing */

/* The file is whole, and the stub that goes with the binding. */
bool module_is_stub(const char *host, const struct binding *b);

/* The unbiased address of a symbol that the file defines; 0: none. */
u64 module_symbol(const char *host, const char *name);

/* In a copy of the file, open at fd, the symbol is that address, wherever the file is mapped. */
bool module_set_symbol(int fd, const char *host, const char *name, u64 address);

/* The guest address of a function of the guest's C library; 0: not known. */
u64 policy_guest_function(const char *name);

void policy_start(const char *program);
const char *policy_preload(void);
void policy_explain(void);
const char *policy_open(const char *guest, const char *host);

/* --- imports.c */

/* A name's hash, as DT_GNU_HASH has it. */
u32 import_hash(const char *name);

/* The symbol of the library's binding that the import may mean: a bound one, if there is one. NULL:
 * none. The caller holds policy.c's lock. */
const struct bound_symbol *import_in_binding(struct library *l, const struct import *im);

/* --- names.c: as native_ops.check */
void names_check(void);

/* --- library.c */

/* A file's identity. */
struct stub_file {
    struct stub_file *next;
    u64 dev, ino;
};

struct library {
    struct library *next;
    struct binding *binding; /* NULL: there is none */
    char soname[128];
    char stub[4096];         /* path */
    struct stub_file *files; /* that the guest may have opened as such, the last first */
    bool wanted;             /* decided: the guest gets the stub */
    bool decided;
    const char *why;                   /* decided against */
    void *handle;                      /* of dlopen */
    struct native_function **function; /* by number; NULL: not called yet */
    struct symbol_index *index;        /* imports.c; NULL: not asked for yet */
    const void *fits, *has;            /* policy.c: modules that have been looked at */
};

/* The library of that soname for which there is a binding; NULL: none. Reads it when first asked.
 */
struct library *library_named(const char *soname);

/* Loads the host's library and sees that it is the one that the binding was made for. NULL, or why
 * not. */
const char *library_load(struct library *l);

/* The host's library, loaded, has what the binding calls so. */
bool library_has(const struct library *l, const struct bound_symbol *b);

/* The path of its stub, to be opened; NULL: that can't be made. */
const char *library_stub(struct library *l);

/* The guest has opened it, or not. */
void library_opened(void);

#endif
