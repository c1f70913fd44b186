# Tests: every tests/<area>/test_<name>.{c,sh,py} is one CTest test `<area>.<name>`. Lines in the
# comment at its head say more:
#   ctest-labels: unit S3        labels
#   ctest-link: -Wl,--wrap=x     extra linker flags (C only)
#   ctest-sources: examples/a/b.c   further sources, from the root (C only)
#   ctest-run: cpu --platform cpu   one test `<area>.<name>.cpu` with these arguments; repeatable
#   ctest-timeout: 300           seconds, instead of SLIPWAY_TEST_TIMEOUT
#   ctest-serial: yes            not beside other tests
# Other .c files of tests/<area>/ and tests/support/ are linked where they are needed;
# tests/<any>/<name>_program.c becomes build/tests/programs/<name>.so. A test or helper that includes
# "standin/standin.h" is linked with the stand-in runtime (SlipwayStandin.cmake). Tests run in the build folder
# with SLIPWAY_SOURCE_DIR, SLIPWAY_BUILD_DIR and SLIPWAY_TEST_SCALE set; exit code 77 means skipped.

include(cmake/SlipwayStandin.cmake)

find_program(SLIPWAY_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(SLIPWAY_PYTHON NAMES python3)

# Reads `key: value` lines of a test's head into a list.
function(slipway_test_directive source key out)
  file(STRINGS ${source} lines LIMIT_INPUT 4096 REGEX "ctest-${key}: ")
  set(values "")
  foreach(line ${lines})
    string(REGEX REPLACE ".*ctest-${key}: *" "" value "${line}")
    string(REPLACE "*/" "" value "${value}")
    string(STRIP "${value}" value)
    list(APPEND values "${value}")
  endforeach()
  set(${out} "${values}" PARENT_SCOPE)
endfunction()

# Registers one CTest test. slipway_register_test(name source command...)
function(slipway_register_test name source)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  slipway_test_directive(${source} labels labels)
  separate_arguments(labels UNIX_COMMAND "${labels}")
  slipway_test_directive(${source} timeout timeout)
  if(NOT timeout OR timeout LESS SLIPWAY_TEST_TIMEOUT)
    set(timeout ${SLIPWAY_TEST_TIMEOUT})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "SLIPWAY_SOURCE_DIR=${PROJECT_SOURCE_DIR};SLIPWAY_BUILD_DIR=${PROJECT_BINARY_DIR};SLIPWAY_TEST_SCALE=${SLIPWAY_TEST_SCALE};SLIPWAY_SANITIZE=${SLIPWAY_SANITIZE};CC=${CMAKE_C_COMPILER};PYTHON=${SLIPWAY_PYTHON};PYTHONDONTWRITEBYTECODE=1")
  slipway_test_directive(${source} serial serial)
  if(serial)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# Registers a test once, or once for each `ctest-run` line.
function(slipway_register_runs name source)
  slipway_test_directive(${source} run runs)
  if(NOT runs)
    slipway_register_test(${name} ${source} ${ARGN})
  endif()
  foreach(run ${runs})
    separate_arguments(words UNIX_COMMAND "${run}")
    list(POP_FRONT words suffix)
    slipway_register_test(${name}.${suffix} ${source} ${ARGN} ${words})
  endforeach()
endfunction()

# Adds what a test needs to the targets tests-<label> of its labels, which build only that.
function(slipway_label_targets source)
  slipway_test_directive(${source} labels labels)
  separate_arguments(labels UNIX_COMMAND "${labels}")
  foreach(label ${labels})
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    foreach(needed ${ARGN} test_programs example_programs)
      if(TARGET ${needed})
        add_dependencies(tests-${label} ${needed})
      endif()
    endforeach()
  endforeach()
endfunction()

# Builds a C test and registers it.
function(slipway_c_test area name source)
  set(target test_${area}_${name})
  slipway_test_directive(${source} sources further)
  separate_arguments(further UNIX_COMMAND "${further}")
  list(TRANSFORM further PREPEND ${PROJECT_SOURCE_DIR}/)
  slipway_executable(${target} tests/${area} ${source} ${further})
  if(slipway_missing)
    slipway_register_test(${area}.${name} ${source} ${CMAKE_COMMAND} -E env bash -c
                          "echo 'skipped: not built, ${slipway_missing} was not found' && exit 77")
    return()
  endif()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME test_${name})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests
                             ${PROJECT_SOURCE_DIR}/tests/support ${PROJECT_SOURCE_DIR}/tests/${area})
  foreach(helpers test_helpers_${area} test_helpers_support)
    if(TARGET ${helpers})
      target_link_libraries(${target} PRIVATE ${helpers})
    endif()
  endforeach()
  # Helpers may call the library: it comes after them on the command line.
  target_link_libraries(${target} PRIVATE slipway_static m)
  slipway_link_standin(${target} ${source} ${further})
  slipway_test_directive(${source} link link)
  separate_arguments(link UNIX_COMMAND "${link}")
  target_link_options(${target} PRIVATE ${link})
  slipway_register_runs(${area}.${name} ${source} $<TARGET_FILE:${target}>)
  slipway_label_targets(${source} ${target})
endfunction()

# Builds the .c files of a folder that are neither tests nor programs into an archive.
function(slipway_test_helpers area)
  file(GLOB helpers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${area}/*.c)
  list(FILTER helpers EXCLUDE REGEX "/test_[^/]*\\.c$|_program\\.c$")
  if(NOT helpers)
    return()
  endif()
  add_library(test_helpers_${area} STATIC ${helpers})
  slipway_configure(test_helpers_${area})
  target_include_directories(test_helpers_${area} PRIVATE ${PROJECT_SOURCE_DIR}/tests
                             ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(test_helpers_${area} PUBLIC slipway_static)
  slipway_link_used(test_helpers_${area} missing ${helpers})
  slipway_link_standin(test_helpers_${area} ${helpers})
endfunction()

file(GLOB_RECURSE test_program_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_program.c)
if(test_program_sources)
  add_custom_target(test_programs ALL)
endif()
foreach(source ${test_program_sources})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_program$" "" name ${name})
  slipway_program(test_program_${name} tests/programs ${name} ${source})
  target_include_directories(test_program_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  add_dependencies(test_programs test_program_${name})
endforeach()

slipway_device_program(conformance ${PROJECT_SOURCE_DIR}/tests/platform/conformance
                       ${PROJECT_SOURCE_DIR}/tests/platform/conformance_entry.c)

slipway_test_helpers(support)
file(GLOB test_areas CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/*)
foreach(folder ${test_areas})
  get_filename_component(area ${folder} NAME)
  if(NOT IS_DIRECTORY ${folder} OR area STREQUAL "support")
    continue()
  endif()
  slipway_test_helpers(${area})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/test_*.c ${folder}/test_*.sh ${folder}/test_*.py)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    get_filename_component(extension ${source} LAST_EXT)
    string(REGEX REPLACE "^test_" "" name ${name})
    # The head of the source is read here, so a change of it must be noticed.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    if(extension STREQUAL ".c")
      slipway_c_test(${area} ${name} ${source})
    elseif(extension STREQUAL ".sh")
      slipway_register_runs(${area}.${name} ${source} bash ${source})
    else()
      slipway_register_runs(${area}.${name} ${source} ${SLIPWAY_PYTHON} ${source})
    endif()
    if(NOT extension STREQUAL ".c")
      slipway_label_targets(${source} slipway_cli slipway_standin)
    endif()
  endforeach()
endforeach()
