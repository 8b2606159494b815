# Bindings of the libraries that there are annotations of.
#
# Both sides' libraries and headers are unpacked Debian packages, so that nothing depends on what the
# machine has installed. A binding is for one build of a library, by its build ID: the machine's own,
# where that has the same version.

BIND_LIBRARIES := $(sort $(patsubst hostlibs/annotations/%.bind,%,$(wildcard hostlibs/annotations/*.bind)))
BINDINGS := $(BUILD)/libexec/ferry/bindings

bindings: $(BUILD)/bindings.ready

$(BUILD)/sysroot/bind-%.ready: hostlibs/annotations hostlibs/module.mk $(wildcard hostlibs/annotations/*.bind) \
    | $(BUILD)/libexec/ferry/ferry-sysroot
	$(call say,ROOT,$(BUILD)/sysroot/bind-$*)
	$(Q)$(BUILD)/libexec/ferry/ferry-sysroot create --no-essential --arch=$* $(BUILD)/sysroot/bind-$* libc6-dev \
	    $$(sed -n 's/^package //p' hostlibs/annotations/*.bind)
	@touch $@

$(BUILD)/bindings.ready: $(BUILD)/libexec/ferry/ferry-bind $(BUILD)/sysroot/bind-arm64.ready $(BUILD)/sysroot/bind-amd64.ready
	$(call say,BIND,$(BINDINGS))
	@tools/deps bind
	$(Q)$(BUILD)/libexec/ferry/ferry-bind --guest $(BUILD)/sysroot/bind-arm64 --host $(BUILD)/sysroot/bind-amd64 \
	    --output $(BINDINGS) $(BIND_LIBRARIES)
	@touch $@

.PHONY: bindings
