include $(wildcard tests/*/module.mk)
TEST_LIBS_simd_random := -lunicorn
