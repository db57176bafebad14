#!/bin/sh
# A PostgreSQL that makes its cluster, user and database when it is first started.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/tmp/data
initdb --pgdata "$data" --auth-host scram-sha-256 --auth-local trust >/dev/null
echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
pg_ctl --pgdata "$data" --wait --options "-c listen_addresses='' -k /tmp" start >/dev/null
psql --quiet --host /tmp --dbname postgres --command "CREATE ROLE airflow SUPERUSER LOGIN PASSWORD 'airflow'" \
  --command "CREATE DATABASE airflow OWNER airflow"
pg_ctl --pgdata "$data" --wait --mode fast stop >/dev/null
exec postgres -D "$data" -c "listen_addresses=*" -k /tmp
