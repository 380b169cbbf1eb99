# tests/<folder>/**/*_test.cc: one test program per folder, one ctest entry each. Golden data is found
# through MILLRACE_TESTS_DIR, programs through MILLRACE_BIN_DIR.
find_package(GTest REQUIRED)
file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/tests/*)
foreach(entry ${entries})
  if(IS_DIRECTORY ${entry} AND NOT entry MATCHES "/(programs|packaging)$")
    get_filename_component(name ${entry} NAME)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${entry}/*.cc)
    if(name STREQUAL "examples")
      list(APPEND sources ${CMAKE_SOURCE_DIR}/examples/fraud/input.cc)
    endif()
    if(sources)
      add_executable(${name}_test ${sources})
      target_link_libraries(${name}_test PRIVATE millrace_testkit millrace_app GTest::gtest GTest::gmock GTest::gtest_main)
      target_compile_definitions(${name}_test PRIVATE
        MILLRACE_TESTS_DIR="${CMAKE_SOURCE_DIR}/tests"
        MILLRACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        MILLRACE_BUILD_DIR="${CMAKE_BINARY_DIR}"
        MILLRACE_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
      add_test(NAME ${name} COMMAND ${name}_test)
      set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    endif()
  endif()
endforeach()

# What runs under the sanitizers too (./dev sanitize): the machines and unit tests with address and undefined, what has
# threads of its own with thread.
set(unit_tests base wire client broker state engine dsl raft testkit fuzz io)
set(thread_tests io app)
add_custom_target(unit_tests)
add_custom_target(thread_tests)
foreach(name ${unit_tests})
  add_dependencies(unit_tests ${name}_test)
  set_property(TEST ${name} APPEND PROPERTY LABELS unit)
endforeach()
foreach(name ${thread_tests})
  add_dependencies(thread_tests ${name}_test)
  set_property(TEST ${name} APPEND PROPERTY LABELS threads)
endforeach()

# An application against the installed headers and libraries.
add_test(NAME packaging COMMAND ${CMAKE_SOURCE_DIR}/tests/packaging/installed_test.sh ${CMAKE_BINARY_DIR})
set_tests_properties(packaging PROPERTIES TIMEOUT 300)
# Clients that are not ours, as judges. Exit 77: the client is not installed.
add_test(NAME kcat COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/interop/kcat.py ${CMAKE_BINARY_DIR}/bin/millrace)
set_tests_properties(kcat PROPERTIES LABELS interop SKIP_RETURN_CODE 77 TIMEOUT 120)

# What is thrown at a running broker, and starts that must fail well.
foreach(suite hostile startup)
  add_test(NAME hostile_${suite} COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/hostile/${suite}.py ${CMAKE_BINARY_DIR}/bin/millrace)
  set_tests_properties(hostile_${suite} PROPERTIES LABELS hostile TIMEOUT 240 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endforeach()

# Seeds of the simulator; ./dev sim runs 300.
if(MILLRACE_SANITIZE MATCHES "address")
  add_dependencies(unit_tests simulate)
  add_test(NAME simulate_few COMMAND simulate --seeds 1..6 --jobs 2)
  set_tests_properties(simulate_few PROPERTIES LABELS unit TIMEOUT 300)
endif()
add_test(NAME simulate COMMAND simulate --seeds 1..40 --jobs 2)
set_tests_properties(simulate PROPERTIES TIMEOUT 600)
# One seed is one history, in every process.
add_test(NAME simulate_hashes COMMAND ${CMAKE_SOURCE_DIR}/tests/scripts/same_hashes.sh $<TARGET_FILE:simulate>)
set_tests_properties(simulate_hashes PROPERTIES TIMEOUT 300)

# kill -9 of broker and application, and the output compared with an undisturbed run. The full length is in tests/chaos/README.md.
add_test(NAME chaos_apart COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/chaos/chaos.py --mode apart --rate 3000
  --app-kills 5 --broker-kills 5 --spill-kills 1 --restore-kills 1)
add_test(NAME chaos_embedded COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/chaos/chaos.py --mode embedded --rate 3000
  --app-kills 6 --spill-kills 1 --restore-kills 1)
set_tests_properties(chaos_apart chaos_embedded PROPERTIES LABELS chaos SKIP_RETURN_CODE 77 TIMEOUT 300
  ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1;MILLRACE_BIN=${CMAKE_BINARY_DIR}/bin")

# What a record costs, against the accepted figures (bench/bill). Exit 77: figures of another compiler or machine.
find_program(VALGRIND valgrind)
if(VALGRIND AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME bill COMMAND ${CMAKE_SOURCE_DIR}/bench/bill/bill.py --check --program ${CMAKE_BINARY_DIR}/bin/bench_bill)
  set_tests_properties(bill PROPERTIES LABELS bill SKIP_RETURN_CODE 77 TIMEOUT 900 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
