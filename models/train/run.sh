#!/usr/bin/env sh
# Makes a virtual environment, trains the guard and writes models/guard. Arguments go to train.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/.venv"
if [ ! -f "$venv/.ready" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
    touch "$venv/.ready"
fi
exec "$venv/bin/python" "$here/train.py" "$@"
