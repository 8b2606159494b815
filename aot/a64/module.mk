# The decoder: gen_decode reads the *.dec tables and writes rows.h, decode.inc
# and texts.inc.
.DEFAULT_GOAL := all

A64_GEN_SRC := $(wildcard aot/a64/gen_*.c)
A64_TABLES  := aot/a64/fields.dec $(filter-out aot/a64/fields.dec,$(sort $(wildcard aot/a64/*.dec)))
A64_OUT     := $(BUILD)/gen/aot/a64

GENERATED_HEADERS += $(A64_OUT)/rows.h $(A64_OUT)/decode.inc $(A64_OUT)/texts.inc

$(BUILD)/a64/gen_decode: $(A64_GEN_SRC) $(wildcard aot/a64/gen_*.h)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -g $(WARN) -I. -o $@ $(A64_GEN_SRC)

# One run writes all three files, rows.h first; the others hang from it.
$(A64_OUT)/rows.h: $(BUILD)/a64/gen_decode $(A64_TABLES)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/a64/gen_decode $(A64_OUT) $(A64_TABLES)

$(A64_OUT)/decode.inc $(A64_OUT)/texts.inc: $(A64_OUT)/rows.h
	@test -f $@ || $(BUILD)/a64/gen_decode $(A64_OUT) $(A64_TABLES)

# The decoder's suite also runs the generator on bad tables, and the comparison with objdump.
TEST_LAYERS_a64 := a64 abi base
$(BUILD)/tests/a64: | $(BUILD)/a64/gen_decode $(BUILD)/fuzz/a64_objdump

$(BUILD)/fuzz/a64_objdump: $(BUILD)/obj/tests/fuzz/a64_objdump.o $(BUILD)/lib/a64.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^
