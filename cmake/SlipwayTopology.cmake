# The companion library libslipway_topology over hwloc, where hwloc is found. It links hwloc and
# nothing of Slipway, so that the core does not depend on it.

option(SLIPWAY_TOPOLOGY "Build libslipway_topology where hwloc is found" ON)
set(SLIPWAY_HAVE_TOPOLOGY 0)
if(SLIPWAY_TOPOLOGY AND NOT CMAKE_CROSSCOMPILING)
  find_path(SLIPWAY_HWLOC_INCLUDE hwloc.h)
  find_library(SLIPWAY_HWLOC_LIBRARY hwloc)
  if(SLIPWAY_HWLOC_INCLUDE AND SLIPWAY_HWLOC_LIBRARY)
    set(SLIPWAY_HAVE_TOPOLOGY 1)
  else()
    message(STATUS "libslipway_topology is not built: hwloc (libhwloc-dev) was not found")
  endif()
endif()

if(SLIPWAY_HAVE_TOPOLOGY)
  file(GLOB topology_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/topology/*.c)
  foreach(kind static shared)
    string(TOUPPER ${kind} keyword)
    add_library(slipway_topology_${kind} ${keyword} ${topology_sources})
    slipway_configure(slipway_topology_${kind})
    set_target_properties(slipway_topology_${kind} PROPERTIES
      OUTPUT_NAME slipway_topology POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    target_include_directories(slipway_topology_${kind} SYSTEM PRIVATE ${SLIPWAY_HWLOC_INCLUDE})
    target_include_directories(slipway_topology_${kind} INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_link_libraries(slipway_topology_${kind} PRIVATE ${SLIPWAY_HWLOC_LIBRARY})
  endforeach()
  if(NOT SLIPWAY_SANITIZE)
    target_link_options(slipway_topology_shared PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(slipway_topology_static PROPERTIES EXPORT_NAME slipway_topology_static)
  set_target_properties(slipway_topology_shared PROPERTIES EXPORT_NAME slipway_topology
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  add_library(Slipway::slipway_topology ALIAS slipway_topology_shared)
  add_library(Slipway::slipway_topology_static ALIAS slipway_topology_static)
endif()
