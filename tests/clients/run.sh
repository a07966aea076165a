#!/bin/sh
# Runs the official SDKs of the providers for Python and Node against Palisade; without Node it says what it skips,
# which CI=true does not allow. PALISADE_BIN names the binary; without it, the release build is taken, else the debug
# build. Arguments go to pytest. docs/protocols.md lists which cases are run with which SDK.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$here/../..
if [ -z "${PALISADE_BIN:-}" ]; then
    PALISADE_BIN=$root/target/release/palisade
    [ -x "$PALISADE_BIN" ] || PALISADE_BIN=$root/target/debug/palisade
fi
if [ ! -x "$PALISADE_BIN" ]; then
    echo "no palisade binary: build one with \`cargo build\`, or set PALISADE_BIN" >&2
    exit 2
fi
export PALISADE_BIN
venv=$here/.venv
# The stamp is written last, so that half an installation is done again.
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
cd "$here"
echo "Python: $(sed -n 's/==.*//p' requirements.txt | tr '\n' ' ')"
"$venv/bin/python" -m pytest -p no:cacheprovider -W error --strict-markers "$@"
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: the SDKs for Node (node and npm are not there)"
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi
if ! cmp -s package-lock.json node_modules/installed.json; then
    npm ci --silent
    cp package-lock.json node_modules/installed.json
fi
echo "Node: $(sed -n 's/^ *"\([^"]*\)": "[0-9].*/\1/p' package.json | tr '\n' ' ')"
exec npm test --silent
