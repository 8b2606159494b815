/*
 * Guest addresses that images should have had: kept while the program runs, written to the cache
 * when it ends, so that the next conversion has them; and --require-image.
 */
#ifndef RT_MISSED_H
#define RT_MISSED_H

#include "aot/image/missed.h"

/* pc was translated as it came, at address pc - unbiased of the module with that digest (NULL: it
 * has no image). Any thread; no lock is needed. */
void missed_note(const struct digest *module, u64 pc, u64 unbiased, enum missed_kind kind);

/* The process ends, or becomes another program: writes to `dir` (NULL: nowhere) what was noted.
 * With
 * --require-image, says it; true: there was something. */
bool missed_flush(const char *dir);

#endif
