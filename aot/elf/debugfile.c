/*
 * The separate debug file, found as gdb finds it:
 *
 *   ROOT/.build-id/NN/NNNN.debug      by the build-id note, which must be the same in the file
 *   DIR/NAME, DIR/.debug/NAME, ROOT/DIR/NAME
 *                                     by .gnu_debuglink, whose checksum of the file must be right
 *
 * DIR is the module's folder. ROOT is for a whole system, so within a sysroot (ROOT is
 * SYSROOT/usr/lib/debug) DIR is counted from there.
 */
#include "aot/elf/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define SYSTEM_ROOT "/usr/lib/debug"

struct link { /* .gnu_debuglink */
    const char *name;
    u32 checksum;
};

static bool same_bytes(struct span a, struct span b)
{
    return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

/* Opens it if it is another file than the module's own. */
static bool open_other(struct reader *r, struct elf_file *debug, const char *path)
{
    char why[160];
    if (elf_file_open(debug, path, why)) return false;
    if (debug->device == r->own->device && debug->inode == r->own->inode) {
        elf_file_close(debug);
        return false;
    }
    return true;
}

static void keep_path(struct reader *r, const char *path)
{
    char *copy = arena_alloc(r->arena, strlen(path) + 1);
    r->m->debug_path = strcpy(copy, path);
}

static bool find_by_build_id(struct reader *r, struct elf_file *debug, const char *root)
{
    const struct module *m = r->m;
    char digits[2 * sizeof(m->build_id) + 1];
    if (m->build_id_size < 2) return false;
    for (u32 i = 0; i < m->build_id_size; i++) sprintf(digits + 2 * i, "%02x", m->build_id[i]);
    char *path = NULL;
    if (asprintf(&path, "%s/.build-id/%.2s/%s.debug", root, digits, digits + 2) < 0) return false;
    bool found = open_other(r, debug, path);
    if (found && !same_bytes(elf_build_id(debug), elf_build_id(r->own))) {
        elf_file_close(debug);
        found = false;
    }
    if (found) keep_path(r, path);
    free(path);
    return found;
}

/* The CRC-32 of IEEE 802.3, as in zlib. */
static u32 checksum(struct span s)
{
    u32 table[256];
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (unsigned k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        table[i] = c;
    }
    u32 sum = ~0u;
    for (u64 i = 0; i < s.size; i++) sum = table[(sum ^ s.at[i]) & 0xff] ^ sum >> 8;
    return ~sum;
}

static bool read_link(const struct elf_file *f, struct link *out)
{
    Elf64_Shdr s;
    if (!elf_find_section(f, ".gnu_debuglink", &s)) return false;
    struct span bytes = elf_section(f, &s);
    out->name = span_string(span_strings(bytes), 0);
    if (!out->name || strchr(out->name, '/')) return false;
    struct span sum = span_part(bytes, ALIGN_UP(strlen(out->name) + 1, (u64)4), 4);
    if (!sum.size) return false;
    memcpy(&out->checksum, sum.at, 4);
    return true;
}

static bool try_link(struct reader *r, struct elf_file *debug, const struct link *link,
                     const char *before, const char *folder, const char *after)
{
    char *path = NULL;
    if (asprintf(&path, "%s%s%s/%s", before, folder, after, link->name) < 0) return false;
    bool found = open_other(r, debug, path);
    if (found && checksum(debug->bytes) != link->checksum) {
        elf_file_close(debug);
        found = false;
    }
    if (found) keep_path(r, path);
    free(path);
    return found;
}

/* The folder as the debug root's system sees it: its last part within a sysroot. */
static const char *folder_in_system(const char *folder, const char *root)
{
    size_t length = strlen(root), tail = strlen(SYSTEM_ROOT);
    if (length < tail || strcmp(root + length - tail, SYSTEM_ROOT)) return folder;
    size_t sysroot = length - tail;
    return !strncmp(folder, root, sysroot) && folder[sysroot] == '/' ? folder + sysroot : folder;
}

static bool find_by_link(struct reader *r, struct elf_file *debug, const char *root)
{
    struct link link;
    if (!read_link(r->own, &link)) return false;
    char *real = realpath(r->m->path, NULL);
    if (!real) return false;
    *strrchr(real, '/') = 0;
    bool found =
        try_link(r, debug, &link, real, "", "") || try_link(r, debug, &link, real, "", "/.debug");
    if (!found && root) {
        char *real_root = realpath(root, NULL);
        if (real_root)
            found = try_link(r, debug, &link, real_root, folder_in_system(real, real_root), "");
        free(real_root);
    }
    free(real);
    return found;
}

void find_debug_file(struct reader *r, struct elf_file *debug, const char *root)
{
    if (root && find_by_build_id(r, debug, root)) return;
    find_by_link(r, debug, root);
}
