# The tests. Unit tests: one program for each source directory. End-to-end and crash tests: one program for each label,
# run against the server binary that $TALLY_SERVER names; and one test for each client program of tests/clients.
# Labels: unit, end_to_end, crash, clients, fuzz.

if(NOT TARGET GTest::gtest_main OR NOT TARGET hiredis::hiredis)
  message(STATUS "Without GoogleTest and hiredis there are no tests; scripts/test installs them")
  return()
endif()

enable_testing()
include(GoogleTest)

set(test_environment "")
if(TARGET tally-server)
  set(test_environment "TALLY_SERVER=$<TARGET_FILE:tally-server>")
endif()

# tally_test(<name> LABEL <label> TIMEOUT <seconds> SOURCES <file>... LINK <library>...)
function(tally_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "SOURCES;LINK")
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE tally_compile ${arg_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  # Read once for all files of the program: half of the time that they take otherwise.
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h> <functional> <map> <memory>
                            <random> <string> <thread> <vector>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Of what it has read beforehand g++ 12 forgets that it is the system's, and tells the false alarms that are in it.
    target_compile_options(${name} PRIVATE -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow -Wno-restrict)
  endif()
  add_dependencies(tally_${arg_LABEL}_tests ${name})
  if(NOT arg_LABEL STREQUAL "unit" AND TARGET tally-server)
    add_dependencies(${name} tally-server)
  endif()
  # Discovered when ctest starts, not while building: a build never depends on a test program's behaviour.
  gtest_discover_tests(
    ${name}
    TEST_PREFIX "${name}/"
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${test_environment}")
endfunction()

# tally_script_test(<name> LABEL <label> COMMAND <command>...)
function(tally_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "COMMAND")
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600 ENVIRONMENT "${test_environment}")
endfunction()

# `ninja tally_unit_tests` builds just what `ctest -L unit` runs.
foreach(label unit end_to_end crash)
  add_custom_target(tally_${label}_tests)
endforeach()

file(GLOB_RECURSE protocol_test_sources CONFIGURE_DEPENDS tests/protocol/*.cc)
file(GLOB_RECURSE storage_test_sources CONFIGURE_DEPENDS tests/storage/*.cc)
file(GLOB_RECURSE server_test_sources CONFIGURE_DEPENDS tests/server/*.cc)
file(GLOB support_sources CONFIGURE_DEPENDS tests/end_to_end/support/*.cc)
file(GLOB end_to_end_sources CONFIGURE_DEPENDS tests/end_to_end/*.cc)
file(GLOB end_to_end_scripts CONFIGURE_DEPENDS tests/end_to_end/*_test.sh tests/end_to_end/*_test.py)
file(GLOB crash_sources CONFIGURE_DEPENDS tests/crash/*.cc)
# The store in memory that power cuts are tried on; its own tests are among the storage tests.
list(APPEND crash_sources tests/storage/memory_database.cc)

# ThreadSanitizer has nothing to see where there is but one thread: of the unit tests it gets those that begin threads,
# by themselves or through a part that has its own, and what they need.
if(TALLY_SANITIZE STREQUAL "thread")
  set(protocol_test_sources "")
  foreach(sources storage_test_sources server_test_sources)
    foreach(source IN LISTS ${sources})
      file(STRINGS ${source} threads REGEX
           "#include <(thread|future)>|#include \"server/(housekeeping|object_loader)\\.h\"")
      if(source MATCHES "_test\\.cc$" AND NOT threads)
        list(REMOVE_ITEM ${sources} ${source})
      endif()
    endforeach()
  endforeach()
endif()

tally_test(protocol_tests LABEL unit TIMEOUT 120 SOURCES ${protocol_test_sources} LINK tally_protocol)
tally_test(storage_tests LABEL unit TIMEOUT 120 SOURCES ${storage_test_sources} LINK tally_rocks tally_storage)
tally_test(server_tests LABEL unit TIMEOUT 120 SOURCES ${server_test_sources} LINK tally_server tally_rocks)

tally_library(tally_test_support SOURCES ${support_sources} LINK tally_protocol hiredis::hiredis fmt::fmt GTest::gmock GTest::gtest
              Threads::Threads)
tally_test(end_to_end_tests LABEL end_to_end TIMEOUT 600 SOURCES ${end_to_end_sources} LINK tally_test_support)
tally_test(crash_tests LABEL crash TIMEOUT 600 SOURCES ${crash_sources} LINK tally_test_support tally_server tally_rocks)
foreach(script IN LISTS end_to_end_scripts)
  get_filename_component(stem ${script} NAME_WE)
  tally_script_test(end_to_end_${stem} LABEL end_to_end COMMAND ${script})
endforeach()

# Real client programs, in the release build only: what they show of the server they show once. Where a machine cannot
# have a client, its test says so and counts as skipped. The drivers of hiredis are built without sanitizers only.
if(NOT TALLY_SANITIZE)
  tally_library(tally_hiredis_clients SOURCES tests/clients/c/library.cc tests/clients/c/scenario.cc
                LINK hiredis::hiredis Boost::headers)
  add_executable(client_hiredis_sync tests/clients/c/sync.cc)
  add_executable(client_hiredis_async tests/clients/c/async.cc tests/clients/c/asio_events.cc)
  foreach(program client_hiredis_sync client_hiredis_async)
    target_link_libraries(${program} PRIVATE tally_hiredis_clients Threads::Threads)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  endforeach()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND TARGET tally-server)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS tests/clients/clients.py)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tests/clients/run_client.py OUTPUT_VARIABLE clients COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" clients "${clients}")
  foreach(client IN LISTS clients)
    tally_script_test(clients_${client} LABEL clients COMMAND tests/clients/run_client.py ${client} --build-directory
                      ${PROJECT_BINARY_DIR})
    set_tests_properties(clients_${client} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
  tally_script_test(clients_handshakes LABEL clients COMMAND tests/clients/handshakes_test.py)
endif()

# Fuzz targets: a program for each file, and a test that lets it run for a while from the inputs of its corpus.
# scripts/fuzz runs them for longer.
if(TALLY_FUZZ)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cc)
  file(GLOB fuzz_support_sources CONFIGURE_DEPENDS tests/fuzz/*.cc)
  list(REMOVE_ITEM fuzz_support_sources ${fuzz_sources} "")
  list(APPEND fuzz_support_sources tests/server/session_harness.cc)
  tally_library(tally_fuzz_support SOURCES ${fuzz_support_sources} LINK tally_server tally_storage GTest::gtest)
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(stem ${source} NAME_WE)
    add_executable(${stem} ${source})
    target_link_libraries(${stem} PRIVATE tally_fuzz_support -fsanitize=fuzzer)
    set_target_properties(${stem} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    string(REGEX REPLACE "_fuzz$" "" target ${stem})
    tally_script_test(fuzz_${target} LABEL fuzz COMMAND scripts/fuzz --no-build ${target})
  endforeach()
endif()

# The committed page says what the table says.
tally_script_test(command_reference LABEL unit COMMAND
                  bash -c "diff <($<TARGET_FILE:tally-command-reference>) docs/COMMANDS.md")
add_dependencies(tally_unit_tests tally-command-reference)

# What looks at the text of the sources needs no second look under the sanitizers.
if(NOT TALLY_SANITIZE)
  if(TARGET tally-server)
    tally_script_test(readme LABEL unit COMMAND ${PROJECT_SOURCE_DIR}/tests/check_readme.py $<TARGET_FILE:tally-server>)
    tally_script_test(readme_self_test LABEL unit COMMAND ${PROJECT_SOURCE_DIR}/tests/check_readme.py --self-test)
    add_dependencies(tally_unit_tests tally-server)
  endif()
  tally_script_test(layout LABEL unit COMMAND ${PROJECT_SOURCE_DIR}/tests/check_layout.py)
  tally_script_test(layout_self_test LABEL unit COMMAND ${PROJECT_SOURCE_DIR}/tests/check_layout.py --self-test)
  find_program(TALLY_CLANG_FORMAT clang-format)
  if(TALLY_CLANG_FORMAT)
    tally_script_test(lint_format LABEL unit COMMAND ${PROJECT_SOURCE_DIR}/scripts/lint --format)
  endif()
endif()
