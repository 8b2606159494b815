# checks/clang goes by what gcc has compiled.
ready-checks: unit-tests
