# IR tests: functions made at random.
TEST_LAYERS_opt_state := opt ir abi base
TEST_OBJS_opt_state    = $(call objs,tests/ir/random_ir.c)
