#!/usr/bin/env bash
# Schemathesis against /openapi.json of the real API: no 5xx, no undocumented status, no answer beside its schema.
# Usage: scripts/fuzz-api.sh [examples per operation, default 1000]. Needs python3 with venv; makes one in .data/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
examples="${1:-1000}"
venv="${FUZZ_VENV:-$PWD/.data/fuzz}"

if [ ! -x "$venv/bin/schemathesis" ]; then
  if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo 'fuzz: Python 3.10 or newer with venv is missing; nothing was fuzzed. Debian and Ubuntu: apt-get install python3-venv' >&2
    exit 3
  fi
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check --retries 10 -r scripts/fuzz-requirements.txt; }; then
    echo 'fuzz: schemathesis could not be installed; nothing was fuzzed.' >&2
    exit 4
  fi
fi

folder="$(mktemp -d)"
mkfifo "$folder/hold"
node --import tsx scripts/fuzz-target.ts <"$folder/hold" >"$folder/target" 2>"$folder/faults" &
target=$!
exec 9>"$folder/hold"
for _ in $(seq 1 300); do [ -s "$folder/target" ] && break; kill -0 "$target" 2>/dev/null || break; sleep 0.2; done
[ -s "$folder/target" ] || { cat "$folder/faults" >&2; exit 1; }
# Ids that exist, so that the examples get beyond "not found".
cd "$folder"
node -e '
  const { url, key, parameters } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const lines = Object.entries(parameters).map(([name, value]) => `"path.${name}" = ${JSON.stringify(value)}`);
  const { writeFileSync } = require("node:fs");
  writeFileSync("schemathesis.toml", ["[parameters]", ...lines, ""].join("\n"));
  writeFileSync("url", url);
  writeFileSync("key", key);
' <"$folder/target"
url="$(cat "$folder/url")"

status=0
nice "$venv/bin/schemathesis" --config-file "$folder/schemathesis.toml" run "$url/openapi.json" --url "$url" \
  --header "Authorization: Bearer $(cat "$folder/key")" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance \
  --phases examples,coverage,fuzzing --max-examples "$examples" --no-color --suppress-health-check all \
  --generation-database none ${FUZZ_SEED:+--seed "$FUZZ_SEED"} || status=$?
exec 9>&-
wait "$target" || status=1
cat "$folder/faults" >&2
cd /
rm -r "$folder"
exit "$status"
