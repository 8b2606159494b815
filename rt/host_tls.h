/*
 * Thread-local storage of the host's C library for tasks that it doesn't know.
 */
#ifndef RT_HOST_TLS_H
#define RT_HOST_TLS_H

/* For CLONE_SETTLS; NULL: no memory. */
void *host_tls_new(void);
void host_tls_free(void *tls);

/* The first thing on the task itself. */
void host_tls_begin(void);

#endif
