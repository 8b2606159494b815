#include "aot/cmd/commands.h"
int command_cache(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 2;
}
int command_report(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 2;
}
