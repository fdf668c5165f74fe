#!/bin/sh
# Makes .venv ready, or leaves it alone when it is.
#
#     scripts/environment.sh run     what Regulars needs to run
#     scripts/environment.sh dev     that, and what its tests and checks need
#
# The last thing written is .venv/ready: the kind of environment, and the checksum of what it was made from. Where it is
# missing or says something else (an interrupted install, changed requirements, a moved folder), the environment is made
# anew from nothing, so there is no half-made state to think about. PYTHON=/path/to/python chooses the interpreter.
set -eu

cd "$(dirname "$0")/.."
kind=${1:-run}
ready=.venv/ready
log=.venv/install.log

case $kind in
    run) requirements=requirements.txt ;;
    dev) requirements=requirements-dev.txt ;;
    *) echo "usage: scripts/environment.sh run|dev" >&2; exit 2 ;;
esac

# Settings of the caller's own Python must not reach into the environment.
unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX
PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0
export PIP_USER PIP_REQUIRE_VIRTUALENV

# Ends with what is missing and the line to type.
missing() {
    as_root=$( [ "$(id -u)" = 0 ] || echo "sudo " )
    echo "$1" >&2
    if command -v apt-get >/dev/null 2>&1; then
        echo "Type this, then run make again:" >&2
        echo "    ${as_root}apt-get update && ${as_root}apt-get install -y $2" >&2
    else
        echo "Install $2 with your system's packages, or name another Python: make PYTHON=/path/to/python3.11 ..." >&2
    fi
    [ $# -lt 3 ] || echo "$3" >&2
    exit 1
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Sets $python to the first interpreter that runs and is new enough.
find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$python"; then return; fi
    done
    python=${PYTHON:-python3}
    found=$(version_of "$python") ||
        missing "Regulars needs Python 3.11 or newer; $python is not there or does not run." "python3 python3-venv"
    missing "Regulars needs Python 3.11 or newer; $python is $found." "python3.11 python3.11-venv" \
        "(The oldest releases with such a package are Debian 12 and Ubuntu 22.04.)"
}

checksum() {
    { pwd; cat pyproject.toml requirements.txt requirements-dev.txt; } | cksum | tr -d ' '
}

is_ready() {
    [ -f $ready ] && [ "$(cat $ready)" = "$1 $(checksum)" ] && [ -x .venv/bin/regulars ] &&
        .venv/bin/python -c 'import regulars' 2>/dev/null
}

# Runs a step quietly; when it fails, shows the end of what it said.
quietly() {
    "$@" >>$log 2>&1 || {
        tail -n 20 $log >&2
        echo "The environment could not be made; the lines above say why (all of it: $log)." >&2
        echo "Packages come over the network, pinned for Python 3.11 to 3.14. Running make again starts anew." >&2
        exit 1
    }
}

if is_ready dev || is_ready "$kind"; then exit 0; fi

if is_ready run && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Adding what tests and checks need to .venv ..."
    rm $ready
else
    find_python
    version=$(version_of "$python")
    case $python in python3.*) package=$python-venv ;; *) package=python3-venv ;; esac
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        missing "Python $version is here, but its venv module is not complete (ensurepip is missing)." "$package"
    echo "Making .venv with Python $version and installing what Regulars needs (once, a minute or two) ..."
    rm -rf .venv
    mkdir .venv
    quietly "$python" -m venv .venv
fi

pip="quietly .venv/bin/python -m pip --disable-pip-version-check install --no-deps --no-input --progress-bar off"
$pip --require-hashes --only-binary :all: --requirement $requirements
$pip --no-build-isolation --editable .
echo "$kind $(checksum)" >$ready
