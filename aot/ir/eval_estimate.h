/*
 * The architecture's reciprocal estimates on 9-bit fixed-point numbers (Arm ARM: RecipEstimate,
 * RecipSqrtEstimate). Arguments and results are in 1/512; results are 256 to 511.
 */
#ifndef AOT_IR_EVAL_ESTIMATE_H
#define AOT_IR_EVAL_ESTIMATE_H

#include "aot/base/types.h"

u32 eval_recip_estimate(u32 a); /* a: 256 to 511 */
u32 eval_rsqrt_estimate(u32 a); /* a: 128 to 511 */

#endif
