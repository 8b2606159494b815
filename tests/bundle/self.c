/* What a program sees of itself: arguments, environment, its own name and file, and itself run
 * anew, by every name it has. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void show(int argc, char **argv)
{
    char exe[4096] = "";
    Elf64_Ehdr h = {0};
    int fd = open("/proc/self/exe", O_RDONLY);
    struct stat by_fd, by_name;

    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) exe[0] = '\0';
    if (read(fd, &h, sizeof h) < 0 || fstat(fd, &by_fd) != 0 || stat(exe, &by_name) != 0)
        perror("/proc/self/exe");
    printf("%s exe %s machine %d same %d\n", argv[1], exe, h.e_machine,
           by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev &&
               by_fd.st_size == by_name.st_size);
    for (int i = 2; i < argc; i++) printf("  arg '%s'\n", argv[i]);
    for (char **e = environ; *e != NULL; e++) printf("  env '%s'\n", *e);
    fflush(stdout);
}

static void again(const char *path, const char *what, char *argv0)
{
    char text[64];
    char *args[] = {argv0, text, NULL};
    int status;

    snprintf(text, sizeof text, "%s", what);
    if (fork() == 0) {
        execv(path, args);
        perror(path);
        _exit(1);
    }
    wait(&status);
    if (status != 7 << 8) printf("%s: status %x\n", what, status);
}

int main(int argc, char **argv)
{
    char exe[4096] = "";

    show(argc, argv);
    if (strcmp(argv[1], "first") != 0) return 7;
    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) return 1;
    again("/proc/self/exe", "link", argv[0]);
    again(exe, "name", argv[0]);
    again(argv[0], "argv0", argv[0]);
    if (chdir("/tmp") != 0) return 1;
    again("/proc/self/exe", "elsewhere", argv[0]);
    if (unlink(argv[0]) != 0) perror(argv[0]);
    again("/proc/self/exe", "deleted", argv[0]);
    again(exe, "name of deleted", argv[0]);
    execl("/proc/self/exe", "x", "last", NULL);
    return 1;
}
