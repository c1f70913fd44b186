# Examples: examples/<name>/ holds
#   <name>_program*.c, <name>_kernels*.c   the program -> build/examples/<name>.so
#   all other .c files                     the host    -> build/examples/<name>
# examples/common/*.c is linked to every host.

# Programs alone: what a device of another instruction set is given.
add_custom_target(example_programs)

file(GLOB example_folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/examples/*)
file(GLOB example_common CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/common/*.c)

foreach(folder ${example_folders})
  get_filename_component(name ${folder} NAME)
  if(NOT IS_DIRECTORY ${folder} OR name STREQUAL "common")
    continue()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
  set(program_sources ${sources})
  list(FILTER program_sources INCLUDE REGEX "/${name}_(program|kernels)[^/]*\\.c$")
  set(host_sources ${sources})
  list(FILTER host_sources EXCLUDE REGEX "/${name}_(program|kernels)[^/]*\\.c$")
  if(program_sources)
    slipway_program(example_${name}_program examples ${name} ${program_sources})
    target_include_directories(example_${name}_program PRIVATE ${PROJECT_SOURCE_DIR}/examples)
    get_target_property(left_out example_${name}_program EXCLUDE_FROM_ALL)
    if(NOT left_out)
      add_dependencies(example_programs example_${name}_program)
    endif()
  endif()
  if(host_sources)
    slipway_executable(example_${name} examples ${host_sources} ${example_common})
    target_include_directories(example_${name} PRIVATE ${PROJECT_SOURCE_DIR}/examples)
    set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name})
    if(program_sources)
      add_dependencies(example_${name} example_${name}_program)
    endif()
  endif()
endforeach()

# What `make demo` runs.
add_custom_target(demo)
foreach(target slipway_cli example_paged_attention example_minilm)
  if(TARGET ${target})
    add_dependencies(demo ${target})
  endif()
endforeach()
