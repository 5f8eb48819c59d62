# cmake -DSOURCE=<tree> -DOUTPUT=<file.cpp> -P revision.cmake: writes which revision of git the tree is, anew only where that changed.
set(revision "")
if(EXISTS ${SOURCE}/.git)  # another project's repository around the tree says nothing about it
  find_package(Git QUIET)
endif()
if(GIT_FOUND)
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty --abbrev=40 --exclude=*
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT revision MATCHES "^[0-9a-f]+(-dirty)?$")
  set(revision "built outside git")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/revision.cpp.in ${OUTPUT} @ONLY)
