#include "aot/gen/internal.h"
gen_fn *const gen_vector_ops[IR_OP_COUNT] = {0};
gen_fn *const gen_float_ops[IR_OP_COUNT] = {0};
gen_fn *const gen_crypto_ops[IR_OP_COUNT] = {0};
