# LibTorch from the PyPI wheel (or a LibTorch folder), as imported targets.
#
# Torch's own package file probes for a GPU and fails to configure without one, ignores
# CMAKE_CUDA_ARCHITECTURES and adds directory-wide nvcc flags; this file does none of that.
#
#   LIBTORCH_ROOT   folder that holds include/ and lib/ (cmake variable or environment)
#   LibTorch::cpu   c10 + torch_cpu: everything the program links
#   LIBTORCH_CUDA_LIBRARY  libtorch_cuda, opened at run time only when a GPU is asked for

set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}" CACHE PATH "folder of LibTorch (include/ and lib/)")
find_path(LIBTORCH_INCLUDE_DIR torch/script.h HINTS "${LIBTORCH_ROOT}" PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LIBTORCH_CPU_LIBRARY torch_cpu HINTS "${LIBTORCH_ROOT}" PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LIBTORCH_C10_LIBRARY c10 HINTS "${LIBTORCH_ROOT}" PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LIBTORCH_CUDA_LIBRARY torch_cuda HINTS "${LIBTORCH_ROOT}" PATH_SUFFIXES lib NO_DEFAULT_PATH)
mark_as_advanced(LIBTORCH_INCLUDE_DIR LIBTORCH_CPU_LIBRARY LIBTORCH_C10_LIBRARY LIBTORCH_CUDA_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LIBTORCH_CPU_LIBRARY LIBTORCH_C10_LIBRARY LIBTORCH_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run ./tools/setup, or set LIBTORCH_ROOT to a LibTorch 2.11 folder")

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION "${LIBTORCH_C10_LIBRARY}"
    IMPORTED_NO_SONAME ON)
  add_library(LibTorch::cpu SHARED IMPORTED)
  set_target_properties(LibTorch::cpu PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LIBTORCH_INCLUDE_DIR};${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES "LibTorch::c10")
endif()
