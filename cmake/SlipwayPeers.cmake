# The peer benchmark (bench/peers): one program for each runtime that is on this machine, in
# build/bench/peers. `serial` and `slipway` need nothing and are always built; the others only by the
# target `peers`, so that neither build nor tests depend on them. manifest.tsv says of each peer
# `name <tab> program` or `name <tab> - <tab> why not`; bench/peers/peers.py reads it.
#   SLIPWAY_TASKFLOW_INCLUDE   folder that holds taskflow/taskflow.hpp (Debian has no package)
#   SLIPWAY_LLVM_C             clang with an OpenMP runtime

set(SLIPWAY_TASKFLOW_INCLUDE "" CACHE PATH "Folder that holds taskflow/taskflow.hpp")
set(peers_folder ${PROJECT_BINARY_DIR}/bench/peers)
set(peers_manifest "")
add_custom_target(peers)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/bench/peers/harness.h)

# Enters a peer that is built, or why it is not.
function(slipway_peer_entry name why)
  set(line "${name}\t${peers_folder}/${name}\n")
  if(why)
    set(line "${name}\t-\t${why}\n")
  endif()
  set(peers_manifest "${peers_manifest}${line}" PARENT_SCOPE)
endfunction()

# A peer's program of this project's compilers.
function(slipway_peer name source)
  add_executable(peer_${name} ${PROJECT_SOURCE_DIR}/bench/peers/${source})
  set_target_properties(peer_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                        ${peers_folder} C_STANDARD 11 CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)
  target_compile_definitions(peer_${name} PRIVATE _GNU_SOURCE)
  target_compile_options(peer_${name} PRIVATE -Wall -Wextra -Wshadow)
  add_dependencies(peers peer_${name})
endfunction()

foreach(name serial slipway)
  slipway_executable(peer_${name} bench/peers ${PROJECT_SOURCE_DIR}/bench/peers/${name}.c)
  set_target_properties(peer_${name} PROPERTIES OUTPUT_NAME ${name})
  add_dependencies(peers peer_${name})
  slipway_peer_entry(${name} "")
endforeach()

# ---- OpenMP -------------------------------------------------------------------------------------

# libgomp is gcc's: when this build is by another compiler, gcc is looked for.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(SLIPWAY_GNU_C ${CMAKE_C_COMPILER})
else()
  find_program(SLIPWAY_GNU_C NAMES gcc)
endif()
# The newest first; clang-N belongs to libomp-N-dev, clang to libomp-dev.
find_program(SLIPWAY_LLVM_C NAMES clang-22 clang-21 clang-20 clang-19 clang-18 clang-17 clang-16
                                  clang-15 clang)

