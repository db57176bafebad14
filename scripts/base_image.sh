#!/usr/bin/env bash
# Make the local base image of the runner, for machines that reach Debian's archive but no image registry.
# Usage: scripts/base_image.sh [ready-made root filesystem]. Does nothing when the image exists.
set -euo pipefail

image=mwaa-deploy/base:bookworm
bundle=/etc/ssl/certs/ca-certificates.crt

if docker image inspect "$image" >/dev/null 2>&1; then
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=${1:-}

if [[ -z $tree ]]; then
  if [[ $(id -u) != 0 || ! -f /etc/debian_version ]]; then
    echo "Making $image needs root on Debian. With a registry in reach none is needed: docker pull python:3.11-slim-bookworm" >&2
    exit 1
  fi
  if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends debootstrap >/dev/null
  fi
  tree=$work/root
  debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,git,ca-certificates,procps bookworm "$tree" >"$work/log" ||
    { tail -n 20 "$work/log" >&2; exit 1; }
fi

environment=()
own_bundle=()
if [[ -f $bundle ]]; then
  # The host may trust more authorities than Debian does: a proxy's, for one.
  own_bundle=(--exclude=".$bundle")
  for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE; do
    environment+=(--change "ENV $name=$bundle")
  done
fi

tar --create --file "$work/base.tar" --directory "$tree" --numeric-owner "${own_bundle[@]}" \
  --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' --exclude='./var/cache/apt/archives/*.deb' \
  --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' .
if [[ -f $bundle ]]; then
  tar --append --file "$work/base.tar" --directory / --dereference --owner=0 --group=0 --mode=644 ".$bundle"
fi
docker import "${environment[@]}" \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'CMD ["python3"]' \
  "$work/base.tar" "$image" >/dev/null
echo "made $image"
