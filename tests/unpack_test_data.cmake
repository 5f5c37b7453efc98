# Unpacks the real series of OSLER_TEST_DATA into OUT, once. What is absent is left out: the tests
# that need it skip and say so.
# usage: cmake -DDEFAULT_DATA=<folder> -DOUT=<folder> -P unpack_test_data.cmake
cmake_minimum_required(VERSION 3.25)

set(data "$ENV{OSLER_TEST_DATA}")
if(data STREQUAL "")
  set(data "${DEFAULT_DATA}")
endif()
foreach(archive ct/LIDC-IDRI-0001 ct/GE_tilt_variable_spacing mr/datalad_T1w_adult
    malformed_fuzz_even)
  get_filename_component(name "${archive}" NAME)
  if(EXISTS "${OUT}/${name}" OR NOT EXISTS "${data}/${archive}.tar.zst")
    continue()
  endif()
  # Into a folder of its own first, so that one that was interrupted is not taken for whole.
  file(REMOVE_RECURSE "${OUT}/${name}.part")
  file(MAKE_DIRECTORY "${OUT}/${name}.part")
  execute_process(COMMAND tar --zstd -xf "${data}/${archive}.tar.zst" -C "${OUT}/${name}.part"
    COMMAND_ERROR_IS_FATAL ANY)
  file(RENAME "${OUT}/${name}.part" "${OUT}/${name}")
endforeach()
