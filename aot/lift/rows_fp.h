/*
 * The rows that the lifter's floating-point, Advanced SIMD and cryptography files implement, and
 * the architecture's optional features among them. Each ROW has a function lift_ROW.
 */
#ifndef AOT_LIFT_ROWS_FP_H
#define AOT_LIFT_ROWS_FP_H

#define LIFT_FP_ROWS(X)

/* X(feature of aot/a64/fields.dec); words that need a feature not listed are undefined */
#define LIFT_FP_FEATURES(X)

#endif
