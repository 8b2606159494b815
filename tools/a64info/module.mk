# build/a64info: one instruction word through every stage of the translator. (This file is read
# before the main one has named its archives.)
$(BUILD)/a64info: $(BUILD)/obj/tools/a64info/a64info.o \
                  $(foreach d,xlat gen opt lift disc x64 ir a64 abi base,$(BUILD)/lib/$(d).a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^ -lm

tools: $(BUILD)/a64info
