# shellcheck shell=bash
# Shared by the scripts of this folder: `source` it, do not run it.

# shellcheck disable=SC2034  # used by the scripts that source this file
osler_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
osler_cache="${OSLER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/osler}"
osler_python="$osler_cache/python"
osler_judges="$osler_cache/judges"
osler_colin27=/usr/share/mricron/templates/ch2.nii.gz
osler_colin27_brain=/usr/share/mricron/templates/ch2bet.nii.gz
osler_cranium=/usr/share/doc/invesalius-examples/examples/Cranium.inv3

# Times count from the first script: one script may call another.
export OSLER_STARTED="${OSLER_STARTED:-$(date +%s)}"

say() { printf '[%4d s] %s\n' "$(($(date +%s) - OSLER_STARTED))" "$*" >&2; }

# die WHAT REMEDY
die() {
  say "FAILED: $1; remedy: $2"
  exit 1
}

# quietly LOG COMMAND...: output goes to LOG, of which the end is shown on failure.
quietly() {
  local log="$1" status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  ((status == 0)) || tail -n 25 "$log" >&2
  return "$status"
}

# The site-packages folder of a virtual environment.
site_packages() { printf '%s\n' "$1"/lib/python3.*/site-packages | tail -n 1; }

# Prints an nvcc 13 of this machine, or nothing.
system_nvcc() {
  local candidate
  for candidate in "${CUDACXX:-}" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" \
    "$(command -v nvcc || true)" /usr/local/cuda/bin/nvcc; do
    case "$candidate" in "" | "$osler_python"/*) continue ;; esac
    if [[ -x "$candidate" ]] && "$candidate" --version 2>/dev/null | grep -q 'release 13\.'; then
      echo "$candidate"
      return
    fi
  done
}

# Puts what tools/setup made in the way of CMake and of the programs.
use_toolchain() {
  local site cuda nvcc
  [[ -x "$osler_python/bin/cmake" ]] || die "no tool chain in $osler_cache" "run ./tools/setup"
  site="$(site_packages "$osler_python")"
  export PATH="$osler_python/bin:$PATH"
  export LIBTORCH_ROOT="${LIBTORCH_ROOT:-$site/torch}"
  export OSLER_TEMPLATES="${OSLER_TEMPLATES:-$osler_cache/templates}"
  nvcc="$(system_nvcc)"
  cuda="$site/nvidia/cu13"
  if [[ -n "$nvcc" ]]; then
    export CUDACXX="$nvcc"
  elif [[ -x "$cuda/bin/nvcc" ]]; then
    export CUDACXX="$cuda/bin/nvcc" CUDAToolkit_ROOT="$cuda"
  fi
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache
  fi
}

# Compile jobs: one per core, but 2 GB of memory for each (LibTorch's and ITK's headers are large).
job_count() {
  local gigabytes cores
  gigabytes="$(awk '/^MemAvailable/ {print int($2 / 2000000)}' /proc/meminfo)"
  cores="$(nproc)"
  echo "${OSLER_JOBS:-$((gigabytes < 1 ? 1 : gigabytes < cores ? gigabytes : cores))}"
}

# Makes the head template that models are placed by, if it is absent or older than its tool.
make_template() {
  local tool="$1/bin/osler-make-template" template="$OSLER_TEMPLATES/colin27-t1.mha"
  [[ "$template" -nt "$tool" && "$template" -nt "$osler_colin27" ]] && return
  [[ -r "$osler_colin27" ]] || die "no $osler_colin27" "install mricron-data, or run ./tools/setup"
  say "making the head template $template"
  mkdir -p "$OSLER_TEMPLATES"
  "$tool" "$osler_colin27" "$osler_colin27_brain" "$template.new.mha" >&2 ||
    die "the head template was not made" "see the message above"
  mv -f "$template.new.mha" "$template"
}

# make_samples PRESET_FOLDER OUT: the two sample studies of dicom_samples/, in OUT/head-mr and -ct,
# unless they are newer than the tool that makes them.
make_samples() {
  local tool="$1/bin/osler-sample" out="$2"
  [[ "$out/.made" -nt "$tool" && -d "$out/head-mr" && -d "$out/head-ct" ]] && return
  say "writing the sample studies into $out"
  rm -rf "$out/head-mr" "$out/head-ct"
  "$tool" head-mr --template "$osler_colin27" --out "$out/head-mr" --pose "$out/head-mr-pose.json" >&2
  "$tool" head-ct --inv3 "$osler_cranium" --out "$out/head-ct" >&2
  touch "$out/.made"
}
