# Bindings of the libraries that there are annotations of.
#
# Both sides' libraries and headers are unpacked Debian packages, so that nothing depends on what the
# machine has installed. Bindings are for one build of a library, which they know by its build ID: the
# machine's own where it has one (--own).

BIND_LIBRARIES := $(sort $(patsubst hostlibs/annotations/%.bind,%,$(wildcard hostlibs/annotations/*.bind)))
BINDINGS := $(BUILD)/libexec/ferry/bindings

bindings: $(BUILD)/bindings.ready

# Changes when an annotation names another package, not with every change of one.
$(BUILD)/bind-packages: hostlibs/annotations $(wildcard hostlibs/annotations/*.bind)
	@mkdir -p $(@D)
	@{ echo libc6-dev; sed -n 's/^package //p' hostlibs/annotations/*.bind | tr ' ' '\n'; } | sort -u >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/sysroot/bind-%.ready: $(BUILD)/bind-packages | $(BUILD)/libexec/ferry/ferry-sysroot
	$(call say,ROOT,$(BUILD)/sysroot/bind-$*)
	$(Q)$(BUILD)/libexec/ferry/ferry-sysroot create --no-essential --arch=$* $(BUILD)/sysroot/bind-$* $$(cat $<)
	@touch $@

$(BUILD)/bindings.ready: $(BUILD)/libexec/ferry/ferry-bind $(BUILD)/sysroot/bind-arm64.ready $(BUILD)/sysroot/bind-amd64.ready \
    $(wildcard hostlibs/annotations/*.bind)
	$(call say,BIND,$(BINDINGS))
	@tools/deps bind
	$(Q)$(BUILD)/libexec/ferry/ferry-bind --own --guest $(BUILD)/sysroot/bind-arm64 --host $(BUILD)/sysroot/bind-amd64 \
	    --output $(BINDINGS) $(BIND_LIBRARIES)
	@touch $@

.PHONY: bindings
