/*
 * See guest_file.h. The files come from the assembler of this machine, so they are taken as they
 * are.
 */
#include "tests/disc/guest_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "tests/lib/check.h"

static size_t read_bytes(void *context, u64 at, void *bytes, size_t size)
{
    const struct guest_file *f = context;
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)(const void *)f->data;
    const Elf64_Phdr *p = (const Elf64_Phdr *)(const void *)(f->data + e->e_phoff);
    for (u32 i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type != PT_LOAD || at - p[i].p_vaddr >= p[i].p_filesz) continue;
        u64 n = p[i].p_filesz - (at - p[i].p_vaddr);
        if (n > size) n = size;
        memcpy(bytes, f->data + p[i].p_offset + (at - p[i].p_vaddr), n);
        return n;
    }
    return 0;
}

static size_t read_code(void *context, u64 pc, u32 *words, size_t max)
{
    const struct guest_file *f = context;
    if (pc < f->text.start || pc >= f->text.end) return 0;
    if (max > (f->text.end - pc) / 4) max = (f->text.end - pc) / 4;
    return read_bytes(context, pc, words, 4 * max) / 4;
}

static bool is_code(void *context, u64 pc)
{
    const struct guest_file *f = context;
    return pc % 4 == 0 && pc >= f->text.start && pc < f->text.end;
}

static u64 branch_to(void *context, u64 pc)
{
    const struct guest_file *f = context;
    u64 any = 0;
    for (u64 at = f->text.start; at < f->text.end; at += 4) {
        u32 word;
        u64 target = 0;
        if (!read_code(context, at, &word, 1) || !a64_may_branch(word)) continue;
        enum a64_flow flow = a64_flow(a64_decode(word), word, at, &target);
        if (target != pc) continue;
        if (flow == A64_FLOW_CONDITIONAL) return at;
        if (flow == A64_FLOW_JUMP && !any) any = at;
    }
    return any;
}

static struct guest_range function(void *context, u64 pc)
{
    const struct guest_file *f = context;
    for (u32 i = 0; i < f->symbol_count; i++) {
        const Elf64_Sym *s = &f->symbol[i];
        if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && pc - s->st_value < s->st_size)
            return (struct guest_range){s->st_value, s->st_value + s->st_size};
    }
    return f->text;
}

static void read_sections(struct guest_file *f)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)(const void *)f->data;
    const Elf64_Shdr *s = (const Elf64_Shdr *)(const void *)(f->data + e->e_shoff);
    f->relocatable = e->e_type == ET_DYN;
    for (u32 i = 0; i < e->e_shnum; i++) {
        if (s[i].sh_type == SHT_SYMTAB) {
            f->symbol = (const Elf64_Sym *)(const void *)(f->data + s[i].sh_offset);
            f->symbol_count = (u32)(s[i].sh_size / sizeof *f->symbol);
            f->names = (const char *)f->data + s[s[i].sh_link].sh_offset;
        }
        const char *name = (const char *)f->data + s[e->e_shstrndx].sh_offset + s[i].sh_name;
        if (!strcmp(name, ".text"))
            f->text = (struct guest_range){s[i].sh_addr, s[i].sh_addr + s[i].sh_size};
    }
}

void guest_file_open(struct guest_file *f, const char *path)
{
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in, "%s", path);
    fseek(in, 0, SEEK_END);
    *f = (struct guest_file){.size = (size_t)ftell(in)};
    rewind(in);
    f->data = malloc(f->size);
    ck_assert(f->data && fread(f->data, 1, f->size, in) == f->size);
    fclose(in);
    read_sections(f);
    ck_assert(f->symbol_count && f->text.end);
    f->view = (struct disc_view){
        {read_code, NULL, NULL, NULL, NULL, f}, read_bytes, is_code, branch_to, function, f};
}

void guest_file_close(struct guest_file *f)
{
    free(f->data);
}

u64 guest_symbol(const struct guest_file *f, const char *name)
{
    for (u32 i = 0; i < f->symbol_count; i++)
        if (!strcmp(f->names + f->symbol[i].st_name, name)) return f->symbol[i].st_value;
    return 0;
}
