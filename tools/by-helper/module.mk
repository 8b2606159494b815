# build/by-helper: which operations generated code leaves to a C helper.
$(BUILD)/by-helper: $(BUILD)/obj/tools/by-helper/by-helper.o \
                    $(foreach d,xlat gen opt lift disc x64 ir a64 abi base,$(BUILD)/lib/$(d).a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^ -lm

tools: $(BUILD)/by-helper
