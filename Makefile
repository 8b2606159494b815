# Ferry's build. Products go under build/. See README.md for the targets a user needs.
#
# Each folder of the translator becomes one archive build/lib/NAME.a, so that a test links only the
# layers it tests; libxlat is all of them. Folders add what they need in a module.mk:
#   GENERATED_HEADERS += FILE   made before anything is compiled
#   GENERATED_NAME    += FILE.c made, and part of the archive of aot/NAME
#   TEST_LAYERS_SUITE := base x64   the suite links these archives only (default: all)
#   TEST_OBJS_SUITE, TEST_LIBS_SUITE   further objects and libraries of a suite
#   NO_ASAN += SUITE            a suite that cannot run under the address sanitizer, with the reason
# `make V=1` shows the commands.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
OPT     ?= -O2 -g
VERSION := 0.1
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
CFLAGS  := -std=gnu11 -D_GNU_SOURCE $(OPT) $(WARN) -fPIE -fdata-sections -fno-strict-aliasing -fno-tree-vectorize -I. -I$(BUILD)/gen \
           -DFERRY_VERSION='"$(VERSION)"' $(EXTRA_CFLAGS)
LDFLAGS := $(EXTRA_LDFLAGS)

ifeq ($(origin CC),default)
CC := gcc
endif

# Compiler and flags of the objects there; others are reason enough to compile again.
ifneq ($(strip $(file <$(BUILD)/flags)),$(strip $(CC) $(CFLAGS)))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(CC) $(CFLAGS))
endif

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
else
say = @:
endif

# Targets that see to everything themselves build in parallel even if -j was not given.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
# The same with one job more: sysroots begin first, and wait for the network.
MORE_PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell expr 1 + $$(nproc)))

all:

XLAT_DIRS := base abi a64 ir x64 lift opt gen disc
include $(wildcard aot/*/module.mk rt/module.mk rt/*/module.mk hostlibs/module.mk tests/module.mk \
                   tools/module.mk tools/*/module.mk)

LIBEXEC := $(BUILD)/libexec/ferry
TOOLS   := $(patsubst tools/%.c,$(BUILD)/tools/%,$(wildcard tools/*.c)) $(BUILD)/tools/measure $(BUILD)/tools/clock

CONVERT_NAMES := bundle cache profile report # under these names ferry-convert does other things

all: $(BUILD)/ferry $(BUILD)/ferry-static $(LIBEXEC)/ferry-native $(LIBEXEC)/ferry-sysroot $(LIBEXEC)/ferry-convert \
     $(LIBEXEC)/ferry-bind \
     $(CONVERT_NAMES:%=$(LIBEXEC)/ferry-%) tools
tools: $(TOOLS)

# --- the translator library ------------------------------------------------------------------------

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(BUILD)/obj/%.o,$(filter %.S,$(1)))

# The folder is a prerequisite too: an object whose source is gone leaves the archive.
define xlat_archive
$(BUILD)/lib/$(1).a: aot/$(1) $$(call objs,$$(filter-out aot/$(1)/gen_%.c,$$(wildcard aot/$(1)/*.c)) $$(GENERATED_$(1)))
endef
$(foreach d,$(XLAT_DIRS),$(eval $(call xlat_archive,$(d))))

DRIVER := aot/main.c $(wildcard aot/convert*.c aot/cmd/*.c)
$(BUILD)/lib/xlat.a: $(call objs,$(filter-out $(DRIVER),$(wildcard aot/*.c)))

# Images: what the runtime reads of them, and what only the driver needs (libelf, libdwarf).
IMAGE_READ := $(addprefix aot/image/,cache.c check.c handover.c missed.c profile.c records.c)
$(BUILD)/lib/image.a: $(call objs,$(IMAGE_READ))
$(BUILD)/lib/driver.a: $(call objs,$(filter-out $(IMAGE_READ),$(wildcard aot/image/*.c)) \
                                   $(filter-out aot/main.c,$(DRIVER)))

# Reading ELF and DWARF is for what converts ahead of time: no part of libxlat, so that the runtime
# needs no libelf.
$(eval $(call xlat_archive,elf))
ELF_LIBS := -ldwarf -lelf

# The translator's identity: of all that decides what code it makes.
XLAT_ID := $(BUILD)/gen/xlat_id.inc
XLAT_ID_FILES := $(sort $(foreach d,$(XLAT_DIRS) elf image,$(wildcard aot/$(d)/*)) $(wildcard aot/convert*) aot/xlat.c aot/xlat.h aot/xlat_helper.c)
GENERATED_HEADERS += $(XLAT_ID)
$(XLAT_ID): $(XLAT_ID_FILES) $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)cat $(XLAT_ID_FILES) $(BUILD)/flags | sha256sum | cut -c 1-64 | sed 's/../0x&,/g' >$@
$(BUILD)/obj/aot/xlat_id.o: $(XLAT_ID)

XLAT_LIBS := $(BUILD)/lib/xlat.a $(foreach d,gen opt lift disc x64 ir a64 abi base,$(BUILD)/lib/$(d).a)

$(BUILD)/lib/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(GENERATED_HEADERS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.S $(BUILD)/flags | $(GENERATED_HEADERS)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- programs ---------------------------------------------------------------------------------------

RT_SOURCES := $(wildcard rt/*.c rt/*/*.c rt/*.S rt/*/*.S)

