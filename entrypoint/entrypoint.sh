#!/usr/bin/env bash
# Container side: "engine" starts a Docker Engine for docker-in-docker; anything else goes to the program.
set -euo pipefail

if [ "${1:-}" = engine ]; then
  # The socket lies in a volume that only this run's two containers share, so everybody in them may use it.
  (
    until docker --host unix:///engine/docker.sock info >/dev/null 2>&1; do sleep 0.2; done
    chmod 0666 /engine/docker.sock
    touch /engine/ready
  ) &
  exec dockerd --host unix:///engine/docker.sock --data-root /var/lib/docker
fi

# The caller's uid has no home in this image, and git refuses a checkout that another uid owns (actions/runner#2033).
HOME=$(mktemp -d)
export HOME
git config --global --add safe.directory '*'
exec /opt/mwaa-deploy/venv/bin/python -m mwaa_deploy "$@"
