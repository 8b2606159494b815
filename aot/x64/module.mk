# The encoder's tests link it alone.
TEST_LAYERS_x64 := x64 base
TEST_LAYERS_x64_golden := x64 base
