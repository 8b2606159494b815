/*
 * ferry bind: what its parts share.
 *
 * A library is bound by a process of its own, in the steps of bind_library (library.c). Nothing is
 * freed: what a process allocates lives until its end. Errors end it with one line (die).
 */
#ifndef HOSTLIBS_BIND_BIND_H
#define HOSTLIBS_BIND_BIND_H

#include <stdio.h>

#include "aot/base/text.h"
#include "aot/base/types.h"

/* --- util.c --------------------------------------------------------------------------------- */

/* What messages begin with after "ferry bind: ", or NULL. */
extern const char *subject;

/* Prints "ferry bind: MESSAGE", removes what is half done, and exits with status 1. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints a line that isn't an error. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Room for count items of that size, zeroed. */
void *allocate(size_t count, size_t size);
/* The list with room for one more: count is what it holds. */
void *grow(void *list, size_t count, size_t size);
char *copy_string(const char *s);
/* A file's text, with a NUL after it, and its size (size may be NULL); NULL and errno when it can't
 * be read. */
char *read_text(const char *path, size_t *size);
/* Makes the folder and those above it. */
void make_folders(const char *path);
bool is_there(const char *path);
/* Writes everything, or dies. */
void write_all(int fd, const void *bytes, size_t size, const char *path);

/* A folder with files that go when the process ends, however it ends. */
struct scratch {
    char *path;
    const char *const *file; /* names of the files that may be in it, then NULL */
    bool keep;
};
/* Makes a folder PATH.XXXXXX. */
struct scratch *scratch_make(const char *path, const char *const *files);
void scratch_remove(struct scratch *s);
/* All of them; signal handlers may call it. */
void scratch_remove_all(void);

/* Runs a program; *errors is what it wrote to its standard error. Its exit status; 127: there is
 * none such. */
int run(char *const *argv, char **errors);

/* --- annotation.c --------------------------------------------------------------------------- */

enum rule_kind {
    RULE_PACKAGE,
    RULE_HEADER,
    RULE_INCLUDE,
    RULE_DEFINE,
    RULE_DECLARE,
    RULE_ONLY,
    RULE_SHARE,
    RULE_REFUSE,
    RULE_ACCEPT,
    RULE_WORDS,
    RULE_FORMAT,
    RULE_FILLS,
    RULE_OPAQUE,
    RULE_DEEP,
};

struct rule {
    enum rule_kind kind;
    u32 line;
    const char *word; /* a name, or with '*' at its end the beginning of names */
    const char *text; /* what follows it; for some kinds a comment that says why */
    bool used;
};

struct annotation {
    const char *path, *soname, *group;
    const char *of; /* the library that the functions are in, when they are a part of it; or NULL */
    const char *file; /* of the host's library; NULL: in the system's directories */
    bool heap;
    struct rule *rule;
    size_t count;
};

/* Reads the file, or dies. */
void annotation_read(const char *path, struct annotation *a);
/* The first rule of that kind for the name, which counts as used; NULL: none. */
struct rule *annotation_find(struct annotation *a, enum rule_kind kind, const char *name);
/* Says which rules spoke of nothing that the library has. */
void annotation_report_unused(const struct annotation *a);

/* --- symbols.c ------------------------------------------------------------------------------ */

struct version {
    u16 index, flags;
    const char *name[8]; /* its own, then those it inherits from */
    u32 names;
};

struct symbol {
    const char *name;
    const char *version;       /* "-": none */
    bool hidden;               /* not the default version of its name */
    bool data, weak, constant; /* constant: in a section that is neither written nor relocated */
    u16 version_index;         /* as in .gnu.version, without the hidden bit */
    u64 size, value, align;
    const u8 *bytes; /* of constant data */
};

struct library {
    const char *path, *soname, *build_id; /* build_id in hexadecimal, "": none */
    struct symbol *symbol;
    size_t count;
    struct version *version;
    size_t version_count;
};

/* Reads what a library for that machine (EM_) exports, or dies. */
void library_read(const char *path, u16 machine, struct library *l);
/* Leaves only the functions that the annotation names; of these the default version, as one
 * without.
 */
void library_keep_only(struct library *l, struct annotation *a);
/* The symbol of that name and version, for "-" the default one; NULL: none. */
const struct symbol *library_find(const struct library *l, const char *name, const char *version);

/* --- types.c -------------------------------------------------------------------------------- */

enum ctype_kind {
    CTYPE_VOID,
    CTYPE_BASE,
    CTYPE_POINTER,
    CTYPE_STRUCT,
    CTYPE_UNION,
    CTYPE_ENUM,
    CTYPE_ARRAY,
    CTYPE_VECTOR,
    CTYPE_FUNCTION,
    CTYPE_TYPEDEF,
    CTYPE_CONST,
    CTYPE_QUALIFIED, /* volatile, restrict, _Atomic */
};

