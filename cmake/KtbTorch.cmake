# Target torch::torch: LibTorch's headers and CPU libraries, straight from PyPI's wheel or a user's own LibTorch.
# The wheel's CMake package is not used: it demands a CUDA toolkit at configure time.

include_guard(DIRECTORY)

if(NOT KTB_TORCH_ROOT)
  get_filename_component(_ktb_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
  file(GLOB _ktb_found LIST_DIRECTORIES true "${_ktb_root}/.deps/venv/lib/python3*/site-packages/torch")
  list(POP_BACK _ktb_found _ktb_newest)
  set(KTB_TORCH_ROOT "${_ktb_newest}" CACHE PATH "Folder of LibTorch, with include/ and lib/" FORCE)
endif()

foreach(_ktb_file include/ATen/ATen.h lib/libtorch_cpu.so lib/libc10.so)
  if(NOT EXISTS "${KTB_TORCH_ROOT}/${_ktb_file}")
    message(FATAL_ERROR
      "LibTorch is missing: no ${_ktb_file} in KTB_TORCH_ROOT=\"${KTB_TORCH_ROOT}\".\n"
      "Run scripts/setup, which puts it into .deps/ (outside this tree: pip install torch), "
      "or pass -DKTB_TORCH_ROOT=<folder of your LibTorch>.")
  endif()
endforeach()

foreach(_ktb_file torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(EXISTS "${KTB_TORCH_ROOT}/include/${_ktb_file}")
    file(READ "${KTB_TORCH_ROOT}/include/${_ktb_file}" _ktb_text)
    if(_ktb_text MATCHES
       "TORCH_VERSION_MAJOR ([0-9]+).*TORCH_VERSION_MINOR ([0-9]+).*TORCH_VERSION_PATCH ([0-9]+)")
      set(KTB_TORCH_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}")
      break()
    endif()
  endif()
endforeach()
if(NOT KTB_TORCH_VERSION VERSION_GREATER_EQUAL 2.11)
  message(FATAL_ERROR "LibTorch in ${KTB_TORCH_ROOT} is version \"${KTB_TORCH_VERSION}\"; 2.11 or newer is needed.\n"
                      "Run scripts/setup, or pass -DKTB_TORCH_ROOT=<folder of a newer LibTorch>.")
endif()

if(NOT TARGET torch::torch)
  add_library(torch::c10 SHARED IMPORTED)
  set_target_properties(torch::c10 PROPERTIES
    IMPORTED_LOCATION "${KTB_TORCH_ROOT}/lib/libc10.so" IMPORTED_NO_SONAME ON)
  add_library(torch::cpu SHARED IMPORTED)
  set_target_properties(torch::cpu PROPERTIES
    IMPORTED_LOCATION "${KTB_TORCH_ROOT}/lib/libtorch_cpu.so" IMPORTED_NO_SONAME ON)
  add_library(torch::torch INTERFACE IMPORTED)
  target_include_directories(torch::torch SYSTEM INTERFACE
    "${KTB_TORCH_ROOT}/include" "${KTB_TORCH_ROOT}/include/torch/csrc/api/include")
  target_compile_definitions(torch::torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  # Without --no-as-needed a binary that only names inline functions would drop the kernels' library.
  target_link_options(torch::torch INTERFACE -Wl,--no-as-needed)
  target_link_libraries(torch::torch INTERFACE torch::cpu torch::c10)
endif()
