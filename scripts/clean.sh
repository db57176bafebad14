#!/usr/bin/env bash
# Stop the lab, remove what runs left in the Docker Engine, and delete every folder that setup and tests made.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

if [ -x .venv/bin/python ] && [ -f lab/__main__.py ]; then
  .venv/bin/python -m lab down
fi

if command -v docker >/dev/null && docker version >/dev/null 2>&1; then
  # Whatever a run started carries this label; images are a cache and stay.
  label=mwaa-deploy.run
  docker ps --all --quiet --filter "label=$label" | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
  docker volume ls --quiet --filter "label=$label" | xargs --no-run-if-empty docker volume rm --force >/dev/null
  docker network ls --quiet --filter "label=$label" | xargs --no-run-if-empty docker network rm >/dev/null
fi

# An engine that setup started ends with it; one that was there before is not ours.
engine=$(cat .lab/dockerd.pid 2>/dev/null)
if [ -n "$engine" ] && [ "$(cat "/proc/$engine/comm" 2>/dev/null)" = dockerd ]; then
  kill "$engine" 2>/dev/null || sudo -n kill "$engine"
fi

rm -rf .lab .venv .tools node_modules build dist ./*.egg-info .coverage
rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
find . -name __pycache__ -type d -prune -exec rm -rf {} +
