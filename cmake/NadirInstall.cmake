# `cmake --install` copies the program; it finds LibTorch and Arrow where they
# were at build time, or beside it in <prefix>/lib/nadir when
# -DNADIR_INSTALL_LIBRARIES=ON copies them there.
include(GNUInstallDirs)
