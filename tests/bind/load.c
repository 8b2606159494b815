/* Runs with the stub of tests/bind/types.bind as its library: nothing of it may be called, but all
 * has to be where the binding says. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

extern const char d_text[6];
extern void a_nothing(void), n_refused(void);

static int failed;

static void check(int good, const char *what)
{
    if (!good) printf("load: %s\n", what);
    failed |= !good;
}

int main(int argc, char **argv)
{
    void *library = dlopen("libtypes.so.1", RTLD_NOW);
    unsigned code[2];
    Dl_info info;
    (void)argv;
    if (!library) {
        puts(dlerror());
        return 1;
    }
    char *old = dlvsym(library, "n_more", "TYPES_1"), *new = dlvsym(library, "n_more", "TYPES_2");
    check(old && new &&new - old == 8, "both versions of a function");
    check(dlsym(library, "n_more") == (void *)new, "the default version");
    check(dlsym(library, "n_refused") == (void *)n_refused, "a refused function");
    check(!dlsym(library, "d_variable"), "an object that can't be copied isn't there");
    check(!dlvsym(library, "a_nothing", "TYPES_2"), "no function of another version");
    check(!strcmp(d_text, "hello"), "constant data");
    check(dlsym(library, "d_text") == dlsym(library, "d_alias"), "a second name of it");
    check(dladdr((void *)a_nothing, &info) && !strcmp(info.dli_sname, "a_nothing"), "its name");
    memcpy(code, (void *)a_nothing, sizeof(code));
    check(code[0] == (0xd4400000 | 0xfd00 << 5) && code[1] == 0xd65f03c0, "the code");
    if (argc > 1) a_nothing();
    return failed;
}
