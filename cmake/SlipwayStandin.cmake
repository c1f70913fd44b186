# The stand-in runtime for tests (tests/standin): build/tests/libslipway_standin.so, which plays
# CANN's libraries, and build/tests/standin_device, the process that plays a device. Cross-built,
# there is only the latter, in build-device/tests with the tests' small programs: it runs under
# emulation.

file(GLOB standin_library_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/tests/standin/library/*.c)
file(GLOB standin_device_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/standin/device/*.c)
set(standin_remote ${PROJECT_SOURCE_DIR}/src/platform/remote)

# The device process takes part of the library's sources and none of the library, so that it can be
# built for the device's processor too. slipway_standin_device(target folder)
function(slipway_standin_device target folder)
  add_executable(${target} ${standin_device_sources} ${standin_remote}/wire.c
                           ${standin_remote}/server.c ${PROJECT_SOURCE_DIR}/src/abi/arch.c)
  slipway_configure(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests
                                               ${PROJECT_SOURCE_DIR}/tests/standin/device)
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME standin_device
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
endfunction()

slipway_standin_device(standin_device tests)
if(CMAKE_CROSSCOMPILING)
  add_custom_target(standin_emulated DEPENDS standin_device)
  foreach(name standin_control standin_core)
    slipway_program(test_program_${name} tests/programs ${name}
                    ${PROJECT_SOURCE_DIR}/tests/standin/${name}_program.c)
    target_include_directories(test_program_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    add_dependencies(standin_emulated test_program_${name})
  endforeach()
  return()
endif()

add_library(slipway_standin SHARED ${standin_library_sources} ${standin_remote}/wire.c
                                   ${standin_remote}/client.c)
slipway_configure(slipway_standin)
target_include_directories(slipway_standin PRIVATE ${PROJECT_SOURCE_DIR}/tests
                                                   ${PROJECT_SOURCE_DIR}/tests/standin/library)
target_link_libraries(slipway_standin PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
set_target_properties(slipway_standin PROPERTIES C_VISIBILITY_PRESET hidden
                      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_dependencies(slipway_standin standin_device)

# Links the stand-in where one of the sources includes its header. slipway_link_standin(target
# source...)
function(slipway_link_standin target)
  foreach(source ${ARGN})
    file(STRINGS ${source} includes REGEX "^#include \"standin/(standin|library/entry)\\.h\"")
    if(includes)
      target_link_libraries(${target} PUBLIC slipway_standin)
    endif()
  endforeach()
endfunction()