# Builds openmp.c with a compiler of its own.
function(slipway_openmp_peer name compiler package)
  if(NOT compiler)
    slipway_peer_entry(${name} "no compiler (Debian: ${package})")
    set(peers_manifest "${peers_manifest}" PARENT_SCOPE)
    return()
  endif()
  file(WRITE ${peers_folder}/probe.c "#include <omp.h>\nint main(void)\n{\n    return omp_get_max_threads() < 1;\n}\n")
  execute_process(COMMAND ${compiler} -fopenmp ${peers_folder}/probe.c -o ${peers_folder}/probe
                  RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(NOT result EQUAL 0)
    slipway_peer_entry(${name} "${compiler} cannot link OpenMP (Debian: ${package})")
    set(peers_manifest "${peers_manifest}" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${compiler} --version OUTPUT_VARIABLE version)
  string(REGEX MATCH "^[^\n\"]*" version "${version}")
  set(source ${PROJECT_SOURCE_DIR}/bench/peers/openmp.c)
  add_custom_command(
    OUTPUT ${peers_folder}/${name}
    COMMAND ${compiler} -std=c11 -O2 -g -Wall -Wextra -Wshadow -D_GNU_SOURCE
            "-DPEERS_NAME=\"${name}\"" "-DPEERS_VERSION=\"${version}\"" -fopenmp ${source}
            -o ${peers_folder}/${name}
    DEPENDS ${source} ${PROJECT_SOURCE_DIR}/bench/peers/harness.h
            ${PROJECT_SOURCE_DIR}/bench/peers/plan.h ${PROJECT_SOURCE_DIR}/bench/peers/cells.h
            ${PROJECT_SOURCE_DIR}/bench/peers/pattern.h
    COMMENT "Building peer ${name}" VERBATIM)
  add_custom_target(peer_${name} DEPENDS ${peers_folder}/${name})
  add_dependencies(peers peer_${name})
  slipway_peer_entry(${name} "")
  set(peers_manifest "${peers_manifest}" PARENT_SCOPE)
endfunction()

slipway_openmp_peer(libgomp "${SLIPWAY_GNU_C}" "gcc")
slipway_openmp_peer(libomp "${SLIPWAY_LLVM_C}" "clang libomp-dev")

# ---- StarPU -------------------------------------------------------------------------------------

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(SLIPWAY_STARPU QUIET starpu-1.4)
  if(NOT SLIPWAY_STARPU_FOUND)
    pkg_check_modules(SLIPWAY_STARPU QUIET starpu-1.3)
  endif()
endif()
if(SLIPWAY_STARPU_FOUND)
  slipway_peer(starpu starpu.c)
  target_include_directories(peer_starpu SYSTEM PRIVATE ${SLIPWAY_STARPU_INCLUDE_DIRS})
  target_compile_definitions(peer_starpu PRIVATE PEERS_VERSION="${SLIPWAY_STARPU_VERSION}")
  target_compile_options(peer_starpu PRIVATE ${SLIPWAY_STARPU_CFLAGS_OTHER})
  target_link_libraries(peer_starpu PRIVATE ${SLIPWAY_STARPU_LDFLAGS})
  set_target_properties(peer_starpu PROPERTIES EXCLUDE_FROM_ALL ON)
  slipway_peer_entry(starpu "")
else()
  slipway_peer_entry(starpu "not found by pkg-config (Debian: libstarpu-dev)")
endif()

# ---- C++ ----------------------------------------------------------------------------------------

include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
  set(CMAKE_CXX_FLAGS_RELEASE "-O3")
endif()
find_path(SLIPWAY_TBB_INCLUDE tbb/flow_graph.h)
find_library(SLIPWAY_TBB_LIBRARY tbb)
find_path(SLIPWAY_TASKFLOW_FOUND taskflow/taskflow.hpp PATHS ${SLIPWAY_TASKFLOW_INCLUDE})
foreach(name tbb_flow tbb_hand taskflow)
  if(NOT CMAKE_CXX_COMPILER)
    slipway_peer_entry(${name} "no C++ compiler (Debian: g++)")
  elseif(name STREQUAL "taskflow" AND NOT SLIPWAY_TASKFLOW_FOUND)
    slipway_peer_entry(${name} "taskflow/taskflow.hpp not found (set SLIPWAY_TASKFLOW_INCLUDE)")
  elseif(name MATCHES "^tbb" AND (NOT SLIPWAY_TBB_INCLUDE OR NOT SLIPWAY_TBB_LIBRARY))
    slipway_peer_entry(${name} "oneTBB not found (Debian: libtbb-dev)")
  else()
    slipway_peer(${name} ${name}.cc)
    set_target_properties(peer_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    target_link_libraries(peer_${name} PRIVATE Threads::Threads)
    if(name STREQUAL "taskflow")
      target_include_directories(peer_${name} SYSTEM PRIVATE ${SLIPWAY_TASKFLOW_FOUND})
    else()
      target_link_libraries(peer_${name} PRIVATE ${SLIPWAY_TBB_LIBRARY})
    endif()
    slipway_peer_entry(${name} "")
  endif()
endforeach()

file(WRITE ${peers_folder}/manifest.tsv "${peers_manifest}")
