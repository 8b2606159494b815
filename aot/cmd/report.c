#include "aot/cmd/commands.h"
int command_report(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 2;
}
