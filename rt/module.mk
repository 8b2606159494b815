# The runtime speaks to Linux alone.
$(BUILD)/obj/rt/%.o: CFLAGS += -D_GNU_SOURCE
