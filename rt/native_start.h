/*
 * The way from the static program to the dynamic one (native_start.c).
 */
#ifndef RT_NATIVE_START_H
#define RT_NATIVE_START_H

#include <stddef.h>

/* Becomes the dynamic program, which gets the same arguments and environment; returns where that is
 * not possible, or not necessary. */
void native_hop(char **argv, char **envp);

/* In the dynamic program: takes over the environment as the static one had it, and where that one
 * is. */
void native_arrive(char **envp);

/* The dynamic program's file, for it to start itself again without the static one between: with the
 * environment that that one would give it. NULL: there is none, or this is the static program. */
const char *native_again(void);

/* Names a variable as it travels; there is room for NATIVE_ROOM more bytes. How many it took. */
#define NATIVE_ROOM 13u
size_t native_hide(char *variable);

/* The variable that says where the static program is, for the dynamic one. */
int native_put_self(char *text, size_t size);

#endif
