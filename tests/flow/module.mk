# Random functions with loops and faults under Ferry, against qemu-aarch64.
ready-flow: $(BUILD)/tests/flow-generate

$(BUILD)/tests/flow-generate: $(BUILD)/obj/tests/flow/generate.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $<
