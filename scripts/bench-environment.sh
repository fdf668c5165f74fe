#!/bin/sh
# Makes an environment for what the bench compares Regulars with, or leaves it alone when it is ready.
#
#     scripts/bench-environment.sh peers FOLDER           pandas and polars (bench/requirements-peers.txt)
#     scripts/bench-environment.sh metricflow FOLDER      MetricFlow with dbt and DuckDB (bench/requirements-metricflow.txt)
#     scripts/bench-environment.sh lifetimes FOLDER       lifetimes (bench/requirements-lifetimes.txt)
#     scripts/bench-environment.sh pymc FOLDER            pymc-marketing (bench/requirements-pymc.txt)
#     scripts/bench-environment.sh NAME FOLDER check      only say whether it is ready
#
# Where it cannot be made, the last line on stderr says why. PYTHON=/path/to/python chooses the interpreter.
set -eu

name=$1
folder=$2
cd "$(dirname "$0")/.."
requirements=bench/requirements-$name.txt
python=${PYTHON:-python3}

checksum() {
    { echo "$folder"; cat "$requirements"; } | cksum | tr -d ' '
}

if [ -f "$folder/ready" ] && [ "$(cat "$folder/ready")" = "$(checksum)" ]; then exit 0; fi
[ "${3:-}" != check ] || exit 1

unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX
PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0
export PIP_USER PIP_REQUIRE_VIRTUALENV

rm -rf "$folder"
mkdir -p "$folder"
log=$folder/install.log
{
    "$python" -m venv "$folder" &&
        "$folder/bin/python" -m pip --disable-pip-version-check install --no-deps --no-input --progress-bar off \
            --requirement "$requirements"
} >"$log" 2>&1 || {
    why=$(grep '^ERROR' "$log" | tail -n 1) || why=$(tail -n 1 "$log")
    echo "${folder##*/} could not be made (all of it: $log): ${why:-no reason was given}" >&2
    exit 1
}
checksum >"$folder/ready"
