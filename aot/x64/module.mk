# The encoder's tests link it alone.
TEST_LAYERS_x64 := x64 base
TEST_LAYERS_x64_golden := x64 base
TEST_OBJS_x64_golden = $(call objs,tests/lib/x64_cases.c)
TEST_LAYERS_x64_vectors := x64 base
TEST_OBJS_x64_vectors = $(call objs,tests/lib/x64_cases.c)
