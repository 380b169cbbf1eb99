# Filled in by the installed-header work: cmake --install and find_package(Millrace).
