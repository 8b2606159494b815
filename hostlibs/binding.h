/*
 * A binding: what of a host library guest programs may call, with every function's signature. It
 * is made by `ferry bind` from the types that both compilers see (DWARF), read by the runtime, and
 * lies beside the stub library that the guest loads in the library's place:
 *
 *     DIRECTORY/SONAME/binding      this text
 *     DIRECTORY/SONAME/stub.so      an AArch64 ELF library
 *
 * The text has one item a line, words separated by single blanks:
 *
 *     ferry-binding 2
 *     soname libz.so.1
 *     host-id HEX                   the host library's build ID: it is for no other build
 *     file PATH                     where it is, if the host's loader doesn't find the soname
 *     code OFFSET                   where the stub's code begins in its file: a page of its own
 *     heap                          memory passes between the two sides: both need one heap
 *     group NAME                    libraries of one group share types: all are bound, or none
 *     callback N SIGNATURE          a function that is called back; N counts from 0
 *     record N SIZE OFFSET:F<n>. ..     a structure with pointers to functions at these offsets,
 *                                   of the types of callbacks n; N counts from 0
 *     function NAME VERSION SIGNATURE   VERSION is the guest's, "-" where the symbol has none; the
 *                                   host's symbol has the same, or is the default one of its name
 *                                   where the host's library has no version that is called so
 *     data NAME VERSION SIZE        an object that the stub has a copy of
 *     share NAME VERSION SIZE       an object of the host's library, which is the guest's, too
 *     refused NAME VERSION REASON...    exported, but not callable; REASON is text
 *     end STUB TEXT                 the last line: digests of stub.so and of this text before TEXT
 *
 * Functions and refused names are numbered together, from 0 as they come: number N is N * 8 bytes
 * from the start of the stub's code, `hlt #0xfd00; ret`. What a line speaks of stands before it.
 * Functions come first, bound and refused, then data; refused objects come last: they have numbers
 * like the refused functions, but neither code nor symbols in the stub. Numbers are decimal.
 *
 * SIGNATURE: result type, '(', parameter types without separators, ')'. Types are
 *
 *     v            no result
 *     b            _Bool
 *     c C h H i I l L   integers of 1, 2, 4, 8 bytes, signed and unsigned; enumerations as these
 *     f d          float, double
 *     w W          vectors of 8 and 16 bytes, whatever is in them
 *     O            a pointer to a FILE; the host gets a stream of its own over it
 *     V            a va_list; the parameter before it is printf's format for it
 *     p            a pointer to data, which passes as it is
 *     F<n>.        a pointer to a function of the type of callback n; R<n>. to record n; K<n>. to a
 *                  constant record n (the number is decimal, the dot ends it). What is not the
 *                  address of guest code, like NULL and SQLite's -1, passes as it is
 *                  (in a callback's signature: a record that the callback fills, whose functions
 *                  are the guest's when it returns)
 *     {SIZE,ALIGN:OFFSET KIND,...}   a structure or union by value, no blanks: its scalar parts
 *                  with arrays unrolled, KIND one of b c C h H i I l L f d w W p (bit-fields: C
 *                  for each byte that they have bits of)
 *     %            after the last parameter, which is printf's format: variadic, as that says
 *     .            after the last parameter: variadic, further arguments are whole words in
 *                  integer registers or on the stack (an annotation says that there are no others).
 *                  [P,LOW-HIGH,F<n>.,NOT] behind it: when parameter P is in that range, the first
 * of them is a pointer to a function of callback n's type; but for NOT (0: none), where it is of a
 * type that can't be passed
 *
 * Sources: AAPCS64 (IHI 0055), System V ABI for AMD64.
 */
#ifndef HOSTLIBS_BINDING_H
#define HOSTLIBS_BINDING_H

#include "aot/base/types.h"

#define BINDING_MAX_PARAMS 32u
#define BINDING_WORDS      12u     /* parameters of a function that is known to take words alone */
#define BINDING_HLT        0xfd00u /* the immediate of a stub's first instruction */
#define BINDING_STUB_BYTES 8u

#define BINDING_DIGITS 32u /* hexadecimal, of aot/base/checksum.h's digest */

/* A scalar's letter in signatures is its value here. */
enum type_kind {
    TYPE_VOID = 'v',
    TYPE_BOOL = 'b',
    TYPE_S8 = 'c',
    TYPE_U8 = 'C',
    TYPE_S16 = 'h',
    TYPE_U16 = 'H',
    TYPE_S32 = 'i',
    TYPE_U32 = 'I',
    TYPE_S64 = 'l',
    TYPE_U64 = 'L',
    TYPE_FLOAT = 'f',
    TYPE_DOUBLE = 'd',
    TYPE_VECTOR8 = 'w',
    TYPE_VECTOR16 = 'W',
    TYPE_POINTER = 'p',
    TYPE_STREAM = 'O',
    TYPE_VA_LIST = 'V',
    TYPE_FUNCTION = 'F',     /* number: the callback's */
    TYPE_RECORD = 'R',       /* number: the record's */
    TYPE_CONST_RECORD = 'K', /* number: the record's */
    TYPE_STRUCT = '{',
};

/* A scalar part of a structure. */
struct leaf {
    u32 offset;
    u8 kind; /* enum type_kind, a scalar */
};

struct type {
    u8 kind; /* enum type_kind */
    u32 number;
    u32 size, align; /* bytes */
    u32 leaf_count;
    const struct leaf *leaf;
};

struct signature {
    struct type result;
    u32 count;
    char variadic; /* '.' or '%', or 0 */
    bool has_functions;
    struct {
        u32 param, low, high, callback, never;
    } functions; /* of the words, the first is one if that parameter is in that range */
    const struct type *param;
};

/* A pointer to a function within a record. */
struct record_field {
    u32 offset;
    u32 callback;
};

struct record {
    u32 size, count;
    const struct record_field *field;
};

struct bound_symbol {
    const char *name;
    const char *version;               /* "" : none */
    const char *reason;                /* why it is refused; NULL: it is bound */
    const struct signature *signature; /* when it is bound */
};

/* An object of the host library's that is the guest's, too. */
struct shared {
    const char *name, *version;
    u32 size;
};

struct binding {
    const char *soname, *host_id, *group; /* group "": none */
    const char *file;                     /* NULL: where the host's loader finds the soname */
    const char *stub;                     /* the stub's digest */
    bool heap;
    u32 code;
    u32 function_count, callback_count, record_count;
    struct bound_symbol *function;
    struct signature *callback;
    struct record *record;
    struct shared *shared;
    u32 shared_count;
    void *memory; /* all of it */
};

/* Reads a binding's text, which has been malloc'ed and is the binding's from then on, or freed.
 * NULL, or the binding, to be freed by binding_free; *line is the line that is wrong (0: no memory,
 * or the digest is another). Any text may be given. */
struct binding *binding_parse(char *text, size_t size, u32 *line);
void binding_free(struct binding *b);

/* The size in bytes of a scalar kind; 0: not a scalar. */
u32 type_scalar_size(u8 kind);

#endif
