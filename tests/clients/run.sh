#!/bin/sh
# Runs the official OpenAI SDK for Python against Palisade. PALISADE_BIN names the binary; without it, the release build
# is taken, else the debug build.
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
exec "$venv/bin/python" -m pytest -p no:cacheprovider -W error --strict-markers "$@"
