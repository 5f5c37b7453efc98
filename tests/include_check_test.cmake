# Shows that cmake/check_includes.cmake accepts a good tree and names each kind of violation.
# usage: cmake -DCHECKER=<check_includes.cmake> -DTREE=<folder for the fixture> -P include_check_test.cmake
cmake_minimum_required(VERSION 3.25)

function(expect_checker accepts word)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${TREE} -P ${CHECKER}
    RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(accepts AND NOT status EQUAL 0)
    message(FATAL_ERROR "a tree without a violation was refused:\n${text}")
  elseif(NOT accepts AND status EQUAL 0)
    message(FATAL_ERROR "'${word}' was not caught:\n${text}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  if(NOT text MATCHES "${word}")
    message(FATAL_ERROR "'${word}' is not in:\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE "${TREE}")
file(WRITE "${TREE}/src/rooms.txt" "# room | uses | walls\nlow | - | dcmtk\nhigh | low | itk*\n")
file(WRITE "${TREE}/src/low/a.cpp" "#include <vector>\n#include <dcmtk/dcmdata/dctk.h>\n#include \"low/a.hpp\"\n")
file(WRITE "${TREE}/src/low/a.hpp" "#include <string>\n")
file(WRITE "${TREE}/src/high/b.hpp" "#include \"low/a.hpp\"\n#include <itkImage.h>\n")
expect_checker(TRUE "6 include lines checked, 0 over a wall")

# A room that is not allowed.
file(WRITE "${TREE}/src/low/up.cpp" "#include \"high/b.hpp\"\n")
expect_checker(FALSE "src/low/up.cpp: room 'low' may not include 'high/b.hpp'")
file(REMOVE "${TREE}/src/low/up.cpp")

# A library that the room may not use at all.
file(WRITE "${TREE}/src/high/torch.cpp" "  #  include <torch/script.h>\n")
expect_checker(FALSE "src/high/torch.cpp: 'torch/script.h' is behind the torch wall")
file(REMOVE "${TREE}/src/high/torch.cpp")

# A library that the room may use in sources only, in a header.
file(WRITE "${TREE}/src/low/leak.hpp" "#include <dcmtk/dcmdata/dctk.h>\n")
expect_checker(FALSE "src/low/leak.hpp: 'dcmtk/dcmdata/dctk.h' is behind the dcmtk wall")
file(REMOVE "${TREE}/src/low/leak.hpp")

expect_checker(TRUE "0 over a wall")
