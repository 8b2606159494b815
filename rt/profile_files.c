/*
 * Profiles of modules that have no image yet, whose digest nobody knows: what was sampled of them
 * is kept by guest address, and when the process ends the map says which files that was.
 *
 * A digest takes as long as a file is large, so only files that were sampled much get one.
 */
#include "rt/profile_files.h"

#include "aot/image/cache.h"
#include "rt/lines.h"
#include "rt/log.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Samples that are worth a digest: a hundredth of their time, at 3 ms and 600 MB a second. */
#define LEAST_SAMPLES  8
#define BYTES_A_SAMPLE 20000

struct mapping {
    u64 start, end, offset, inode;
    const char *path;
};

static bool read_mapping(const char *line, struct mapping *m)
{
    int at = 0;

    m->path = line;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64 " %n", &m->start,
               &m->end, &m->offset, &m->inode, &at) < 4 ||
        at == 0)
        return false;
    m->path += at;
    return m->path[0] == '/';
}

/* The addresses as they are in the file, of those that its segment has that is mapped there. */
static u32 unbias(int fd, const struct mapping *m, struct profile_record *r, u32 count)
{
    Elf64_Ehdr h;
    Elf64_Phdr p;

    if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
        h.e_machine != EM_AARCH64 || h.e_phentsize != sizeof(p))
        return 0;
    for (u32 n = 0; n < h.e_phnum; n++) {
        u64 moved;

        if (pread(fd, &p, sizeof(p), (off_t)(h.e_phoff + n * sizeof(p))) != sizeof(p)) return 0;
        if (p.p_type != PT_LOAD || (p.p_flags & PF_X) == 0) continue;
        if (m->offset + (m->end - m->start) <= p.p_offset || m->offset >= p.p_offset + p.p_filesz)
            continue;
        moved = p.p_vaddr - p.p_offset + m->offset - m->start;
        for (u32 k = 0; k < count; k++) {
            if (profile_is_about_tiers(&r[k])) continue;
            r[k].pc += moved;
            if (r[k].to != 0) r[k].to += moved;
        }
        return count;
    }
    return 0;
}

static void write_file(const char *dir, const struct mapping *m, u32 samples,
                       struct profile_record *r, u32 count)
{
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct digest module;
    struct stat st;
    const char *why;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == m->inode &&
        samples >= LEAST_SAMPLES + (u64)st.st_size / BYTES_A_SAMPLE) {
        count = unbias(fd, m, r, count);
        if (count != 0 && cache_digest_file(fd, (u64)st.st_size, &module) &&
            !cache_note_profile(dir, &module, r, count, &why))
            log_line(LOG_IMAGE, "%s: a profile can't be written", dir);
    }
    if (fd >= 0) close(fd);
}

void profile_write_files(const char *dir, struct profile_record *room, profile_between *between)
{
    struct lines lines;
    char *line;

    if (!lines_open(&lines, "/proc/self/maps")) return;
    while ((line = lines_next(&lines)) != NULL) {
        struct mapping m;
        u32 samples, count;

        if (!read_mapping(line, &m)) continue;
        count = between(m.start, m.end, room, &samples);
        if (count != 0) write_file(dir, &m, samples, room, count);
    }
}
