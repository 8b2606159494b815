/*
 * The way from the static program to the dynamic one (native_start.c).
 */
#ifndef RT_NATIVE_START_H
#define RT_NATIVE_START_H

/* Becomes the dynamic program, which gets the same arguments and environment; returns where that is
 * not possible, or not necessary. */
void native_hop(char **argv, char **envp);

/* In the dynamic program: takes over the environment as the static one had it, and where that one
 * is. */
void native_arrive(char **envp);

#endif
