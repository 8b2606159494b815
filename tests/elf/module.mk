# What the tests of aot/elf link, and damaged files for them.
TEST_LAYERS_elf_module  := elf base
TEST_LAYERS_elf_real    := elf base
TEST_LAYERS_elf_hostile := elf base
TEST_LIBS_elf_module     = $(ELF_LIBS)
TEST_LIBS_elf_real       = $(ELF_LIBS)
TEST_LIBS_elf_hostile    = $(ELF_LIBS)
TEST_LIBS_elf_damaged    = $(ELF_LIBS)
TEST_OBJS_elf_module     = $(call objs,tests/elf/mutate.c)
TEST_OBJS_elf_real       = $(call objs,tests/elf/mutate.c)
TEST_OBJS_elf_hostile    = $(call objs,tests/elf/mutate.c)
TEST_OBJS_elf_damaged    = $(call objs,tests/elf/mutate.c) $(BUILD)/lib/elf.a
