include $(wildcard tests/*/module.mk)
TEST_LAYERS_arena     := base
TEST_LAYERS_sidetable := abi base
TEST_LAYERS_coder     := abi base
TEST_OBJS_image_tables  = $(call objs,aot/image/build.c aot/image/tables.c aot/image/unwind.c)
TEST_LIBS_simd_random   := -lunicorn
TEST_LAYERS_simd_random := lift a64 ir abi base
TEST_LAYERS_bundle_table := abi base
