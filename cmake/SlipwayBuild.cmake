# Compiler flags and the libraries found on the machine; functions that every part uses.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
# NDEBUG is never set: assertions stay on.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O3")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_package(Threads REQUIRED)

# Gives a target the language, the warnings, the include roots and the sanitizer.
function(slipway_configure target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include
                                               ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
                                           -Wvla -Wundef)
  if(SLIPWAY_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(SLIPWAY_SANITIZE)
    target_compile_options(${target} PRIVATE ${SLIPWAY_SANITIZE_FLAGS})
  endif()
endfunction()

set(SLIPWAY_SANITIZE_FLAGS "")
if(SLIPWAY_SANITIZE)
  if(NOT SLIPWAY_SANITIZE MATCHES "^(address|thread|undefined)$")
    message(FATAL_ERROR "SLIPWAY_SANITIZE is '${SLIPWAY_SANITIZE}'; wanted address, thread or undefined")
  endif()
  set(SLIPWAY_SANITIZE_FLAGS -fsanitize=${SLIPWAY_SANITIZE} -fno-omit-frame-pointer)
  if(SLIPWAY_SANITIZE STREQUAL "undefined")
    list(APPEND SLIPWAY_SANITIZE_FLAGS -fno-sanitize-recover=all)
  endif()
  add_link_options(${SLIPWAY_SANITIZE_FLAGS})
endif()

# ---- optional libraries -------------------------------------------------------------------------

find_path(SLIPWAY_CJSON_INCLUDE cJSON.h PATH_SUFFIXES cjson)
find_library(SLIPWAY_CJSON_LIBRARY cjson)
set(openblas_folders openblas-serial ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial)
find_path(SLIPWAY_OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES ${openblas_folders} openblas)
find_library(SLIPWAY_OPENBLAS_LIBRARY openblas PATH_SUFFIXES ${openblas_folders})

# Links what the sources of a target include: cJSON, OpenBLAS and the companion library. Sets `out_missing` to the name of
# a library that is included but not on this machine, else to an empty string.
function(slipway_link_used target out_missing)
  set(${out_missing} "" PARENT_SCOPE)
  set(text "")
  foreach(source ${ARGN})
    file(STRINGS ${source} includes REGEX "^#include [<\"]")
    list(APPEND text ${includes})
    # A test may include a source as a whole, to reach its static functions.
    get_filename_component(folder ${source} DIRECTORY)
    foreach(line ${includes})
      if(line MATCHES "\"(.*\\.c)\"" AND EXISTS ${folder}/${CMAKE_MATCH_1})
        file(STRINGS ${folder}/${CMAKE_MATCH_1} inner REGEX "^#include <")
        list(APPEND text ${inner})
      endif()
    endforeach()
  endforeach()
  if(text MATCHES "cJSON\\.h")
    if(NOT SLIPWAY_CJSON_INCLUDE OR NOT SLIPWAY_CJSON_LIBRARY)
      set(${out_missing} "cJSON (libcjson-dev)" PARENT_SCOPE)
    else()
      # Both <cJSON.h> and <cjson/cJSON.h> are in use.
      target_include_directories(${target} SYSTEM PRIVATE ${SLIPWAY_CJSON_INCLUDE}
                                                          ${SLIPWAY_CJSON_INCLUDE}/..)
      target_link_libraries(${target} PRIVATE ${SLIPWAY_CJSON_LIBRARY})
    endif()
  endif()
  if(text MATCHES "slipway/topology\\.h")
    if(NOT SLIPWAY_HAVE_TOPOLOGY)
      set(${out_missing} "hwloc (libhwloc-dev)" PARENT_SCOPE)
    else()
      target_link_libraries(${target} PRIVATE slipway_topology_static)
    endif()
  endif()
  if(text MATCHES "cblas\\.h")
    if(NOT SLIPWAY_OPENBLAS_INCLUDE OR NOT SLIPWAY_OPENBLAS_LIBRARY)
      set(${out_missing} "OpenBLAS (libopenblas-serial-dev)" PARENT_SCOPE)
    else()
      target_include_directories(${target} SYSTEM PRIVATE ${SLIPWAY_OPENBLAS_INCLUDE})
      target_link_libraries(${target} PRIVATE ${SLIPWAY_OPENBLAS_LIBRARY})
    endif()
  endif()
endfunction()

# An executable on the static library. slipway_executable(target folder source...). Sets
# slipway_missing as slipway_link_used does.
function(slipway_executable target folder)
  add_executable(${target} ${ARGN})
  slipway_configure(${target})
  target_link_libraries(${target} PRIVATE slipway_static)
  slipway_link_used(${target} missing ${ARGN})
  if(missing)
    message(STATUS "${target} is not built: ${missing} was not found")
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                             ${PROJECT_BINARY_DIR}/${folder})
  set(slipway_missing "${missing}" PARENT_SCOPE)
endfunction()

# A program that a runner loads: <folder>/<name>.so. slipway_program(target folder name source...)
function(slipway_program target folder name)
  add_library(${target} MODULE ${ARGN})
  slipway_configure(${target})
  slipway_link_used(${target} missing ${ARGN})
  if(missing)
    message(STATUS "${target} is not built: ${missing} was not found")
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  target_link_libraries(${target} PRIVATE m)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}
                        C_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
endfunction()
