# KTB_SDK_HASH: first 12 digits of a SHA-256 over the public headers, in the order of their paths. A plugin carries the hash
# that it was built against, and the loader compares it exactly.

set(_ktb_include ${CMAKE_SOURCE_DIR}/harness/include)
file(GLOB_RECURSE _ktb_headers CONFIGURE_DEPENDS RELATIVE ${_ktb_include} ${_ktb_include}/ktb/*.hpp)
list(SORT _ktb_headers)
set(_ktb_digests "")
foreach(_ktb_header IN LISTS _ktb_headers)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_ktb_include}/${_ktb_header})
  file(SHA256 ${_ktb_include}/${_ktb_header} _ktb_digest)
  string(APPEND _ktb_digests "${_ktb_header} ${_ktb_digest}\n")
endforeach()
string(SHA256 KTB_SDK_HASH "${_ktb_digests}")
string(SUBSTRING ${KTB_SDK_HASH} 0 12 KTB_SDK_HASH)
