# clang's libFuzzer over the targets of tests/fuzz: `./dev fuzz TARGET` configures this with clang (preset fuzz) and builds
# fuzz_<target>. What the targets reach is compiled here a second time, with coverage and AddressSanitizer.
file(GLOB_RECURSE fuzzed CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/base/*.cc ${CMAKE_SOURCE_DIR}/wire/*.cc
  ${CMAKE_SOURCE_DIR}/broker/log/*.cc)
file(GLOB drivers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*.cc)
list(FILTER drivers EXCLUDE REGEX "(_test|libfuzzer)\\.cc$")
add_library(fuzz_code OBJECT EXCLUDE_FROM_ALL ${fuzzed} ${drivers} ${CMAKE_SOURCE_DIR}/testkit/sim/sim_disk.cc)
target_include_directories(fuzz_code PUBLIC ${CMAKE_BINARY_DIR}/include)
target_compile_options(fuzz_code PUBLIC -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
target_link_libraries(fuzz_code PUBLIC dep_fmt dep_simdjson dep_isal dep_lz4 dep_zstd dep_snappy dep_z)
foreach(target record_batch compression request_frame response_frame record log_recovery)
  add_executable(fuzz_${target} EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/fuzz/libfuzzer.cc)
  target_compile_definitions(fuzz_${target} PRIVATE MILLRACE_FUZZ_TARGET=fuzz_${target})
  target_link_libraries(fuzz_${target} PRIVATE fuzz_code)
  target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer,address,undefined)
endforeach()
