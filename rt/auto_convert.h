/*
 * --auto-convert: files whose code was translated as it came are handed over, when the process
 * ends, to a converter in the background, so that the next run has images of them.
 */
#ifndef RT_AUTO_CONVERT_H
#define RT_AUTO_CONVERT_H

#include "aot/base/blake2b.h"
#include "aot/base/types.h"

/* So many guest instructions at pc were translated as they came. Any thread; no lock is needed. */
void auto_convert_note(u64 pc, u32 instructions);

/* In a child of fork: what it has inherited is its parent's to hand over. */
void auto_convert_after_fork(void);

/* The process ends: hands over to the cache `dir`, and starts a converter if none is at work. */
void auto_convert_leave(const char *dir, const struct digest *translator);

#endif
