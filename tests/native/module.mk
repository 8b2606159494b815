# The generated library of seed 1.
ready-native: $(BUILD)/tests/native/conform-1/ready

$(BUILD)/tests/native/conform-1/ready: tests/native hostlibs/bind $(wildcard tests/native/* hostlibs/bind/*) \
    | $(BUILD)/libexec/ferry/ferry-bind
	$(call say,GEN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)BUILD=$(BUILD) tests/native/build 1
