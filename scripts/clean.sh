#!/usr/bin/env bash
# Stop the lab, remove what runs left in the Docker Engine, and delete every folder that setup and tests made.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

if [ -x .venv/bin/python ] && [ -f lab/__main__.py ]; then
  .venv/bin/python -m lab down
fi

if command -v docker >/dev/null && docker version >/dev/null 2>&1; then
  # Whatever a run starts carries a label with the run's number. Only runs of this checkout are ours to clean up after;
  # images are a cache and stay.
  ours() { # what docker lists as "id label"
    awk 'NR == FNR {runs[$1]; next} {split($2, label, "-"); if (label[1] in runs) print $1}' .lab/runs -
  }
  label=mwaa-deploy.run
  if [ -s .lab/runs ]; then
    docker ps --all --filter "label=$label" --format "{{.ID}} {{.Label \"$label\"}}" | ours |
      xargs --no-run-if-empty docker rm --force --volumes >/dev/null
    docker volume ls --filter "label=$label" --format "{{.Name}} {{.Label \"$label\"}}" | ours |
      xargs --no-run-if-empty docker volume rm --force >/dev/null
    docker network ls --filter "label=$label" --format "{{.ID}} {{.Label \"$label\"}}" | ours |
      xargs --no-run-if-empty docker network rm >/dev/null
  fi
fi

# An engine that setup started ends with it; one that was there before is not ours.
engine=$(cat .lab/dockerd.pid 2>/dev/null)
if [ -n "$engine" ] && [ "$(cat "/proc/$engine/comm" 2>/dev/null)" = dockerd ]; then
  kill "$engine" 2>/dev/null || sudo -n kill "$engine"
fi

rm -rf .lab .venv .tools node_modules build dist ./*.egg-info .coverage
rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
find . -name __pycache__ -type d -prune -exec rm -rf {} +
