# `make semantic-lines`: build/tests/semantic_lines, which makes lines for tests/semantic by qemu.
$(BUILD)/tests/line-guest: tests/semantic_lines/guest.c tests/semantic_lines/case.h
	$(call say,GUEST,$@)
	@mkdir -p $(@D)
	$(Q)aarch64-linux-gnu-gcc -std=gnu11 -O1 $(WARN) -I. -static -o $@ $<

$(BUILD)/tests/semantic_lines: $(BUILD)/obj/tests/semantic_lines/make.o \
                               $(foreach d,lift ir a64 abi base,$(BUILD)/lib/$(d).a)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^

semantic-lines: $(BUILD)/tests/semantic_lines $(BUILD)/tests/line-guest
.PHONY: semantic-lines
