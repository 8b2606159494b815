# The guest's libm comes from the arm64 sysroot.
ready-libm: sysroots
