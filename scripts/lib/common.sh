# shellcheck shell=bash
# What every script starts with: where the tree is, how to speak, how many jobs.
#
#   source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# Build and test jobs side by side: TALLY_JOBS, or one for each CPU.
jobs="${TALLY_JOBS:-$(nproc)}"

say() { printf '== %s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# usage_of <script>: the comment block at the script's head, for --help.
usage_of() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$1"; }
