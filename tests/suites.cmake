# What ctest reads when it starts: one entry for each test suite of a binary, `<label>.<suite>`, and one more, with the label
# `slow`, for a suite's tests that have "Slow" in their name; those with "Nightly" have an entry with both labels, `slow` and
# `nightly`, which scripts/test runs only where it is asked to. A process a test would spend most of its time on loading
# libraries. Each entry leaves its counts in <results>/<entry>.xml, where scripts/test adds them up.
#
# Given: label, binary, results.

if(NOT EXISTS "${binary}")
  add_test("${label}.NOT_BUILT" "${binary}")
  set_tests_properties("${label}.NOT_BUILT" PROPERTIES LABELS "${label}")
  return()
endif()
execute_process(COMMAND "${binary}" --gtest_list_tests OUTPUT_VARIABLE listed RESULT_VARIABLE code)
if(code)
  message(FATAL_ERROR "${binary} --gtest_list_tests ended with ${code}:\n${listed}")
endif()

# A line is `Suite.  # type`, or `  Test  # value`. Values may hold semicolons and brackets, which split lists.
string(REGEX REPLACE " +#[^\n]*" "" listed "${listed}")
string(REPLACE "\n" ";" listed "${listed}")
set(entries "")
foreach(line IN LISTS listed)
  if(line MATCHES "^([^ ]+)\\.$")
    set(suite "${CMAKE_MATCH_1}")
  elseif(line MATCHES "^  ")
    set(kind quick)
    if("${suite}.${line}" MATCHES "Nightly")
      set(kind nightly)
    elseif("${suite}.${line}" MATCHES "Slow")
      set(kind slow)
    endif()
    list(APPEND entries "${suite}.${kind}")
  endif()
endforeach()

set(counted "${entries}")
list(REMOVE_DUPLICATES entries)
foreach(entry IN LISTS entries)
  string(REGEX MATCH "^(.*)\\.([a-z]+)$" whole "${entry}")
  set(suite "${CMAKE_MATCH_1}")
  set(name "${label}.${suite}")
  set(labels "${label}")
  set(kind "${CMAKE_MATCH_2}")
  set(filter "${suite}.*-*Slow*:*Nightly*")
  if(NOT kind STREQUAL "quick")
    set(name "${name}.${kind}")
    list(APPEND labels slow)
  endif()
  if(kind STREQUAL "nightly")
    list(APPEND labels nightly)
    set(filter "${suite}.*Nightly*")
  elseif(kind STREQUAL "slow" AND suite MATCHES "Slow")
    set(filter "${suite}.*-*Nightly*")
  elseif(kind STREQUAL "slow")
    set(filter "${suite}.*Slow*-*Nightly*")
  endif()
  # The longest first, as far as one can tell; afterwards ctest knows what each took.
  set(all "${counted}")
  list(FILTER all INCLUDE REGEX "^${entry}$")
  list(LENGTH all cost)
  if(NOT kind STREQUAL "quick")
    math(EXPR cost "1000 + ${cost}")
  endif()
  add_test("${name}" "${binary}" "--gtest_filter=${filter}" --gtest_brief=1 "--gtest_output=xml:${results}/${name}.xml")
  # As many processes as cores run side by side; were each to split its loops over all cores too, they would mostly wait for
  # each other (a tenfold slowdown on two cores).
  set_tests_properties("${name}" PROPERTIES LABELS "${labels}" TIMEOUT 1200 COST "${cost}" ENVIRONMENT OMP_NUM_THREADS=1)
endforeach()
