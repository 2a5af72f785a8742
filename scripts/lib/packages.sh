# shellcheck shell=bash
# Installs the Debian packages that Tally needs, if any are missing. Asks the package index only then.
#
#   install_packages build         to build and run the server
#   install_packages build test    to run the tests, the benchmarks and lint as well

build_packages=(
  cmake g++ ninja-build
  libboost1.81-dev libcli11-dev libfmt-dev libjemalloc-dev librocksdb-dev libspdlog-dev libssl-dev libxxhash-dev prometheus-cpp-dev
)

test_packages=(
  ccache clang clang-format clang-tidy curl libclang-rt-dev openssl python3 strace
  libbenchmark-dev libgmock-dev libgtest-dev libhiredis-dev
  redis-server redis-tools
  # The admin page in a browser; promtool, and what makes metrics of INFO.
  chromium chromium-driver prometheus prometheus-redis-exporter
  # Client libraries, for tests/clients.
  libredis-perl php-cli php-redis python3-redis ruby-redis
)

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root: install sudo, or run this script as root"
  fi
}

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# The tests use these packages' programs, never their services: one would take port 6379. So while packages are installed, a
# policy keeps the services from starting, and afterwards they are switched off for the next boot. A service that was
# there before is left as it is.
packages_with_services=(prometheus prometheus-redis-exporter redis-server)

apt_install() {
  local policy=/usr/sbin/policy-rc.d own_policy=no package new_services=()
  for package in "${packages_with_services[@]}"; do
    if [[ " $* " == *" $package "* ]]; then new_services+=("$package"); fi
  done
  if [[ ${#new_services[@]} -gt 0 && ! -e $policy ]]; then
    own_policy=yes
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '%s\n' '#!/bin/sh' "case \" ${new_services[*]} \" in *\" \$1 \"*) exit 101 ;; esac" |
      as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi

  local status=0
  as_root apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
      -qq -y --no-install-recommends install "$@" >&2 || status=$?

  if [[ $own_policy == yes ]]; then
    as_root rm -f "$policy"
    trap - EXIT
  fi
  if [[ ${#new_services[@]} -gt 0 && -d /run/systemd/system ]]; then
    as_root systemctl disable --quiet "${new_services[@]}" || true
  fi
  return "$status"
}

install_packages() {
  local set package missing=()
  for set in "$@"; do
    local -n packages="${set}_packages"
    if ! command -v dpkg-query >/dev/null; then
      say "this is not Debian, so nothing is installed; $set needs the like of: ${packages[*]}"
      continue
    fi
    for package in "${packages[@]}"; do
      is_installed "$package" || missing+=("$package")
    done
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
  fi
}
