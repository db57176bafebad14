#!/usr/bin/env bash
# Remove what the run may have left behind: a composite action has no post step, so this runs as `if: always()`.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=entrypoint/run_label.sh
source "$here/entrypoint/run_label.sh"
label="mwaa-deploy.run=$run_label"

for folder in "${RUNNER_TEMP:-/nonexistent}/mwaa-deploy-$run_label-"*; do
  rm -rf "$folder/program"
done
command -v docker >/dev/null && docker version >/dev/null 2>&1 || exit 0
docker ps --all --quiet --filter "label=$label" | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
docker network ls --quiet --filter "label=$label" | xargs --no-run-if-empty docker network rm >/dev/null
docker volume ls --quiet --filter "label=$label" | xargs --no-run-if-empty docker volume rm --force >/dev/null
