#!/usr/bin/env bash
# Runner side: decide where the program runs (our container, or a virtual environment on this host) and start it.
# Decisions about the deployment are the program's; this script never looks at an input's value except the three that
# say where to run, and never puts one into a command by value.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=entrypoint/run_label.sh
source "$here/entrypoint/run_label.sh"

refuse() { # exit code, title, message
  printf '::error title=%s::%s\n' "$2" "$3"
  exit "$1"
}

[ "$(uname -s)" = Linux ] || refuse 20 'Not a Linux runner' "mwaa-deploy runs on Linux. To mend it:%0Aruns-on: ubuntu-latest"
workspace=${GITHUB_WORKSPACE:?not inside a GitHub Actions job}
# A folder of its own for each use of the action in a job, whose files later steps may still want.
output=$(mktemp -d "${RUNNER_TEMP:?not inside a GitHub Actions job}/mwaa-deploy-$run_label-XXXXXX")
export MWAA_DEPLOY_OUTPUT_DIR=$output MWAA_DEPLOY_RUN_LABEL=$run_label

image= # of the action, once there is one
engine_args=() # how the program's container reaches its engine

passed_names() {
  grep -v '^#' "$here/entrypoint/passed_env.txt"
  compgen -e | grep '^INPUT_' || true
  printf '%s\n' MWAA_DEPLOY_OUTPUT_DIR MWAA_DEPLOY_REGISTRY_LOGINS MWAA_DEPLOY_RUN_LABEL
}

find_python() {
  local candidate
  for candidate in python3.14 python3.13 python3.12 python3.11 python3 \
    "${RUNNER_TOOL_CACHE:-/opt/hostedtoolcache}"/Python/3.1[1-9].*/x64/bin/python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

run_on_host() {
  local python venv name environment=()
  python=$(find_python) || refuse 22 'No Docker Engine and no Python' \
    'Neither a Docker Engine nor a Python of 3.11 or later was found on this runner. To mend it, add before this step:%0A- uses: actions/setup-python@v6%0A  with: {python-version: "3.12"}'
  venv="$output/program"
  echo "::group::Install the program into a virtual environment ($("$python" --version))"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/runtime.txt"
  echo "::endgroup::"
  while read -r name; do
    if [ -n "${!name+set}" ]; then environment+=("$name=${!name}"); fi
  done < <(passed_names; printf '%s\n' PATH HOME LANG USER GITHUB_ACTION_PATH GITHUB_ENV GITHUB_PATH \
    GITHUB_STATE RUNNER_TEMP RUNNER_TOOL_CACHE RUNNER_WORKSPACE XDG_CACHE_HOME UV_CACHE_DIR DOCKER_CONFIG DOCKER_HOST \
    DOCKER_TLS_VERIFY DOCKER_CERT_PATH SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE PIP_CERT PIP_INDEX_URL \
    PIP_EXTRA_INDEX_URL UV_INDEX_URL UV_DEFAULT_INDEX)
  cd "$workspace"
  exec env -i "${environment[@]}" MWAA_DEPLOY_IMAGES="$here/images" \
    PYTHONPATH="$here/src" PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1 "$venv/bin/python" -m mwaa_deploy run
}

lock_refused() { # what is wrong
  refuse 21 'The action image is not known' "entrypoint/image.lock of this action is malformed: $1. It holds the one word build, or a line 'TARGET NAME@sha256:DIGEST' for each of action and action-dind; comments begin with #. To mend it, use the action as it was released:%0Auses: OWNER/mwaa-deploy@<full commit SHA of a release>"
}

locked_image() { # target; sets $locked: the image by digest, or nothing where it is built from this checkout
  local name reference rest number=0 names=()
  locked=
  [ -r "$here/entrypoint/image.lock" ] || lock_refused 'it is missing'
  while read -r name reference rest || [ -n "$name" ]; do
    number=$((number + 1))
    case $name in
      '' | '#'*) continue ;;
      build) [ -z "$reference" ] || lock_refused "line $number has more than the word build" ;;
      action | action-dind)
        # Nothing but a digest: a tag may be led elsewhere after the release.
        [[ -z $rest && $reference =~ ^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$ ]] ||
          lock_refused "line $number names no image by digest" ;;
      *) lock_refused "line $number begins with neither build, action nor action-dind" ;;
    esac
    names+=("$name")
    [ "$name" != "$1" ] || locked=$reference
  done <"$here/entrypoint/image.lock"
  case "${names[*]}" in
    build | 'action action-dind' | 'action-dind action') ;;
    *) lock_refused 'it has not one line for each target' ;;
  esac
}

pull() { # image by digest: what is here under that digest is that very image
  local pause
  docker image inspect "$1" >/dev/null 2>&1 && return
  for pause in 2 5; do
    docker pull --quiet "$1" && return
    sleep "$pause"
  done
  docker pull --quiet "$1"
}

