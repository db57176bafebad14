#!/usr/bin/env bash
# Behaves as the entrypoint of aws-mwaa-local-runner is described to: `local-runner` waits for the database, looking
# every 5 s, installs the requirements, makes the tables and starts scheduler and webserver; `test-requirements`
# installs the requirements.
set -uo pipefail

install_requirements() {
  if [ -f "$AIRFLOW_HOME/requirements/requirements.txt" ]; then
    pip install --requirement "$AIRFLOW_HOME/requirements/requirements.txt"
  fi
}

wait_for_database() {
  local tries
  for tries in $(seq 20); do
    if (: <"/dev/tcp/postgres/5432") 2>/dev/null; then
      return
    fi
    echo "waiting for the database, $tries of 20"
    sleep 5
  done
  exit 1
}

wait_for_database
case ${1:-} in
  local-runner)
    install_requirements
    airflow db init
    airflow scheduler &
    sleep 2
    airflow users create --role Admin --username admin --email admin@example.com --firstname admin --lastname admin \
      --password test
    exec airflow webserver
    ;;
  test-requirements) install_requirements ;;
  *) exec "$@" ;;
esac
