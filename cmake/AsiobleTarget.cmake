# SPDX-License-Identifier: MIT
# What every target of the project has in common: language level, warnings, sanitizers,
# interprocedural optimisation, ccache and precompiled headers.

get_property(asioble_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(PROJECT_IS_TOP_LEVEL AND NOT asioble_multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

if(ASIOBLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(ASIOBLE_CCACHE_PROGRAM ccache)
    mark_as_advanced(ASIOBLE_CCACHE_PROGRAM)
    if(ASIOBLE_CCACHE_PROGRAM)
        # Without these settings ccache refuses to work with precompiled headers.
        set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
            "${ASIOBLE_CCACHE_PROGRAM}")
    endif()
endif()

if(ASIOBLE_IPO AND NOT ASIOBLE_SANITIZE)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT asioble_ipo OUTPUT asioble_ipo_output LANGUAGES CXX)
    if(NOT asioble_ipo)
        message(STATUS "Interprocedural optimisation is not supported by this compiler: off")
    endif()
else()
    set(asioble_ipo OFF)
endif()

# asioble_target(<target>): the settings all targets share.
function(asioble_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast)
    target_compile_definitions(${target} PRIVATE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
    if(ASIOBLE_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    if(ASIOBLE_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=address,undefined)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # GCC's data flow analysis is known to be wrong about instrumented code.
            target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
        endif()
    endif()
    if(asioble_ipo)
        set_target_properties(${target} PROPERTIES
            INTERPROCEDURAL_OPTIMIZATION_RELEASE ON
            INTERPROCEDURAL_OPTIMIZATION_RELWITHDEBINFO ON)
        get_target_property(type ${target} TYPE)
        if(type STREQUAL "STATIC_LIBRARY" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # An installed archive must also link without, or with another, -flto.
            target_compile_options(${target} PRIVATE
                $<$<CONFIG:Release,RelWithDebInfo>:-ffat-lto-objects>)
        endif()
    endif()
endfunction()

# asioble_pch(<target> [header...]): precompile the heavy headers, and those given.
function(asioble_pch target)
    if(NOT ASIOBLE_PCH)
        return()
    endif()
    set(headers
        <algorithm> <array> <bit> <charconv> <chrono> <concepts> <cstddef> <cstdint> <cstring>
        <deque> <functional> <limits> <map> <memory> <optional> <ranges> <span> <string>
        <string_view> <tuple> <type_traits> <unordered_map> <utility> <variant> <vector>)
    if(EXISTS "${PROJECT_SOURCE_DIR}/transport/asio.hpp")
        list(APPEND headers "${PROJECT_SOURCE_DIR}/transport/asio.hpp")
    endif()
    target_precompile_headers(${target} PRIVATE ${headers} ${ARGN})
    asioble_pch_flags(${target})
endfunction()

# asioble_pch_from(<target> <other>): use the precompiled header of a target with the same flags.
function(asioble_pch_from target other)
    if(ASIOBLE_PCH)
        target_precompile_headers(${target} REUSE_FROM ${other})
        asioble_pch_flags(${target})
    endif()
endfunction()

# What ccache needs to cache the use of a precompiled header.
function(asioble_pch_flags target)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE -fpch-preprocess)
    elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
endfunction()