action_image() { # target; sets $image
  local build_args=()
  locked_image "$1"
  # Releases have an image for this one; others build the same from the checkout.
  [ -z "$locked" ] || [ "$(uname -m)" = x86_64 ] || locked=
  if [ -n "$locked" ]; then
    echo "::group::Pull $locked"
    pull "$locked" ||
      refuse 21 'The action image cannot be pulled' "docker pull $locked failed; what the registry said is above. The Docker Engine of this runner has to reach ${locked%%/*}, if need be by the proxy in its own configuration, and a private registry needs docker login in a step before. To mend it without an image:%0Awith:%0A  runner: venv"
    echo "::endgroup::"
    image=$locked
    return
  fi
  [ -z "${MWAA_DEPLOY_BASE_IMAGE:-}" ] || build_args+=(--build-arg "BASE_IMAGE=$MWAA_DEPLOY_BASE_IMAGE")
  # Both builders understand the Dockerfile; an engine without buildx has only the classic one.
  docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0
  echo "::group::Build the image of the action ($1)"
  docker build "${build_args[@]}" --target "$1" --tag "mwaa-deploy/$1:local" "$here" ||
    refuse 21 'The action image cannot be built' "docker build of $here failed; its output is above."
  echo "::endgroup::"
  image=mwaa-deploy/$1:local
}

trusted_authorities() { # sets $authorities: docker's arguments that show a container whom this host's engine trusts
  authorities=()
  [ ! -d /etc/docker/certs.d ] || authorities=(--volume /etc/docker/certs.d:/etc/docker/certs.d:ro)
}

# What `docker login` has left on this host for the registries of this run's images, and for no other: only the program
# itself gets it, by name, and masks it. The image reads the configuration file, from its standard input, because bash
# reads no JSON; helpers are programs of this host, so they are run here.
registry_logins() { # image; sets MWAA_DEPLOY_REGISTRY_LOGINS
  local config=${DOCKER_CONFIG:-${HOME:-}/.docker}/config.json found kind registry rest helper answer logins=
  if [ -z "${INPUT_RUNNER_IMAGE:-}${MWAA_DEPLOY_BASE_IMAGE:-}" ] || [ ! -r "$config" ]; then return; fi
  found=$(docker run --rm --interactive --label "mwaa-deploy.run=$run_label" --network none --cap-drop ALL \
    --user "$(id -u):$(id -g)" --security-opt no-new-privileges --env INPUT_RUNNER_IMAGE --env MWAA_DEPLOY_BASE_IMAGE \
    --entrypoint /opt/mwaa-deploy/venv/bin/python "$1" -m mwaa_deploy.runner.host_logins <"$config") ||
    refuse 21 'The logins of this host cannot be read' "A container of $1 could not read $config; its words are above."
  while read -r kind registry rest; do
    if [ "$kind" = helper ]; then
      helper=docker-credential-${rest%% *}
      if ! command -v "$helper" >/dev/null; then
        kind=problem rest="$config leaves $registry to $helper, and there is no such program on PATH"
      elif answer=$(printf '%s' "${rest#* }" | "$helper" get 2>/dev/null); then
        kind=login rest=$answer
      else
        kind=problem rest="$helper: $answer"
      fi
    fi
    [ -z "$kind" ] || logins+="$kind $registry ${rest//$'\n'/ }"$'\n'
  done <<<"$found"
  export MWAA_DEPLOY_REGISTRY_LOGINS=$logins
}

start_engine() { # image; a Docker Engine of our own in a container; sets $engine_args
  local engine="mwaa-deploy-engine-$run_label" seed=${INPUT_RUNNER_IMAGE:-mwaa-deploy/runner:${INPUT_AIRFLOW_VERSION:-}}
  local bundle authorities common
  # It trusts the authorities that this host trusts: those of single registries, and those of the host itself.
  trusted_authorities
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ ! -f "$bundle" ] || { authorities+=(--volume "$bundle:/etc/ssl/certs/ca-certificates.crt:ro") && break; }
  done
  common=(--detach --name "$engine" --label "mwaa-deploy.run=$run_label" --volume "$engine:/engine"
    --volume /var/lib/docker "${authorities[@]}" "$1" engine)
  echo "::group::Start a Docker Engine of our own"
  docker volume create --label "mwaa-deploy.run=$run_label" "$engine" >/dev/null
  # Where the host does not allow --privileged (a reduced bounding set), the same engine runs with the rest.
  if ! docker run --privileged "${common[@]}" >/dev/null 2>&1; then
    docker rm --force --volumes "$engine" >/dev/null 2>&1 || true
    docker run --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
      --security-opt systempaths=unconfined --volume /sys/fs/cgroup:/sys/fs/cgroup:rw "${common[@]}" >/dev/null ||
      refuse 20 'No Docker Engine of our own' 'This host does not allow a privileged container. To mend it:%0Adocker-engine: host'
  fi
  for _ in $(seq 120); do
    docker exec "$engine" test -e /engine/ready 2>/dev/null && break
    sleep 0.5
  done
  docker exec "$engine" test -e /engine/ready 2>/dev/null || {
    docker logs --tail 40 "$engine"
    refuse 20 'No Docker Engine of our own' 'The engine did not answer within 60 seconds; its log is above. To mend it:%0Adocker-engine: host'
  }
  # An image the host already has is copied in: quicker than pulling or building it again.
  if docker image inspect "$seed" >/dev/null 2>&1; then
    docker save "$seed" | docker exec --interactive "$engine" docker --host unix:///engine/docker.sock load
  fi
  echo "::endgroup::"
  engine_args=(--volume "$engine:/engine" --env DOCKER_HOST=unix:///engine/docker.sock)
}

