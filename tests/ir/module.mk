# IR tests: functions made at random, and the layers that the suites link.
TEST_LAYERS_opt        := opt ir abi base
TEST_LAYERS_opt_random := opt lift disc ir a64 abi base
TEST_LAYERS_opt_state  := opt ir abi base
TEST_LAYERS_opt_widen  := opt ir abi base
TEST_LAYERS_ir         := lift ir a64 abi base
TEST_LAYERS_eval       := ir abi base
TEST_LAYERS_eval_memory := ir abi base
TEST_OBJS_opt_state     = $(call objs,tests/ir/random_ir.c)
TEST_OBJS_opt_widen     = $(call objs,tests/ir/random_ir.c)
TEST_OBJS_ir_text       = $(call objs,tests/ir/random_ir.c)
