#!/bin/sh
# Runs once, when the volume is new: a database and a role for Passrelay, and two databases for Temporal.
# passrelay_app is the role that row level security binds; Passrelay's processes act as it.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set passrelay_password="$PASSRELAY_DB_PASSWORD" --set temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
create role passrelay_app nologin nobypassrls;
create role passrelay login password :'passrelay_password' in role passrelay_app;
create database passrelay owner passrelay;
create role temporal login password :'temporal_password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
SQL
