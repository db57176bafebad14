#!/bin/sh
# MWAA runs this before Airflow on each scheduler, worker and web server. What it exports, DAGs and plugins can read.
export HELLO_GREETING="Hello"
