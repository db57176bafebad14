#!/usr/bin/env bash
# Resolve the hash-locked requirement files from their .in files. Called by `make lock`.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # output, input, further options
  uv pip compile --quiet --generate-hashes --universal --python-version "${python:-3.11}" --no-annotate \
    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
    "$2" --output-file "requirements/$1.txt" "${@:3}"
}

compile runtime pyproject.toml --constraint requirements/constraints.in
compile lab requirements/lab.in --constraint requirements/runtime.txt
compile dev requirements/dev.in --constraint requirements/runtime.txt --constraint requirements/lab.txt
# These run in runners, of which the oldest that we make ourselves have Python 3.10.
python=3.10 compile test-tools requirements/test-tools.in
compile postgresql requirements/postgresql.in
compile bench requirements/bench.in
