# Switches compiled for the guest by both compilers: assembly, which says what the tables hold, and
# linked with the labels that it names.
TEST_LAYERS_disc_tables := disc a64 abi base
TEST_OBJS_disc_tables    = $(call objs,tests/disc/guest_file.c)

DISC_DIR   := $(BUILD)/tests/disc
DISC_CC_gcc   := aarch64-linux-gnu-gcc
DISC_CC_clang := clang --target=aarch64-linux-gnu -fno-addrsig
DISC_CODE_pic   := -fPIC
DISC_CODE_fixed := -fno-pic
DISC_LINK_pic   := -shared -Bsymbolic
DISC_LINK_fixed := -static -e 0
DISC_FILES := $(foreach c,gcc clang,$(foreach o,O0 O1 O2 Os,$(foreach k,pic fixed,$(c)-$(o)-$(k))))

define disc_file
$(DISC_DIR)/$(1).s: tests/disc/switches.c
	$$(call say,GUEST,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(DISC_CC_$(2)) -w -$(3) $$(DISC_CODE_$(4)) -fno-asynchronous-unwind-tables -S -o $$@ $$<
$(DISC_DIR)/$(1): $(DISC_DIR)/$(1).s
	$$(Q)aarch64-linux-gnu-gcc -c -Wa,-L -o $$@.o $$<
	$$(Q)aarch64-linux-gnu-ld $$(DISC_LINK_$(4)) --discard-none -o $$@ $$@.o
endef
$(foreach f,$(DISC_FILES),$(eval $(call disc_file,$(f),$(word 1,$(subst -, ,$(f))),$(word 2,$(subst -, ,$(f))),$(word 3,$(subst -, ,$(f))))))

$(DISC_DIR)/forms.s: tests/disc/forms.s
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(DISC_DIR)/forms: $(DISC_DIR)/forms.s
	$(Q)aarch64-linux-gnu-gcc -c -Wa,-L -o $@.o $<
	$(Q)aarch64-linux-gnu-ld -static -e 0 --discard-none -o $@ $@.o

$(BUILD)/tests/disc_tables: | $(patsubst %,$(DISC_DIR)/%,$(DISC_FILES) forms)
