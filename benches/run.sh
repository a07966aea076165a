#!/bin/sh
# Measures everything and leaves the figures in the file that is named. `make bench` makes benches/README.md of it.
set -eu
cd "$(dirname "$0")/.."
figures=$1
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
trap 'exit 1' HUP INT TERM

echo "== building" >&2
cargo build --release --locked
cargo bench --locked --no-run --bench classifier --bench micro
echo "== parts, in process" >&2
cargo bench --locked --bench micro >"$parts/micro.txt"
echo "== a classifier through the proxy, beside a bare run" >&2
cargo bench --locked --bench classifier >"$parts/classifier.json"
echo "== the proxy beside nginx" >&2
python3 benches/proxy.py --json "$parts/proxy.json"
echo "== streams" >&2
python3 benches/streams.py --json "$parts/streams.json"

python3 - "$parts" "$figures" <<'PYTHON'
import json, pathlib, sys

parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
figures = json.loads((parts / "proxy.json").read_text())
figures["classifier"] = json.loads((parts / "classifier.json").read_text())
figures["streams"] = json.loads((parts / "streams.json").read_text())
figures["micro"] = (parts / "micro.txt").read_text()
out.write_text(json.dumps(figures, indent=1) + "\n")
PYTHON
