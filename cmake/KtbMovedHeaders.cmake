# KTB_MOVED_HEADERS: a folder that stands behind the real headers, so that a plugin which includes a path of
# moved_headers.txt stops at one line that tells the new path.

set(KTB_MOVED_HEADERS ${CMAKE_BINARY_DIR}/moved)
set(_ktb_list ${CMAKE_CURRENT_LIST_DIR}/moved_headers.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_ktb_list})
file(STRINGS ${_ktb_list} _ktb_lines REGEX "^ktb/")
foreach(_ktb_line IN LISTS _ktb_lines)
  string(REPLACE " " ";" _ktb_line ${_ktb_line})
  list(GET _ktb_line 0 _ktb_old)
  list(GET _ktb_line 1 _ktb_new)
  if(_ktb_new MATCHES "^ktb/")
    # What follows is found, so that nothing else is reported.
    set(_ktb_text "#error \"${_ktb_old} is now ${_ktb_new}\"\n#include \"${_ktb_new}\"\n")
  else()
    set(_ktb_text "#error \"${_ktb_old} is now ${_ktb_new}, a part of that plugin: copy it beside yours\"\n")
  endif()
  file(CONFIGURE OUTPUT ${KTB_MOVED_HEADERS}/${_ktb_old} CONTENT "${_ktb_text}" @ONLY)
endforeach()
