# `cmake --install` gives a usable SDK; the build tree serves as one too, with -Dktbench_DIR=<build>.

include(CMakePackageConfigHelpers)

if(NOT TARGET ktb)
  return()
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ktbench)

install(TARGETS ktb EXPORT ktbenchTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT ktbenchTargets NAMESPACE ktbench:: DESTINATION ${package_dir})
install(DIRECTORY harness/include/ktb DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${KTB_MOVED_HEADERS}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ktb-moved)
install(FILES cmake/KtbTorch.cmake cmake/KtbPlugin.cmake cmake/plugin.map DESTINATION ${package_dir})
foreach(binary ktbench ktbench-worker)
  if(TARGET ${binary})
    install(TARGETS ${binary} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
foreach(module ktb_cuda ktb_mock)
  if(TARGET ${module})
    install(TARGETS ${module} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
install(DIRECTORY suites DESTINATION ${CMAKE_INSTALL_DATADIR}/ktbench)

write_basic_package_version_file(${CMAKE_BINARY_DIR}/ktbenchConfigVersion.cmake COMPATIBILITY ExactVersion)
set(KTB_MODULE_DIR "\${CMAKE_CURRENT_LIST_DIR}")
configure_file(cmake/ktbenchConfig.cmake.in ${CMAKE_BINARY_DIR}/installed/ktbenchConfig.cmake @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/installed/ktbenchConfig.cmake ${CMAKE_BINARY_DIR}/ktbenchConfigVersion.cmake
        DESTINATION ${package_dir})

set(KTB_MODULE_DIR "${CMAKE_SOURCE_DIR}/cmake")
configure_file(cmake/ktbenchConfig.cmake.in ${CMAKE_BINARY_DIR}/ktbenchConfig.cmake @ONLY)
export(EXPORT ktbenchTargets NAMESPACE ktbench:: FILE ${CMAKE_BINARY_DIR}/ktbenchTargets.cmake)
