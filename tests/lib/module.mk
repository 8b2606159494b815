# The harness that runs generated code, with the runtime's own switch and recovery.
RUN_CODE_OBJS = $(call objs,tests/lib/run_code.c rt/jit/frame.c rt/jit/enter.S)
TEST_OBJS_gen_vector = $(RUN_CODE_OBJS)

# Code memory alone, without the rest of the runtime.
TEST_LAYERS_jit_code := base
TEST_OBJS_jit_code    = $(call objs,rt/jit/code.c rt/lock.c rt/access.S)
