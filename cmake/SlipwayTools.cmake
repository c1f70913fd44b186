# The command line: every source in tools/slipway and its folders -> build/slipway.

file(GLOB_RECURSE cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/slipway/*.c)
if(SLIPWAY_HAVE_TOPOLOGY)
  list(FILTER cli_sources EXCLUDE REGEX "/topology_none\\.c$")
else()
  list(FILTER cli_sources EXCLUDE REGEX "/topology_hwloc\\.c$")
endif()
if(cli_sources)
  slipway_executable(slipway_cli . ${cli_sources})
  target_include_directories(slipway_cli PRIVATE ${PROJECT_SOURCE_DIR}/tools/slipway)
  set_target_properties(slipway_cli PROPERTIES OUTPUT_NAME slipway)
endif()

# Programs of the benchmarks as files, for devices that are not the command's process: beside the
# device's own programs.
foreach(name bench_empty bench_one)
  slipway_program(tool_${name} device ${name} ${PROJECT_SOURCE_DIR}/tools/programs/${name}.c)
  list(APPEND SLIPWAY_DEVICE_TARGETS tool_${name})
endforeach()
