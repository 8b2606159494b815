# Instruction tests: a small guest, and Unicorn as its oracle.
INSN_GUEST_OBJS = $(call objs,tests/insn/guest.c rt/fpstate.c)

INSN_WAYS_OBJS   = $(INSN_GUEST_OBJS) $(call objs,tests/insn/quick.c tests/insn/ways.c) $(RUN_CODE_OBJS)
INSN_ORACLE_OBJS = $(INSN_WAYS_OBJS) $(call objs,tests/insn/oracle.c tests/insn/random.c \
                                             tests/lib/random_lanes.c)
TEST_OBJS_semantic        = $(INSN_WAYS_OBJS)
TEST_OBJS_random_insn     = $(INSN_ORACLE_OBJS)
TEST_LIBS_random_insn     := -lunicorn
TEST_OBJS_random_sequence = $(INSN_ORACLE_OBJS)
TEST_LIBS_random_sequence := -lunicorn
TEST_OBJS_gen_random  = $(INSN_GUEST_OBJS) $(RUN_CODE_OBJS)

# Random addresses may fall into the sanitizer's shadow memory, which is mapped.
NO_ASAN += random_insn random_sequence gen_random
