# Instruction tests: a small guest, and Unicorn as its oracle.
INSN_GUEST_OBJS = $(call objs,tests/insn/guest.c)

TEST_OBJS_semantic    = $(INSN_GUEST_OBJS) $(call objs,tests/insn/quick.c) $(RUN_CODE_OBJS)
TEST_OBJS_random_insn = $(INSN_GUEST_OBJS) $(call objs,tests/insn/oracle.c)
TEST_LIBS_random_insn := -lunicorn
TEST_OBJS_gen_random  = $(INSN_GUEST_OBJS) $(RUN_CODE_OBJS)
