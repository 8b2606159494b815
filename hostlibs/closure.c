/*
 * Closures for functions of scalars: host code that enters a guest function.
 *
 * Each is sixteen bytes in a page that is filled once and executable from then on; behind the page
 * lies another with two words for each of them, what it stands for and where it goes to:
 *
 *     mov r11, [rip + 4096 - 7]
 *     jmp [rip + 4096 - 5]
 */
#include "hostlibs/hostlibs.h"

#include <string.h>
#include <sys/mman.h>

#define PAGE    4096u
#define BYTES   16u
#define IN_PAGE (PAGE / BYTES)

#define HOST_INTEGERS 6u /* System V ABI, AMD64, 3.2.3 */
#define HOST_VECTORS  8u

static const u8 code[BYTES] = {0x4c, 0x8b, 0x1d, 0xf9, 0x0f, 0,    0,    0xff,
                               0x25, 0xfb, 0x0f, 0,    0,    0xcc, 0xcc, 0xcc};

struct closure_data {
    void *closure, *door;
};

_Static_assert(sizeof(struct closure_data) == BYTES, "one for each");
_Static_assert(offsetof(struct host_arguments, vector) == 48 &&
                   sizeof(struct host_arguments) == 112,
               "doors.S");

static u8 *new_page(void)
{
    u8 *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) return NULL;
    for (u32 i = 0; i < IN_PAGE; i++) memcpy(page + i * BYTES, code, BYTES);
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0) return page;
    munmap(page, 2 * PAGE);
    return NULL;
}

void *closure_code(void *closure, bool floats)
{
    static u8 *page;
    static u32 used = IN_PAGE;
    struct closure_data *data;

    if (used == IN_PAGE) {
        page = new_page();
        if (page == NULL) return NULL;
        used = 0;
    }
    data = (struct closure_data *)(void *)(page + PAGE) + used;
    data->closure = closure;
    data->door = (void *)(floats ? closure_floats : closure_integers);
    return page + BYTES * used++;
}

bool closure_sources(const struct signature *sig, struct closure_source *source)
{
    u32 integers = 0, vectors = 0, words = 0;

    if (sig->variadic || !type_is_scalar(&sig->result)) return false;
    for (u32 i = 0; i < sig->count; i++) {
        const struct type *t = &sig->param[i];
        bool is_vector = t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE || t->kind == TYPE_VECTOR8;

        if (!type_is_scalar(t)) return false;
        if (is_vector && vectors < HOST_VECTORS)
            source[i] = (struct closure_source){SOURCE_VECTOR, (u8)vectors++};
        else if (!is_vector && integers < HOST_INTEGERS)
            source[i] = (struct closure_source){SOURCE_INTEGER, (u8)integers++};
        else
            source[i] = (struct closure_source){SOURCE_STACK, (u8)words++};
    }
    return true;
}

const u64 *closure_argument(const struct host_arguments *a, const u64 *stack,
                            struct closure_source source)
{
    switch ((enum closure_from)source.from) {
    case SOURCE_INTEGER: return &a->integer[source.number];
    case SOURCE_VECTOR: return &a->vector[source.number];
    default: return &stack[source.number];
    }
}
