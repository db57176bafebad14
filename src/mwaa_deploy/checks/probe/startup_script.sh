#!/usr/bin/env bash
# Sources the user's startup script as the wrapper in MWAA's images does: `exit` becomes a function that writes down the
# exported variables and ends with 0, whatever the script said; a shell that ends in any other way leaves none.
# Called by startup_script.py: startup_script.sh SCRIPT NOTES VARIABLES
#
# NOTES gets one record per event, its fields each ended by a tab, the record by NUL:
# kind (failed, skipped, exit, end), status, line, depth of calls, file, shell options, word.
mwaa_deploy_script=$1 mwaa_deploy_notes=$2 mwaa_deploy_variables=$3
set --

mwaa_deploy_note() {
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t\0' "$@" >>"$mwaa_deploy_notes"
}

mwaa_deploy_failed() {
  # The command that sources the script is ours.
  if [ "$3" != "${BASH_SOURCE[0]}" ]; then mwaa_deploy_note failed "$1" "$2" "${#BASH_SOURCE[@]}" "$3" "$4" ''; fi
}

mwaa_deploy_finish() {
  trap - ERR
  set +eu
  # A subshell that ends is not the end of the script.
  if [ "$BASH_SUBSHELL" = 0 ]; then
    mwaa_deploy_note "$1" "$2" "$3" 0 "$4" "$-" ''
  elif [ "$2" != 0 ]; then
    mwaa_deploy_note failed "$2" "$3" 0 "$4" "$-" ''
  fi
  /usr/bin/env -0 >|"$mwaa_deploy_variables"
}

mwaa_deploy_exit() {
  mwaa_deploy_finish exit "${1-$?}" "${BASH_LINENO[0]}" "${BASH_SOURCE[1]}"
  builtin exit 0
}

# No command of a runner can become root, and not every runner has Amazon Linux's package managers.
sudo() { mwaa_deploy_note skipped 0 "${BASH_LINENO[0]}" 0 "${BASH_SOURCE[1]}" '' sudo; }
if ! type -P yum >/dev/null; then
  yum() { mwaa_deploy_note skipped 0 "${BASH_LINENO[0]}" 0 "${BASH_SOURCE[1]}" '' yum; }
fi
if ! type -P dnf >/dev/null; then
  dnf() { mwaa_deploy_note skipped 0 "${BASH_LINENO[0]}" 0 "${BASH_SOURCE[1]}" '' dnf; }
fi

shopt -s expand_aliases
alias exit=mwaa_deploy_exit
set -E
trap 'mwaa_deploy_failed "$?" "$LINENO" "${BASH_SOURCE[0]}" "$-"' ERR
# shellcheck source=/dev/null
source "$mwaa_deploy_script"
mwaa_deploy_finish end "$?" 0 ''
