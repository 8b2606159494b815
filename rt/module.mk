# The runtime speaks to Linux alone.
$(BUILD)/obj/rt/%.o: CFLAGS += -D_GNU_SOURCE

# Guest registers stay in place; nothing may be called, nothing counted or checked.
$(BUILD)/obj/rt/strings.o: CFLAGS += -O2 $(patsubst %,-ffixed-%,rbx rbp r8 r9 r10 r11 r12 r13 r14 r15) -fomit-frame-pointer \
    -fno-builtin -fno-tree-loop-distribute-patterns -fno-stack-protector -fcf-protection=none \
    -fno-sanitize=all -fno-profile-arcs -fno-test-coverage
