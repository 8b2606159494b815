/*
 * The commands of this program; each returns the exit status. Arguments are what follows its name.
 */
#ifndef AOT_CMD_COMMANDS_H
#define AOT_CMD_COMMANDS_H

int command_convert(int argc, char **argv);
int command_cache(int argc, char **argv);
int command_bundle(int argc, char **argv);
int command_profile(int argc, char **argv);
int command_report(int argc, char **argv);

#endif
