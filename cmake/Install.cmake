# cmake --install: the program with its model packages, and the rooms as libraries with their headers
# and a package config (find_package(osler), target osler::pipeline and so on).

include(CMakePackageConfigHelpers)

set(osler_rooms core device kernels dicom volume reading registry preprocess infer postprocess findings
  objects page fhir verification report pipeline authoring)
set(osler_targets osler)
foreach(room IN LISTS osler_rooms)
  list(APPEND osler_targets osler_${room})
  if(NOT room STREQUAL "kernels")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/${room}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/osler"
      FILES_MATCHING PATTERN "*.hpp")
  endif()
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/kernels" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/osler"
  FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_BINARY_DIR}/generated/core/version.hpp"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/osler/core")

# The program finds LibTorch and CharLS where it was built against them; a package of its own would
# carry them.
get_filename_component(libtorch_lib "${LIBTORCH_CPU_LIBRARY}" DIRECTORY)
set(osler_rpath "${libtorch_lib}")
if(OSLER_CHARLS)
  get_filename_component(charls_lib "${OSLER_CHARLS}" DIRECTORY)
  list(APPEND osler_rpath "${charls_lib}")
endif()
set_target_properties(osler PROPERTIES INSTALL_RPATH "${osler_rpath}")
install(TARGETS ${osler_targets} EXPORT osler-targets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/" DESTINATION "${CMAKE_INSTALL_DATADIR}/osler/models")

set(osler_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/osler")
install(EXPORT osler-targets NAMESPACE osler:: DESTINATION "${osler_config_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/osler-config.cmake.in"
  "${PROJECT_BINARY_DIR}/osler-config.cmake" INSTALL_DESTINATION "${osler_config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/osler-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/osler-config.cmake" "${PROJECT_BINARY_DIR}/osler-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Dependencies.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindLibTorch.cmake"
  DESTINATION "${osler_config_dir}")
