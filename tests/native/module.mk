# The generated library of seed 1, and the libraries of the faults.
ready-native: $(BUILD)/tests/native/conform-1/ready $(BUILD)/tests/native/faults/ready

$(BUILD)/tests/native/conform-1/ready: tests/native hostlibs/bind $(wildcard tests/native/* hostlibs/bind/*) \
    | $(BUILD)/libexec/ferry/ferry-bind
	$(call say,GEN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)BUILD=$(BUILD) tests/native/build 1

$(BUILD)/tests/native/faults/ready: tests/native $(wildcard tests/native/* hostlibs/bind/*) \
    | $(BUILD)/libexec/ferry/ferry-bind
	$(call say,GEN,$(@D))
	$(Q)BUILD=$(BUILD) tests/native/faults-build >$(BUILD)/tests/native-faults.log 2>&1 || \
	    { cat $(BUILD)/tests/native-faults.log; exit 1; }
