# One helper makes a room: a static library whose links to other rooms must stand in src/rooms.txt.
#
#   osler_room(volume SOURCES build.cpp geometry.cpp USES core dicom LIBRARIES ITKCommon)
#
# A room lies in src/<room>, `kernels` at the top level. Tests and tools link rooms by osler::<room>.

file(STRINGS "${PROJECT_SOURCE_DIR}/src/rooms.txt" OSLER_ROOM_TABLE REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/rooms.txt")

function(osler_room_may_include room out)
  foreach(line IN LISTS OSLER_ROOM_TABLE)
    string(REGEX REPLACE "[ \t]*\\|[ \t]*" "|" line "${line}")
    string(REPLACE "|" ";" fields "${line}")
    list(GET fields 0 name)
    string(STRIP "${name}" name)
    if(name STREQUAL room)
      list(GET fields 1 uses)
      string(STRIP "${uses}" uses)
      string(REPLACE " " ";" uses "${uses}")
      set(${out} "${uses}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "room '${room}' does not stand in src/rooms.txt")
endfunction()

function(osler_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  osler_room_may_include(${room} allowed)
  foreach(used IN LISTS ARG_USES)
    if(NOT used IN_LIST allowed)
      message(FATAL_ERROR "room '${room}' uses '${used}', which src/rooms.txt does not allow")
    endif()
  endforeach()
  list(TRANSFORM ARG_USES PREPEND osler::)
  add_library(osler_${room} STATIC ${ARG_SOURCES})
  add_library(osler::${room} ALIAS osler_${room})
  target_include_directories(osler_${room} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:include/osler>)
  target_link_libraries(osler_${room} PUBLIC ${ARG_USES} ${ARG_LIBRARIES}
    PRIVATE $<BUILD_INTERFACE:osler_build_flags> ${ARG_PRIVATE_LIBRARIES})
  set_target_properties(osler_${room} PROPERTIES EXPORT_NAME ${room} POSITION_INDEPENDENT_CODE ON)
endfunction()
