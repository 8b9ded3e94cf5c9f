#!/bin/sh
# Brings Temporal's two databases to the schema of this image's version; safe to run again.
set -eu
for database in temporal temporal_visibility; do
  folder=temporal
  [ "$database" = temporal ] || folder=visibility
  tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_HOST --port 5432 --user temporal --db $database"
  $tool setup-schema --version 0.0
  $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