/* A structure's member, a function's parameter (type alone), an enumeration's constant. */
struct cmember {
    const char *name;
    struct ctype *type;
    u64 bit;   /* from the start of the structure */
    u32 width; /* of a bit-field, in bits; 0: none */
    s64 value;
};

/* What an annotation says of a type, once it was looked up. */
enum { JUDGED = 1, JUDGED_OPAQUE = 2, JUDGED_DEEP = 4 };

struct ctype {
    enum ctype_kind kind;
    const char *name; /* tag or typedef name, "" for none */
    u64 size;         /* bytes */
    u64 elements;     /* of an array; 0: flexible */
    u32 align;        /* bytes */
    u32 encoding;     /* DW_ATE_ of a base type, or of an enumeration's */
    bool incomplete, prototyped, variadic;
    bool untagged;        /* its name is a typedef's */
    struct ctype *target; /* pointer's, array's, typedef's, qualifier's; a function's result */
    struct cmember *member;
    u32 count;
    u8 judged;
    u32 mark; /* the walk that saw it last, and (compare.c) in whose company */
    const struct ctype *partner;
};

/* The types of a probe unit's variables. */
struct probed {
    const char *name;
    struct ctype *type; /* of the function */
};
struct probe_types {
    struct probed *item; /* sorted by name */
    size_t count;
};
void types_read(const char *path, struct probe_types *types);
struct ctype *types_find(const struct probe_types *types, const char *name);

/* Without typedefs and qualifiers. */
struct ctype *bare(struct ctype *t);
/* "struct stat", "char": for messages. */
const char *type_name(const struct ctype *t);
/* A floating-point type that isn't float or double: long double, _Float128. */
bool is_wide_float(const struct ctype *t);
bool is_complex(const struct ctype *t);

/* --- probe.c -------------------------------------------------------------------------------- */

struct roots {
    const char *guest, *host; /* without a slash at the end: "" is /; guest may be NULL */
};

/* Of the functions that guest and host export, the types that both compilers give them. */
struct probe {
    struct probe_types guest, host;
};
void probe_run(struct annotation *a, const struct roots *roots, const struct library *exports,
               bool keep, struct probe *p);

/* The guest's and the host's directories below a root, most special first, ended by NULL. */
extern const char *const guest_library_folders[], *const host_library_folders[];

/* --- compare.c ------------------------------------------------------------------------------ */

/* Why values of these types can't pass unchanged, with all that they point to; NULL: they can. */
const char *compare_types(struct annotation *a, struct ctype *host, struct ctype *guest);
bool is_opaque(struct annotation *a, struct ctype *t);
/* FILE *, and what va_list is as a parameter. */
bool is_stream(struct ctype *t);
bool is_va_list(struct ctype *t);
/* The first pointer to a function that is reached from the type by pointers, as text; NULL: none.
 */
const char *function_below(struct annotation *a, struct ctype *t);

/* --- signature.c ---------------------------------------------------------------------------- */

/* The texts of a binding's callbacks, or of its records, by number. They may speak of each other:
 * written in the order that they were made in, what one speaks of comes before it. */
struct numbered {
    struct numbered_text {
        const char *text;
        u32 order;
    } * item;
    size_t count;
};

struct derivation {
    struct annotation *annotation;
    struct numbered callback, record;
    u32 order;                /* of the next of them */
    const char *refusal;      /* set once a type is refused; the first counts */
    bool accept;              /* refusals that the annotation's author has judged don't count */
    const struct rule *words; /* or NULL */
    bool format, fills;
};

/* The function's signature; NULL: refused, and d->refusal says why. */
const char *derive_signature(struct derivation *d, const char *name, struct ctype *host,
                             struct ctype *guest);

/* --- pass.c --------------------------------------------------------------------------------- */

/* Adds the letters of a structure passed by value; false: refused, *why says why. */
bool value_leaves(FILE *out, struct ctype *t, const char **why);
/* The letter of a scalar; 0: not one. */
char scalar_letter(struct ctype *t);

/* --- stub.c --------------------------------------------------------------------------------- */

/* One symbol of the stub: code (number) or data. */
struct stub_symbol {
    const struct symbol *symbol;
    u32 number; /* of code */
};

/* Writes the stub library to the file; where its code begins, in the file and in memory. */
u64 stub_write(const char *path, const char *soname, const struct library *l,
               const struct stub_symbol *s, size_t count);

/* --- library.c ------------------------------------------------------------------------------ */

struct settings {
    struct roots roots;
    const char *output;
    bool own; /* the machine's own library, where it has one, with the root's headers */
    bool keep, verbose;
};

/* Makes the binding that the annotation file asks for, or dies. */
void bind_library(const struct settings *settings, const char *annotation);

#endif
