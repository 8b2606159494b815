/*
 * Every module of a tree. Links are not followed: what they lead to is in the tree by its own name,
 * or outside of it. Other file systems that are mounted in it are gone through too, unless the
 * kernel makes their files up.
 */
#include "aot/cmd/closure.h"

#include <elf.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "aot/cmd/guestfs.h"
#include "aot/cmd/say.h"

/* Whether the kernel makes up what is in that directory. */
static bool is_made_up(const char *path)
{
    static const u32 kinds[] = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,   DEVPTS_SUPER_MAGIC,
                                DEBUGFS_MAGIC,      TRACEFS_MAGIC, SECURITYFS_MAGIC,
                                CGROUP_SUPER_MAGIC, BPF_FS_MAGIC,  CGROUP2_SUPER_MAGIC,
                                BINFMTFS_MAGIC,     PSTOREFS_MAGIC};
    struct statfs s;
    if (statfs(path, &s)) return false;
    for (size_t n = 0; n < ARRAY_SIZE(kinds); n++)
        if ((u32)s.f_type == kinds[n]) return true;
    return false;
}

/* Whether it has only what a debugger wants of a module: its code takes no bytes in the file. */
static bool is_debug_file(const char *path)
{
    Elf64_Ehdr e;
    Elf64_Shdr s;
    bool code = false, place = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    if (pread(fd, &e, sizeof e, 0) != sizeof e || e.e_shentsize != sizeof s) e.e_shnum = 0;
    for (u32 n = 0; n < e.e_shnum && !code; n++) {
        if (pread(fd, &s, sizeof s, (off_t)(e.e_shoff + n * sizeof s)) != sizeof s) break;
        if (!(s.sh_flags & SHF_EXECINSTR)) continue;
        if (s.sh_type == SHT_NOBITS)
            place = true;
        else
            code = true;
    }
    close(fd);
    return place && !code;
}

static void look_at_file(struct inputs *in, const FTSENT *e)
{
    const char *guest = e->fts_path;
    if (guest_is_inside(in->root, guest)) guest += strlen(in->root);
    if (e->fts_statp->st_size <= 64) return;
    enum file_kind kind = file_kind(e->fts_path, NULL);
    in->unreadable += kind == KIND_NONE;
    if (kind == KIND_GUEST && !is_debug_file(e->fts_path)) inputs_add(in, e->fts_path, guest);
}

bool inputs_add_tree(struct inputs *in, const char *dir)
{
    char *top[] = {format_text(in->arena, "%s", dir), NULL};
    FTS *fts = fts_open(top, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    u64 device = 0;
    for (FTSENT *e; fts && (e = fts_read(fts)) != NULL;) {
        switch (e->fts_info) {
        case FTS_D:
            if (e->fts_statp->st_dev != device && is_made_up(e->fts_path))
                fts_set(fts, e, FTS_SKIP);
            device = e->fts_statp->st_dev;
            break;
        case FTS_F: look_at_file(in, e); break;
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS: in->unreadable++; break;
        default: break;
        }
    }
    if (fts) fts_close(fts);
    return fts && !in->unreadable;
}
