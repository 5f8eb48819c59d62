# ktb_add_plugin(<model|method|dataset> <name> [SOURCES <file>...] [DIRECTORY <folder>])
#
# Builds one plugin: <build>/plugins/<kind>s/<name>.so, from <name>.cpp unless SOURCES says otherwise. The same call
# serves this tree and, after find_package(ktbench), any other. Paths are mapped away, and there is no rpath, so the same
# source gives the same bytes wherever it is built: trials are keyed by the hash of the file.

include_guard(DIRECTORY)

# What a library lacks is said when it is linked; a sanitizer's own functions are only in the program.
set(KTB_NOTHING_UNDEFINED -Wl,-z,defs)
if(KTB_SANITIZE)
  set(KTB_NOTHING_UNDEFINED "")
endif()

set(KTB_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/plugin.map")

# How every unit of a plugin is compiled, and the header that plugins of a tree may share in compiled form.
function(ktb_plugin_compilation target)
  target_compile_definitions(${target} PRIVATE
    NDEBUG KTB_SDK_HASH="${KTB_SDK_HASH}" KTB_TORCH_VERSION="${KTB_TORCH_VERSION}")
  target_compile_options(${target} PRIVATE
    $<$<CONFIG:>:-O2>
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
    -ffile-prefix-map=${CMAKE_BINARY_DIR}=build
    -ffile-prefix-map=${KTB_TORCH_ROOT}=torch)
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(KTB_PLUGIN_LAUNCHER)
    # ccache rewrites paths below its base folder before the prefix maps see them, so plugins go without one.
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "${KTB_PLUGIN_LAUNCHER}")
  endif()
endfunction()

function(ktb_add_plugin kind name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "DIRECTORY;TARGET" "SOURCES")
  if(NOT kind MATCHES "^(model|method|dataset)$")
    message(FATAL_ERROR "ktb_add_plugin: \"${kind}\" is no kind of plugin; say model, method or dataset")
  endif()
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cpp)
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_BINARY_DIR}/plugins/${kind}s)
  endif()
  if(NOT arg_TARGET)
    set(arg_TARGET ${kind}_${name})
  endif()
  if(TARGET ktbench::ktb)
    set(sdk ktbench::ktb)
  else()
    set(sdk ktb)
  endif()

  add_library(${arg_TARGET} MODULE ${arg_SOURCES})
  target_link_libraries(${arg_TARGET} PRIVATE ${sdk})
  target_compile_definitions(${arg_TARGET} PRIVATE KTB_PLUGIN_NAME="${name}")
  ktb_plugin_compilation(${arg_TARGET})
  target_link_options(${arg_TARGET} PRIVATE
    ${KTB_NOTHING_UNDEFINED} -Wl,--version-script=${KTB_PLUGIN_MAP})
  set_target_properties(${arg_TARGET} PROPERTIES
    PREFIX "" SUFFIX .so OUTPUT_NAME ${name} DEFINE_SYMBOL ""
    LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY}
    SKIP_BUILD_RPATH ON INSTALL_RPATH ""
    LINK_DEPENDS ${KTB_PLUGIN_MAP})
endfunction()
