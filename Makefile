# Ferry's build. Products go under build/. See README.md for the targets a user needs.
#
# Each folder of the translator becomes one archive build/lib/NAME.a, so that a test links only the
# layers it tests; libxlat.a is all of them. `make V=1` shows the commands.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
OPT     ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
CFLAGS  := -std=gnu11 $(OPT) $(WARN) -fno-strict-aliasing -I. -I$(BUILD)/gen $(EXTRA_CFLAGS)
LDFLAGS := $(EXTRA_LDFLAGS)

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
else
say = @:
endif

XLAT_DIRS := base abi a64 ir x64 lift opt gen disc
include $(wildcard aot/*/module.mk rt/module.mk hostlibs/module.mk tests/module.mk tools/module.mk)

all: $(BUILD)/ferry $(BUILD)/ferry-rt

# --- the translator library ------------------------------------------------------------------------

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(BUILD)/obj/%.o,$(filter %.S,$(1)))

define xlat_archive
$(BUILD)/lib/$(1).a: $$(call objs,$$(filter-out aot/$(1)/gen_%.c,$$(wildcard aot/$(1)/*.c)) $$(GENERATED_$(1)))
endef
$(foreach d,$(XLAT_DIRS),$(eval $(call xlat_archive,$(d))))

$(BUILD)/lib/xlat.a: $(call objs,$(wildcard aot/*.c)) $(XLAT_DIRS:%=$(BUILD)/lib/%.a)

XLAT_LIBS := $(BUILD)/lib/xlat.a $(foreach d,gen opt lift disc x64 ir a64 abi base,$(BUILD)/lib/$(d).a)

$(BUILD)/lib/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: %.c | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- unit tests: one Check program each -------------------------------------------------------------

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
CHECK_LIBS := -lcheck -lsubunit -lrt -lm -lpthread

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(XLAT_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(TEST_OBJS_$*) $(XLAT_LIBS) $(TEST_LIBS_$*) $(CHECK_LIBS)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.SECONDARY:
