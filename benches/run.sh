#!/bin/sh
# Measures everything and leaves the figures in the file that is named. `make bench` makes benches/README.md of it.
set -eu
cd "$(dirname "$0")/.."
figures=$1
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
trap 'exit 1' HUP INT TERM

echo "== building" >&2
deploy/release.sh
binary=${CARGO_TARGET_DIR:-$PWD/target}/shipped/palisade
cargo bench --locked --no-run --bench classifier --bench load --bench micro --bench texts
echo "== parts, in process" >&2
cargo bench --locked --bench micro >"$parts/micro.txt"
echo "== all rules over texts, and Presidio beside them" >&2
presidio=.runtime/presidio
if ! cmp -s benches/requirements.txt "$presidio/installed.txt"; then
    python3 -m venv --clear "$presidio"
    "$presidio/bin/pip" install --quiet --disable-pip-version-check --requirement benches/requirements.txt
    cp benches/requirements.txt "$presidio/installed.txt"
fi
cargo bench --locked --bench texts >"$parts/texts.json"
"$presidio/bin/python" benches/presidio.py >"$parts/presidio.json"
echo "== policies, loaded" >&2
cargo bench --locked --bench load >"$parts/load.json"
echo "== a classifier through the proxy, beside a bare run" >&2
cargo bench --locked --bench classifier >"$parts/classifier.json"
echo "== the proxy beside nginx" >&2
python3 benches/proxy.py --binary "$binary" --json "$parts/proxy.json"
echo "== streams" >&2
python3 benches/streams.py --binary "$binary" --json "$parts/streams.json"

python3 - "$parts" "$figures" <<'PYTHON'
import json, pathlib, sys

parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
figures = json.loads((parts / "proxy.json").read_text())
figures["classifier"] = json.loads((parts / "classifier.json").read_text())
figures["streams"] = json.loads((parts / "streams.json").read_text())
figures["load"] = json.loads((parts / "load.json").read_text())
figures["texts"] = json.loads((parts / "texts.json").read_text())
figures["presidio"] = json.loads((parts / "presidio.json").read_text())
figures["micro"] = (parts / "micro.txt").read_text()
out.write_text(json.dumps(figures, indent=1) + "\n")
PYTHON
