# shellcheck shell=bash disable=SC2034
# The label that everything a run starts carries. Computed the same way by launch.sh and cleanup.sh, and different for
# two jobs that share one engine: they never share a workspace.
run_label="${GITHUB_RUN_ID:-local}-${GITHUB_RUN_ATTEMPT:-1}-$(printf '%s' "${GITHUB_WORKSPACE:-$PWD}" | cksum | cut -d' ' -f1)"
