/*
 * The rows that the lifter's base files implement (integer, branches, loads and stores, system),
 * and the architecture's optional features among them. Each ROW has a function lift_ROW.
 */
#ifndef AOT_LIFT_ROWS_BASE_H
#define AOT_LIFT_ROWS_BASE_H

#define LIFT_BASE_ROWS(X)

/* X(feature of aot/a64/fields.dec) */
#define LIFT_BASE_FEATURES(X)                                                                      \
    X(base)                                                                                        \
    X(hint)                                                                                        \
    X(crc32)                                                                                       \
    X(lse)                                                                                         \
    X(rcpc)

#endif
