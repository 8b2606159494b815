# What the runtime and the driver share of caches, alone.
TEST_LAYERS_missed  := image base
TEST_LAYERS_profile := image base
TEST_OBJS_profile_damaged = $(BUILD)/lib/image.a

# convert/share runs Debian's programs.
ready-convert: sysroots $(BUILD)/tests/cache.ready
