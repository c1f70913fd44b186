# Programs of devices that are not the host's process: build/device/<name>_control.so and
# <name>_core.so, with all of the runtime that runs there and nothing of the host's library.

set(SLIPWAY_DEVICE_LAYERS base abi arena task sched orch graph device)

set(device_sources "")
foreach(layer ${SLIPWAY_DEVICE_LAYERS})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.c)
  list(APPEND device_sources ${sources})
endforeach()
# Graphs are built and recorded on the host; the device runs them (graph/execute.c).
list(FILTER device_sources EXCLUDE REGEX "/graph/(build|recorder|instance|plan_[a-z_]+)\\.c$|/base/spans\\.c$")
add_library(slipway_device_objects OBJECT ${device_sources})
set_target_properties(slipway_device_objects PROPERTIES POSITION_INDEPENDENT_CODE ON
                                                        C_VISIBILITY_PRESET hidden)
slipway_configure(slipway_device_objects)

add_custom_target(device_programs ALL)

# slipway_device_program(name folder [source ...]): <folder>/control.c and core.c, each with the
# further sources.
function(slipway_device_program name folder)
  foreach(side control core)
    set(target device_${name}_${side})
    add_library(${target} MODULE ${folder}/${side}.c ${ARGN} $<TARGET_OBJECTS:slipway_device_objects>)
    slipway_configure(${target})
    target_link_libraries(${target} PRIVATE Threads::Threads m ${CMAKE_DL_LIBS})
    if(NOT SLIPWAY_SANITIZE)
      target_link_options(${target} PRIVATE -Wl,--no-undefined)
    endif()
    set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}_${side}
                          C_VISIBILITY_PRESET hidden
                          LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/device)
    add_dependencies(device_programs ${target})
  endforeach()
endfunction()

slipway_device_program(slipway ${PROJECT_SOURCE_DIR}/src/device/program)
# What `make install` gives beside the library.
set(SLIPWAY_DEVICE_TARGETS device_slipway_control device_slipway_core)
