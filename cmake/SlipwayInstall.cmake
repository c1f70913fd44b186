# Installation: library, headers, CMake package, pkg-config file, command line, man pages.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS slipway_shared slipway_static EXPORT SlipwayTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(SLIPWAY_HAVE_TOPOLOGY)
  install(TARGETS slipway_topology_shared slipway_topology_static EXPORT SlipwayTargets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/slipway)
install(EXPORT SlipwayTargets NAMESPACE Slipway:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Slipway)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/SlipwayConfig.cmake.in ${PROJECT_BINARY_DIR}/SlipwayConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Slipway)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SlipwayConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SlipwayConfig.cmake
              ${PROJECT_BINARY_DIR}/SlipwayConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Slipway)

# The file stays right when the prefix is chosen at install time: paths are relative to it.
set(PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
set(PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
file(RELATIVE_PATH PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(${PROJECT_SOURCE_DIR}/cmake/slipway.pc.in ${PROJECT_BINARY_DIR}/slipway.pc @ONLY)
if(SLIPWAY_HAVE_TOPOLOGY)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/slipway_topology.pc.in
                 ${PROJECT_BINARY_DIR}/slipway_topology.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/slipway_topology.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
install(FILES ${PROJECT_BINARY_DIR}/slipway.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Where the library looks for a device's program: beside itself, in a folder of its own.
install(TARGETS ${SLIPWAY_DEVICE_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/slipway)

if(TARGET slipway_cli)
  install(TARGETS slipway_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
file(GLOB man_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.1)
if(man_pages)
  install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
