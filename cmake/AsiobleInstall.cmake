# SPDX-License-Identifier: MIT
# Library, headers, program, CMake package and pkg-config file.
include(CMakePackageConfigHelpers)

set(asioble_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/asioble")

install(TARGETS asioble EXPORT asioble-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/asioble")
install(EXPORT asioble-targets NAMESPACE asioble:: DESTINATION "${asioble_cmake_dir}")
configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/asioble-config.cmake.in" asioble-config.cmake
    INSTALL_DESTINATION "${asioble_cmake_dir}"
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(asioble-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/asioble-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/asioble-config-version.cmake"
    DESTINATION "${asioble_cmake_dir}")

# The public headers need Boost and threads only; what the library itself needs must be linked with
# it when it is static, which pkg-config users do not expect to have to say.
if(BUILD_SHARED_LIBS)
    set(asioble_pc_requires "Requires.private: libcrypto spdlog")
else()
    set(asioble_pc_requires "Requires: libcrypto spdlog")
endif()
foreach(dir IN ITEMS LIBDIR INCLUDEDIR)
    cmake_path(IS_ABSOLUTE CMAKE_INSTALL_${dir} absolute)
    if(absolute)
        set(asioble_pc_${dir} "${CMAKE_INSTALL_${dir}}")
    else()
        set(asioble_pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
    endif()
endforeach()
configure_file("${CMAKE_CURRENT_LIST_DIR}/asioble.pc.in" asioble.pc @ONLY)
# The prefix may still be chosen at install time (cmake --install --prefix).
install(CODE "
    file(READ \"${CMAKE_CURRENT_BINARY_DIR}/asioble.pc\" pc)
    string(REGEX REPLACE \"^prefix=[^\\n]*\" \"prefix=\${CMAKE_INSTALL_PREFIX}\" pc \"\${pc}\")
    file(WRITE \"${CMAKE_CURRENT_BINARY_DIR}/install/asioble.pc\" \"\${pc}\")")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/install/asioble.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

if(TARGET asioble_cli)
    install(TARGETS asioble_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
