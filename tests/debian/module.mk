# The two sysroots that comparisons and measurements use: the same packages for both architectures.
# SYSROOT_ARM64 and SYSROOT_AMD64 name others that are ready to use.

SYSROOT_ARM64 ?= $(BUILD)/sysroot/arm64
SYSROOT_AMD64 ?= $(BUILD)/sysroot/amd64
export SYSROOT_ARM64 SYSROOT_AMD64

# Those of this tree are made; a make below another sees the same names as set.
sysroots: $(patsubst %,%.ready,$(filter $(BUILD)/sysroot/%,$(SYSROOT_ARM64) $(SYSROOT_AMD64)))

$(BUILD)/sysroot/%.ready: tests/debian/packages | $(BUILD)/libexec/ferry/ferry-sysroot
	$(call say,ROOT,$(BUILD)/sysroot/$*)
	$(Q)$(BUILD)/libexec/ferry/ferry-sysroot create --arch=$* $(BUILD)/sysroot/$* $$(grep -v '^#' $<)
	@touch $@
$(BUILD)/sysroot/arm64.ready: | $(BUILD)/ferry # which its ldconfig runs under

# Images of all programs and libraries of the guest's.
$(BUILD)/tests/cache.ready: $(XLAT_ID) | all sysroots
	$(call say,IMAGES,$(BUILD)/tests/cache)
	$(Q)mkdir -p $(@D) && rm -rf $(BUILD)/tests/cache
	$(Q)$(BUILD)/ferry convert --quiet --cache $(BUILD)/tests/cache --root $(SYSROOT_ARM64)
	@touch $@

# Images without half of their regions, of what runs with them: the packages of the small scripts, or
# everything.
HALF := $(BUILD)/tests/cache-half$(if $(FERRY_ALL_MODES),-all).ready
$(HALF): $(XLAT_ID) | all sysroots
	$(call say,IMAGES,$(BUILD)/tests/cache-half)
	$(Q)mkdir -p $(@D) && rm -rf $(BUILD)/tests/cache-half $(BUILD)/tests/cache-half*.ready
	$(Q)$(BUILD)/ferry convert --quiet --leave-out 50 --cache $(BUILD)/tests/cache-half \
	    $(if $(FERRY_ALL_MODES),--root $(SYSROOT_ARM64),--sysroot $(SYSROOT_ARM64) $$(tests/debian/small-programs))
	@touch $@

# Tests of Python's that no binary package has, for tests/debian/programs/python-module.sh. They are
# skipped where the package's source can't be fetched.
PYTHON_TESTS := $(BUILD)/tests/debian-data/python-module-test_sqlite3
$(PYTHON_TESTS).ready: tests/debian/source
	$(call say,SOURCE,$(PYTHON_TESTS))
	$(Q)rm -rf $(PYTHON_TESTS) && mkdir -p $(PYTHON_TESTS)
	$(Q)archive=$$(tests/debian/source python3.11 $(BUILD)/tests/debian-source) && \
	    tar -x -f "$$archive" -C $(PYTHON_TESTS) --strip-components=3 --wildcards '*/Lib/test/test_sqlite3' && \
	    touch $@ || echo "no tests of Python's sqlite3: they are skipped" >&2

ready-debian: $(PYTHON_TESTS).ready sysroots $(BUILD)/tests/cache.ready bindings $(HALF)
.PHONY: sysroots