docker_host() { # where the docker command finds its engine: DOCKER_HOST, or the context in use
  local found=${DOCKER_HOST:-}
  [ -n "$found" ] || found=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null) || true
  printf '%s' "${found:-unix:///var/run/docker.sock}"
}

use_host_engine() { # sets $engine_args
  local socket
  socket=$(docker_host)
  case $socket in
    unix://*)
      socket=${socket#unix://}
      [ -S "$socket" ] || refuse 20 'No Docker Engine' "docker answers, but $socket is no socket. To mend it:%0Aenv:%0A  DOCKER_HOST: unix:///path/of/docker.sock"
      engine_args=(--volume "$socket:/var/run/docker.sock" --group-add "$(stat -c %g "$socket")") ;;
    *)
      engine_args=(--env DOCKER_HOST --env DOCKER_TLS_VERIFY)
      [ -z "${DOCKER_CERT_PATH:-}" ] || engine_args+=(--env DOCKER_CERT_PATH --volume "$DOCKER_CERT_PATH:$DOCKER_CERT_PATH:ro") ;;
  esac
}

run_in_container() {
  local name file args authorities
  [ "$dind" = yes ] || use_host_engine
  registry_logins "$image"
  trusted_authorities
  # The host's network, because DOCKER_HOST, a proxy or an endpoint may be an address of this host only. The caller's own
  # uid, so that no file of root's is left behind. The workspace at its own path, so that git and messages agree.
  args=(run --rm --init --name "mwaa-deploy-$run_label" --label "mwaa-deploy.run=$run_label" --network host
    --user "$(id -u):$(id -g)" --cap-drop ALL --security-opt no-new-privileges
    --volume "$workspace:$workspace:ro" --volume "$output:$output" --workdir "$workspace" "${authorities[@]}")
  for file in "${GITHUB_OUTPUT:-}" "${GITHUB_STEP_SUMMARY:-}"; do
    [ ! -f "$file" ] || args+=(--volume "$file:$file")
  done
  # The event, and whom AWS and GitHub are trusted by where a proxy looks into TLS.
  for file in "${GITHUB_EVENT_PATH:-}" "${AWS_CA_BUNDLE:-}" "${REQUESTS_CA_BUNDLE:-}"; do
    # The engine takes a place once, and no relative one.
    [[ $file != /* || ! -f $file || " ${args[*]} " = *" $file:$file:ro "* ]] || args+=(--volume "$file:$file:ro")
  done
  while read -r name; do args+=(--env "$name"); done < <(passed_names)
  exec docker "${args[@]}" "${engine_args[@]}" "$image" run
}

# Whether the engine sees this file system: not where the job itself runs in a container, nor with an engine elsewhere.
sees_our_files() { # image
  touch "$output/here"
  docker run --rm --label "mwaa-deploy.run=$run_label" --network none --user "$(id -u):$(id -g)" --entrypoint test \
    --mount "type=bind,source=$output,target=$output,readonly" "$1" -e "$output/here" >/dev/null 2>&1
}

dind=$([ "${INPUT_DOCKER_ENGINE:-host}" = dind ] && echo yes || echo no)
if [ "${INPUT_RUNNER:-auto}" != venv ] && command -v docker >/dev/null && docker version >/dev/null 2>&1; then
  action_image "$([ "$dind" = yes ] && echo action-dind || echo action)"
  if sees_our_files "$image"; then
    [ "$dind" = no ] || start_engine "$image"
    run_in_container
  fi
  # The program then runs here and hands files to the runner's container by copy, as always.
  [ "$dind" = no ] || refuse 20 'No Docker Engine' 'docker-engine: dind needs an engine that sees the workspace, and this one does not. To mend it:%0Adocker-engine: host'
elif [ "$dind" = yes ] && [ "${INPUT_RUNNER:-auto}" != venv ]; then
  refuse 20 'No Docker Engine' 'docker-engine: dind needs a Docker Engine that can start containers, and none answers here. To mend it:%0Arunner: venv'
fi
run_on_host
