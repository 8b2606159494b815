# The harness that runs generated code, with the runtime's own switch and recovery.
RUN_CODE_OBJS = $(call objs,tests/lib/run_code.c rt/jit/frame.c rt/jit/enter.S)
TEST_OBJS_gen_vector = $(RUN_CODE_OBJS)
