# Benchmarks: every bench/<name>.c -> build/bench/<name>; bench/common/*.c is linked to all.

file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
file(GLOB bench_common CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/common/*.c)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  slipway_executable(bench_${name} bench ${source} ${bench_common})
  target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name})
endforeach()

# bench/map.c asks the tensor map alone, over regions of its own.
target_sources(bench_map PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/regions.c)
target_include_directories(bench_map PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)

include(cmake/SlipwayPeers.cmake)
include(cmake/SlipwayModel.cmake)
