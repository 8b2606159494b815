# What the runtime and the driver share of caches, alone.
TEST_LAYERS_missed := image base

# convert/share runs Debian's programs.
ready-convert: sysroots $(BUILD)/tests/cache.ready
