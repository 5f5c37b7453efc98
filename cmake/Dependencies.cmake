# Every outside library, as one interface target each. Nothing is downloaded here: tools/setup does.

include(CheckLanguage)

add_library(osler_build_flags INTERFACE)
target_compile_options(osler_build_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wno-unknown-pragmas>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:RelWithDebInfo>>:-g1>)
if(OSLER_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined>)
  add_link_options(-fsanitize=address,undefined)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)

# Configurations of MONAI bundles. Debian's package names its target without a namespace.
find_package(yaml-cpp REQUIRED)
add_library(osler_yaml INTERFACE IMPORTED GLOBAL)
target_link_libraries(osler_yaml INTERFACE yaml-cpp)

find_package(DCMTK REQUIRED)
add_library(osler_dcmtk INTERFACE IMPORTED GLOBAL)
target_include_directories(osler_dcmtk INTERFACE ${DCMTK_INCLUDE_DIRS})
target_link_libraries(osler_dcmtk INTERFACE ${DCMTK_LIBRARIES})

find_package(OpenJPEG REQUIRED)
# 2.5 is the first that decodes HTJ2K and that can be strict with a truncated codestream. Debian's
# package carries no version file, so find_package cannot compare.
if("${OPENJPEG_MAJOR_VERSION}.${OPENJPEG_MINOR_VERSION}" VERSION_LESS 2.5)
  message(FATAL_ERROR "OpenJPEG ${OPENJPEG_MAJOR_VERSION}.${OPENJPEG_MINOR_VERSION} found;"
    " 2.5 or later is wanted: install libopenjp2-7-dev")
endif()
add_library(osler_openjpeg INTERFACE IMPORTED GLOBAL)
target_include_directories(osler_openjpeg INTERFACE ${OPENJPEG_INCLUDE_DIRS})
target_link_libraries(osler_openjpeg INTERFACE openjp2)
# Debian builds CharLS with its assertions left in: each sample's context is computed twice, and a
# failed one ends the program. The wheel `imagecodecs` (tools/setup) holds the same interface built
# for release, which is linked where it is found; the headers are Debian's either way.
find_package(charls 2.4 REQUIRED)
# -DOSLER_CHARLS=FILE links another one.
if(NOT DEFINED OSLER_CHARLS AND DEFINED ENV{LIBTORCH_ROOT})
  get_filename_component(osler_wheels "$ENV{LIBTORCH_ROOT}" DIRECTORY)
  file(GLOB OSLER_CHARLS "${osler_wheels}/imagecodecs.libs/libcharls-*.so.2.4.*")
endif()
add_library(osler_charls INTERFACE IMPORTED GLOBAL)
if(OSLER_CHARLS)
  target_link_libraries(osler_charls INTERFACE "${OSLER_CHARLS}")
else()
  target_link_libraries(osler_charls INTERFACE charls)
endif()

# Reading DICOM, which is what is fuzzed, needs no more than this.
if(OSLER_FUZZ)
  return()
endif()

# Only the components that are used: asking for all of ITK pulls in half of Debian.
find_package(ITK 5 REQUIRED COMPONENTS ITKCommon ITKTransform ITKRegistrationMethodsv4 ITKMetricsv4
  ITKOptimizersv4 ITKImageGrid ITKImageFunction ITKSmoothing ITKThresholding ITKConnectedComponents
  ITKBinaryMathematicalMorphology ITKIOMeta ITKIONIFTI)
add_library(osler_itk INTERFACE IMPORTED GLOBAL)
target_include_directories(osler_itk INTERFACE ${ITK_INCLUDE_DIRS})
target_link_libraries(osler_itk INTERFACE ${ITK_LIBRARIES})
if(OSLER_SANITIZE)
  # ITK's neighbourhood iterators add offsets to null pointers before they have an image.
  target_compile_options(osler_itk INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=pointer-overflow>)
endif()

# PDF reports. Debian's package carries neither a CMake nor a pkg-config file.
find_path(OSLER_HARU_INCLUDE hpdf.h REQUIRED)
find_library(OSLER_HARU_LIBRARY hpdf REQUIRED)
add_library(osler_harupdf INTERFACE IMPORTED GLOBAL)
target_include_directories(osler_harupdf INTERFACE "${OSLER_HARU_INCLUDE}")
target_link_libraries(osler_harupdf INTERFACE "${OSLER_HARU_LIBRARY}")

find_package(OpenCV 4 REQUIRED COMPONENTS core imgproc imgcodecs)
add_library(osler_opencv INTERFACE IMPORTED GLOBAL)
target_include_directories(osler_opencv INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(osler_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)

find_package(LibTorch REQUIRED)

# The CUDA backend is compiled wherever nvcc is found; without it the same sources build and the
# cuda backend reports itself absent.
set(OSLER_HAS_CUDA OFF)
if(OSLER_CUDA)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_ARCHITECTURES 80 90 CACHE STRING "GPU generations to compile for")
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 20)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    find_package(CUDAToolkit 13 REQUIRED)
    set(OSLER_HAS_CUDA ON)
  else()
    message(STATUS "nvcc not found: the cuda backend will report itself absent")
  endif()
endif()
