/*
 * `ferry convert`, `bundle`, `cache`, `profile` and `report`: one program under five names.
 */
#include "aot/cmd/commands.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc ? argv[0] : "";
    if (!strncmp(name, "ferry-", 6)) name += 6;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (!strcmp(name, "bundle")) return command_bundle(argc, argv);
    if (!strcmp(name, "cache")) return command_cache(argc - 1, argv + 1);
    if (!strcmp(name, "profile")) return command_profile(argc - 1, argv + 1);
    if (!strcmp(name, "report")) return command_report(argc - 1, argv + 1);
    return command_convert(argc - (argc > 0), argv + (argc > 0));
}
