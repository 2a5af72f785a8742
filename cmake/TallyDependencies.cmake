# The libraries that Tally stands on, all from the distribution. scripts/lib/packages.sh names their packages.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(prometheus-cpp REQUIRED)

# tally_find_library(<target> HEADER <header> LIBRARY <name> [OPTIONAL])
# An imported target for a library without a CMake package, or whose package asks for more than linking needs: the
# shared RocksDB brings its compression libraries along, while its CMake package wants all their development files.
function(tally_find_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "HEADER;LIBRARY" "")
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE_DIR ${arg_HEADER})
  find_library(${id}_LIBRARY ${arg_LIBRARY})
  mark_as_advanced(${id}_INCLUDE_DIR ${id}_LIBRARY)
  if(${id}_INCLUDE_DIR AND ${id}_LIBRARY)
    add_library(${target} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${${id}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES
                                                                                  ${${id}_INCLUDE_DIR})
  elseif(NOT arg_OPTIONAL)
    message(FATAL_ERROR "<${arg_HEADER}> or lib${arg_LIBRARY} is missing; scripts/build installs what Tally needs")
  endif()
endfunction()

tally_find_library(xxhash::xxhash HEADER xxhash.h LIBRARY xxhash)
tally_find_library(rocksdb::rocksdb HEADER rocksdb/db.h LIBRARY rocksdb)
tally_find_library(jemalloc::jemalloc HEADER jemalloc/jemalloc.h LIBRARY jemalloc)

# tally_use_jemalloc(<program>)
# Replaces malloc, for RocksDB too; nothing refers to it by name, so the linker must be told to keep it. The sanitizers
# bring their own.
function(tally_use_jemalloc program)
  if(NOT TALLY_SANITIZE)
    target_link_libraries(${program} PRIVATE -Wl,--push-state,--no-as-needed jemalloc::jemalloc -Wl,--pop-state)
  endif()
endfunction()

# For tests and benchmarks only: a machine that just runs Tally does not need them.
tally_find_library(hiredis::hiredis HEADER hiredis/hiredis.h LIBRARY hiredis OPTIONAL)
find_package(GTest QUIET)
find_package(benchmark QUIET)
