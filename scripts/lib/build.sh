# shellcheck shell=bash
# Configures and builds CMake presets, incrementally.

presets=(release debug asan tsan clang)

# Another clone of the same sources finds what this one has compiled.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=pch_defines,time_macros

is_preset() { [[ " ${presets[*]} " == *" $1 "* ]]; }

# configure_preset <preset>: quiet, unless it fails.
configure_preset() {
  local log="$root/build/$1.configure.log"
  mkdir -p "$root/build"
  if ! (cd "$root" && cmake --preset "$1") >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

# build_preset <preset> [<target>...]
build_preset() {
  local preset="$1"
  shift
  say "building $preset${*:+: $*}"
  configure_preset "$preset" || return 1
  cmake --build "$root/build/$preset" --parallel "$jobs" ${*:+--target "$@"} >&2
}
