# How all of Tally's code is compiled: language, optimisation by build type, warnings, sanitizers, ccache.
# Every target links tally_compile; nothing else sets compiler flags.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# -g1 keeps stack traces with line numbers and halves the build. NDEBUG quiets the libraries' asserts only: Tally's own
# invariants hold in every build.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS")

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TALLY_CCACHE ccache)
  if(TALLY_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TALLY_CCACHE})
  endif()
endif()

add_library(tally_compile INTERFACE)
target_include_directories(tally_compile INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(
  tally_compile
  INTERFACE -Werror
            -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wno-sign-conversion
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wcast-align
            -Wextra-semi
            -Wformat=2
            -Wundef)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tally_compile INTERFACE -Wduplicated-cond -Wlogical-op)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Sized deallocation is C++14; clang before 19 has it only when told.
  target_compile_options(tally_compile INTERFACE -Wthread-safety -Werror=thread-safety -fsized-deallocation)
endif()

if(TALLY_SANITIZE)
  target_compile_options(tally_compile INTERFACE -fsanitize=${TALLY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tally_compile INTERFACE -fsanitize=${TALLY_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 guesses wrong about instrumented code, and says of every fence that ThreadSanitizer does not see it.
    target_compile_options(tally_compile INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow)
    if(TALLY_SANITIZE STREQUAL "thread")
      target_compile_options(tally_compile INTERFACE -Wno-tsan)
    endif()
  endif()
  # The sanitizers' run-time options travel inside the binaries, so that nobody has to remember to set them.
  add_library(tally_sanitizer_options OBJECT cmake/sanitizer_options.cc)
  target_link_libraries(tally_compile INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:tally_sanitizer_options>>)
endif()

if(TALLY_FUZZ)
  # Counts which edges an input takes; the programs that fuzz link libFuzzer besides.
  target_compile_options(tally_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()

# tally_library(<name> SOURCES <file>... LINK <library>...)
# A static library; as long as it has no source file, a header-only one.
function(tally_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC tally_compile ${arg_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tally_compile ${arg_LINK})
  endif()
endfunction()
