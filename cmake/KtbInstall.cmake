# `cmake --install` gives a whole ktbench that can be moved: programs, plugins, suites, published values, and the SDK. What it
# needs of the system's libraries lies in lib/ktbench, but for LibTorch, which is looked for when it is wanted
# (harness/launch/machine/libtorch.hpp). Components: `ktbench`, `plugins`, and `here`, a link to this machine's LibTorch, which packages
# leave out. The build folder serves as an SDK too, with -Dktbench_DIR=<build>.

include(CMakePackageConfigHelpers)

if(NOT TARGET ktb)
  return()
endif()
set(package_dir lib/cmake/ktbench)
set(share_dir share/ktbench)

install(TARGETS ktb EXPORT ktbenchTargets RUNTIME_DEPENDENCY_SET carried LIBRARY DESTINATION lib)
install(EXPORT ktbenchTargets NAMESPACE ktbench:: DESTINATION ${package_dir})
install(DIRECTORY harness/include/ktb DESTINATION include)
install(DIRECTORY ${KTB_MOVED_HEADERS}/ DESTINATION include/ktb-moved)
install(FILES cmake/KtbTorch.cmake cmake/KtbPlugin.cmake cmake/plugin.map DESTINATION ${package_dir})
foreach(binary ktbench ktbench-worker)
  if(TARGET ${binary})
    install(TARGETS ${binary} RUNTIME_DEPENDENCY_SET carried RUNTIME DESTINATION bin)
  endif()
endforeach()
foreach(module ktb_cuda ktb_mock)
  if(TARGET ${module})
    install(TARGETS ${module} LIBRARY DESTINATION lib)
  endif()
endforeach()
install(RUNTIME_DEPENDENCY_SET carried
        PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|gcc_s|stdc\\+\\+)\\.so" "^lib(ktb|torch|c10)"
        DESTINATION lib/ktbench)
install(DIRECTORY suites DESTINATION ${share_dir})
install(DIRECTORY results/published DESTINATION ${share_dir}/results)
install(FILES LICENSE DESTINATION ${share_dir})

set(torch_link lib/ktbench/torch)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib/ktbench)
file(CREATE_LINK ${KTB_TORCH_ROOT} ${CMAKE_BINARY_DIR}/${torch_link} SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/${torch_link} DESTINATION lib/ktbench COMPONENT here)

write_basic_package_version_file(${CMAKE_BINARY_DIR}/ktbenchConfigVersion.cmake COMPATIBILITY ExactVersion)
set(KTB_MODULE_DIR "\${CMAKE_CURRENT_LIST_DIR}")
set(KTB_HOME ../../..)
configure_file(cmake/ktbenchConfig.cmake.in ${CMAKE_BINARY_DIR}/installed/ktbenchConfig.cmake @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/installed/ktbenchConfig.cmake ${CMAKE_BINARY_DIR}/ktbenchConfigVersion.cmake
        DESTINATION ${package_dir})

set(KTB_MODULE_DIR "${CMAKE_SOURCE_DIR}/cmake")
set(KTB_HOME .)
configure_file(cmake/ktbenchConfig.cmake.in ${CMAKE_BINARY_DIR}/ktbenchConfig.cmake @ONLY)
export(EXPORT ktbenchTargets NAMESPACE ktbench:: FILE ${CMAKE_BINARY_DIR}/ktbenchTargets.cmake)

# cpack: a package for Debian and its kin, and an archive to be unpacked anywhere.
set(CPACK_GENERATOR DEB TZST)
set(CPACK_INSTALL_CMAKE_PROJECTS ${CMAKE_BINARY_DIR} ktbench ktbench / ${CMAKE_BINARY_DIR} ktbench plugins /)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "the authors of ktbench")
set(CPACK_PACKAGE_FILE_NAME ktbench-${PROJECT_VERSION}-linux-x86_64)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36), libgcc-s1, libstdc++6 (>= 12)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS dataset-fashion-mnist)
include(CPack)
