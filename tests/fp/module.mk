# The evaluator's vector and floating-point operations against Unicorn (a unit test) and
# qemu-aarch64 (a fuzzer).
FP_DIFF_OBJS = $(call objs,tests/fp/diff.c tests/fp/rows_vec.c tests/fp/rows_fp.c \
                           tests/fp/rows_bf16.c tests/lib/random_lanes.c)

TEST_LAYERS_eval_vec := ir abi base
TEST_OBJS_eval_vec   = $(FP_DIFF_OBJS)
TEST_LIBS_eval_vec   := -lunicorn
TEST_LAYERS_eval_fp  := ir abi base
TEST_OBJS_eval_fp    = $(call objs,aot/xlat_helper.c)
TEST_OBJS_eval_qemu  = $(FP_DIFF_OBJS)

$(BUILD)/fuzz/eval_qemu: | $(BUILD)/tests/fp-guest

$(BUILD)/tests/fp-guest: tests/fp/guest.c
	$(call say,GUEST,$@)
	@mkdir -p $(@D)
	$(Q)aarch64-linux-gnu-gcc -std=gnu11 -O2 $(WARN) -static -o $@ $<