# Static and position-independent: the host's loader has no say in it, and it runs at any address.
$(BUILD)/ferry: $(call objs,$(RT_SOURCES) $(GENERATED_rt)) $(BUILD)/lib/image.a $(XLAT_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) -static-pie -Wl,-e,ferry_start,--sort-section=alignment $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lm -lpthread

# The same with native libraries, which the host's loader loads: started by the other when they are
# wanted. Some of the C library's functions are its own for them, and for them alone is its symbol table.
INTERPOSED := $(foreach n,heap files stdio environment foreign,$(BUILD)/obj/hostlibs/$(n).o)
$(BUILD)/gen/interposed.list: $(INTERPOSED)
	@mkdir -p $(@D)
	$(Q)nm -g --defined-only $^ | awk 'BEGIN { print "{" } $$2 == "T" { print $$3 ";" } END { print "};" }' >$@

$(LIBEXEC)/ferry-native: $(call objs,$(RT_SOURCES) $(GENERATED_rt) $(wildcard hostlibs/*.c hostlibs/*.S)) $(BUILD)/lib/image.a $(XLAT_LIBS) | $(BUILD)/gen/interposed.list
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) -pie -Wl,--dynamic-list=$(BUILD)/gen/interposed.list $(LDFLAGS) -o $@ $(filter %.o %.a,$^) -lm -lpthread -ldl

# Subcommands that need more than the runtime are programs of their own, found next to ferry.
$(LIBEXEC)/ferry-sysroot: $(call objs,$(wildcard tools/sysroot/*.c) aot/cmd/installed.c) $(BUILD)/lib/base.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^

$(LIBEXEC)/ferry-bind: $(call objs,$(wildcard hostlibs/bind/*.c)) $(BUILD)/lib/abi.a $(BUILD)/lib/base.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(ELF_LIBS)

$(LIBEXEC)/ferry-convert: $(call objs,aot/main.c) $(BUILD)/lib/driver.a $(BUILD)/lib/elf.a $(BUILD)/lib/image.a $(XLAT_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(ELF_LIBS) -lm

$(CONVERT_NAMES:%=$(LIBEXEC)/ferry-%): | $(LIBEXEC)/ferry-convert
	$(Q)ln -sf ferry-convert $@

# The static runtime by itself, without what only a debugger reads: for bundles, chroots, binfmt_misc.
$(BUILD)/ferry-static: $(BUILD)/ferry
	$(call say,STRIP,$@)
	$(Q)strip -g -o $@ $<

# Static: they also run inside a sysroot.
$(BUILD)/tools/measure $(BUILD)/tools/clock: $(BUILD)/tools/%: $(BUILD)/obj/tools/bench/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -static -o $@ $^

$(BUILD)/tools/%: $(BUILD)/obj/tools/%.o $(XLAT_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $< $(XLAT_LIBS) -lm

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/ferry $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/ferry/annotations
	install -m 755 $(BUILD)/ferry $(BUILD)/ferry-static $(DESTDIR)$(PREFIX)/bin/
	cp -Pp --remove-destination $(wildcard $(LIBEXEC)/ferry-*) $(DESTDIR)$(PREFIX)/libexec/ferry/
	[ ! -d $(BINDINGS) ] || cp -R $(BINDINGS) $(DESTDIR)$(PREFIX)/libexec/ferry/
	install -m 644 $(wildcard hostlibs/annotations/*.bind) $(DESTDIR)$(PREFIX)/share/ferry/annotations/
	install -m 644 $(wildcard tools/man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1/

# --- tests ------------------------------------------------------------------------------------------
# tests/README.md says what the suites are. Unit tests: one Check program per tests/unit/NAME.c.

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
CASE_SUITES := $(patsubst tests/%/cases,%,$(wildcard tests/*/cases))
SUITES     := $(UNIT_TESTS) $(CASE_SUITES)
CHECK_LIBS := -lcheck -lsubunit -lrt -lm -lpthread
FUZZ_SECONDS ?= 60

layers = $(if $(TEST_LAYERS_$(1)),$(TEST_LAYERS_$(1):%=$(BUILD)/lib/%.a),$(XLAT_LIBS))

unit-tests: $(UNIT_TESTS:%=$(BUILD)/tests/%)
ASAN_TESTS := $(foreach t,$(filter-out $(NO_ASAN),$(UNIT_TESTS)),$(BUILD)/tests/$(t))
UBSAN_TESTS := $(NO_ASAN:%=$(BUILD)/tests/%)
asan-tests: $(ASAN_TESTS)
ubsan-tests: $(UBSAN_TESTS)
print-asan-tests:
	@echo $(ASAN_TESTS)
print-ubsan-tests:
	@echo $(UBSAN_TESTS)

# What a suite needs besides the command itself; a module.mk may add to it.
$(UNIT_TESTS:%=ready-%): ready-%: $(BUILD)/tests/%
$(CASE_SUITES:%=ready-%): ready-%: all
$(SUITES:%=ready-%):

