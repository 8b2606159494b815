# The generated library of seed 1, and the libraries of the faults.
ready-native: $(BUILD)/tests/native/conform-1/ready $(BUILD)/tests/native/faults/ready

NATIVE_BIND := $(wildcard hostlibs/bind/*) | $(BUILD)/libexec/ferry/ferry-bind

$(BUILD)/tests/native/conform-1/ready: tests/native/build tests/native/root tests/native/generate tests/native/shapes.py \
    tests/native/value.h $(wildcard tests/native/conform_*) $(NATIVE_BIND)
	$(call say,GEN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)BUILD=$(BUILD) tests/native/build 1

$(BUILD)/tests/native/faults/ready: tests/native/faults-build tests/native/root tests/native/bench_program.c \
    $(wildcard tests/native/faults_*) $(NATIVE_BIND)
	$(call say,GEN,$(@D))
	$(Q)mkdir -p $(BUILD)/tests
	$(Q)BUILD=$(BUILD) tests/native/faults-build >$(BUILD)/tests/native-faults.log 2>&1 || \
	    { cat $(BUILD)/tests/native-faults.log; exit 1; }
