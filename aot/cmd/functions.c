/*
 * Names for addresses: see functions.h.
 */
#include "aot/cmd/functions.h"

#include <stdlib.h>

#include "aot/cmd/say.h"

void functions_open(struct functions *f, struct arena *arena, const char *file)
{
    char why_not[160];
    f->known = module_open(arena, file, NULL, &f->m, why_not) == MODULE_OK;
}

void functions_close(struct functions *f)
{
    if (f->known) module_close(&f->m);
}

/* The function that pc is in, or what begins last before it. NULL: nothing does. */
static const struct module_entry *function_of(const struct functions *f, u64 pc)
{
    u32 low = 0, high = f->known ? f->m.entry_count : 0;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (f->m.entry[middle].pc <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    for (u32 n = low; n-- > 0;) {
        const struct module_entry *e = &f->m.entry[n];
        if (e->size && pc - e->pc >= e->size) continue; /* one that lies within another */
        if (e->name || e->size) return e;
    }
    return low ? &f->m.entry[low - 1] : NULL;
}

const char *functions_name(struct arena *arena, const struct functions *f, u64 pc)
{
    const struct module_entry *e = function_of(f, pc);
    struct shown name;
    if (!e || !e->name) return format_text(arena, "0x%llx", (unsigned long long)pc);
    if (pc == e->pc) return format_text(arena, "%s", shown(&name, e->name));
    return format_text(arena, "%s+0x%llx", shown(&name, e->name), (unsigned long long)(pc - e->pc));
}

static int by_samples(const void *a, const void *b)
{
    const struct hot_function *x = a, *y = b;
    if (x->samples != y->samples) return x->samples > y->samples ? -1 : 1;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

/* Samples are in the order of addresses, so a function's follow each other. */
u32 functions_by_samples(struct arena *arena, const struct functions *f, const struct profile *p,
                         struct hot_function **out)
{
    struct hot_function *hot = arena_alloc(arena, (p->weight_count + 1) * sizeof *hot);
    u32 count = 0;
    for (u32 n = 0; n < p->weight_count; n++) {
        const struct module_entry *e = function_of(f, p->weight[n].pc);
        u64 pc = e ? e->pc : p->weight[n].pc;
        if (!count || hot[count - 1].pc != pc) hot[count++] = (struct hot_function){.pc = pc};
        hot[count - 1].samples += p->weight[n].samples;
    }
    qsort(hot, count, sizeof *hot, by_samples);
    *out = hot;
    return count;
}
