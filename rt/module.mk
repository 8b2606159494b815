# The runtime speaks to Linux alone.
$(BUILD)/obj/rt/%.o: CFLAGS += -D_GNU_SOURCE

# Guest registers stay in place; nothing may be called, nothing counted or checked. Clang can't do that.
FIXED_REGISTERS := rbx rbp r8 r9 r10 r11 r12 r13 r14 r15
ifeq ($(findstring clang,$(CC)),)
$(BUILD)/obj/rt/strings.o: CFLAGS += -O2 $(FIXED_REGISTERS:%=-ffixed-%) -fomit-frame-pointer -fno-builtin \
    -fno-tree-loop-distribute-patterns -fno-stack-protector -fcf-protection=none -fno-sanitize=all -fno-profile-arcs \
    -fno-test-coverage
endif