# Installs first what is missing (or says what to install), so that the rest sees a whole system. make
# begins with what is ready to be made, and so with the amd64 sysroot if what makes it is there.
check:
	@tools/deps build check
	@$(MAKE) --no-print-directory $(PARALLEL) $(LIBEXEC)/ferry-sysroot
	@$(MAKE) --no-print-directory $(MORE_PARALLEL) sysroots all unit-tests $(SUITES:%=ready-%)
	@BUILD=$(BUILD) tests/run $(SUITES)

$(SUITES:%=check-%): check-%: ready-%
	@BUILD=$(BUILD) tests/run $*

# The suites debian and guest with images made by profiles, twice in a row: long.
check-profiled: ready-debian ready-guest
	@BUILD=$(BUILD) tests/profiled

fuzz:
	@tools/deps build check fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) all $(FUZZERS:%=$(BUILD)/fuzz/%) ready-flow
	@for f in $(FUZZERS:%=$(BUILD)/fuzz/%) tests/fuzz/csmith tests/fuzz/loops "tests/flow/run -s"; do \
	    echo "== $$f $(FUZZ_SECONDS) s"; BUILD=$(BUILD) $$f $(FUZZ_SECONDS) || exit 1; done
	@echo "== tests/native/fuzz $(FUZZ_SECONDS) s"; BUILD=$(BUILD) tests/native/fuzz $(FUZZ_SECONDS)
	@echo "== tests/convert: damage, hostile"; BUILD=$(BUILD) tests/convert/damage && BUILD=$(BUILD) tests/convert/hostile 10000

# Goldens: tests that compare with a stored file write it instead when FERRY_BLESS is set.
bless: unit-tests
	@FERRY_BLESS=1 BUILD=$(BUILD) tests/run $(UNIT_TESTS)
	@git --no-pager diff --stat

# Rows with semantic tests, lines of the translator that the unit tests execute.
coverage:
	@tools/deps build check
	@$(MAKE) --no-print-directory $(PARALLEL) BUILD=$(BUILD)/coverage OPT="-O1 -g" \
	    EXTRA_CFLAGS="--coverage -fprofile-update=atomic" EXTRA_LDFLAGS=--coverage unit-tests
	@BUILD=$(BUILD)/coverage tests/coverage

fmt:
	clang-format -i $$(git ls-files '*.c' '*.h')

# --- what users see ---------------------------------------------------------------------------------

demo:
	@tools/deps build demo
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) tools/demo

bench:
	@tools/deps build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all sysroots $(BUILD)/tests/cache.ready
	@BUILD=$(BUILD) tools/bench/bench $(BENCH)

# Programs never seen before: first, second and tenth run, with conversion in the background.
bench-first:
	@tools/deps build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all sysroots
	@BUILD=$(BUILD) tools/bench/first $(BENCH)

# C programs with calls by pointer, with a profile and without, beside their native builds.
bench-speculation:
	@tools/deps build check bench
	@$(MAKE) --no-print-directory $(PARALLEL) all sysroots
	@BUILD=$(BUILD) tools/bench/speculation $(BENCH)

# Start-up alone; BENCH="-n 10" is a quick look.
bench-start:
	@$(MAKE) --no-print-directory bench BENCH="-m 'native image quick qemu' $(BENCH) start"

# The hottest loop of rows, BENCH="flac x264", beside the host's code for it and the native one's.
bench-hot:
	@tools/deps build bench hot
	@$(MAKE) --no-print-directory $(PARALLEL) all sysroots
	@BUILD=$(BUILD) tools/bench/hot $(BENCH)

# What native libraries bring.
bench-native:
	@$(MAKE) --no-print-directory bindings
	@$(MAKE) --no-print-directory bench BENCH="-m 'native image bound qemu' $(BENCH) libs crypto sqlite3 cwebp"

# ./configure and make of Debian's gzip; BENCH="-n 3" takes medians.
bench-build:
	@tools/deps build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all sysroots $(BUILD)/tests/cache.ready
	@BUILD=$(BUILD) tools/bench/build $(BENCH)

clean:
	rm -rf $(BUILD)

.PHONY: all tools install unit-tests asan-tests ubsan-tests print-asan-tests print-ubsan-tests check check-profiled fuzz bless coverage fmt demo bench bench-first bench-speculation bench-start bench-native bench-hot bench-build clean \
	$(SUITES:%=ready-%) $(SUITES:%=check-%)
# make's own rules would compile tests/native/faults.c over the script beside it.
MAKEFLAGS += --no-builtin-rules
.SECONDARY:

.SECONDEXPANSION:

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $$(TEST_OBJS_$$*) $$(call layers,$$*)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $< $(TEST_OBJS_$*) $(call layers,$*) $(TEST_LIBS_$*) $(CHECK_LIBS)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $$(TEST_OBJS_$$*) $(XLAT_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $@ $< $(TEST_OBJS_$*) $(XLAT_LIBS) $(TEST_LIBS_$*) -lm -lpthread
