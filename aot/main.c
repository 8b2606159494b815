/*
 * `ferry convert`.
 */
#include "aot/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aot/image/cache.h"
#include "aot/xlat.h"

int main(int argc, char **argv)
{
    char dir[PATH_MAX];
    if (!cache_default(dir, sizeof dir)) return 1;
    for (int i = 1; i < argc; i++) {
        struct arena arena;
        struct module m;
        struct converted c;
        struct digest digest;
        char why[160], name[CACHE_NAME], path[PATH_MAX + CACHE_NAME], temporary[PATH_MAX + CACHE_NAME + 16];
        arena_init(&arena);
        if (module_open(&arena, argv[i], NULL, &m, why) != MODULE_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], why);
            continue;
        }
        digest = blake2b_of(m.data, m.size);
        struct convert_options o = {xlat_host_features()};
        if (convert_module(&arena, &m, &digest, &o, &c) != CONVERT_OK) continue;
        struct digest fp = cache_fingerprint(m.data, m.size < CACHE_HEAD ? m.size : CACHE_HEAD, m.size);
        cache_image_name(name, &c.header.translator, &fp, &c.header.key);
        snprintf(path, sizeof path, "%s/%s", dir, name);
        for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
            *p = 0;
            mkdir(path, 0700);
            *p = '/';
        }
        snprintf(temporary, sizeof temporary, "%s.tmp", path);
        int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC, 0600);
        int e = image_write(fd, &c.header, c.bytes, c.symbol, c.symbol_count);
        close(fd);
        if (!e && rename(temporary, path)) e = errno;
        printf("%s: %s, %u entries, %u insts, text %u of guest %llu, file %llu, side %u, refused %u\n", argv[i], e ? strerror(e) : "ok",
               c.header.entry_count, c.header.guest_insts, c.header.text_size, (unsigned long long)c.code_bytes, (unsigned long long)c.header.file_size, c.header.side_size, c.refused);
        module_close(&m);
        arena_free(&arena);
    }
    return 0;
}
