#!/bin/sh
# Writes requirements.txt (to run) and requirements-dev.txt (to test and check) from pyproject.toml: every package pinned,
# with the hashes of all the files of its release. Versions already pinned stay; `scripts/requirements.sh --upgrade`
# takes the newest that pyproject.toml allows. Run it with the oldest Python supported, so that the pins suit them all.
set -eu

cd "$(dirname "$0")/.."
python=${PYTHON:-python3.11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only the public registry counts: whatever this machine's pip is set up with stays out.
PIP_CONFIG_FILE=/dev/null
export PIP_CONFIG_FILE
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CONSTRAINT

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pip-tools==7.6.2

compile() {
    output=$1
    shift
    echo "# Made by scripts/requirements.sh from pyproject.toml: change it there, then run that." >"$work/header"
    [ ! -f "$output" ] || cp "$output" "$work/pins.txt"
    "$work/venv/bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --annotation-style=line \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file "$work/pins.txt" "$@" pyproject.toml
    cat "$work/header" "$work/pins.txt" >"$output"
    rm "$work/pins.txt"
}

# Hatchling is there to install Regulars itself without asking the registry for anything that is not pinned.
compile requirements.txt --extra build "$@"
compile requirements-dev.txt --extra build --extra dev --constraint requirements.txt "$@"
