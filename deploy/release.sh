#!/bin/sh
# Builds the binary that ships: once to see which of its code runs under load, and again with that knowledge
# (profile-guided optimisation, https://doc.rust-lang.org/rustc/profile-guided-optimization.html). Leaves it in
# target/shipped/. Needs an llvm-profdata as new as rustc's LLVM (Debian's llvm-NN, or `rustup component add llvm-tools`);
# without one it builds without a profile, and says so.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
shipped=$target/shipped
mkdir -p "$shipped"

# The LLVM that wrote a profile, or a later one of the same number, can read it.
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
profdata=
for tool in "$(rustc --print target-libdir)/../bin/llvm-profdata" "llvm-profdata-$major" llvm-profdata; do
    if "$tool" merge --version 2>/dev/null | grep -q "LLVM version $major\." \
        || "$tool" --version 2>/dev/null | grep -q "LLVM version $major\."; then
        profdata=$tool
        break
    fi
done
if [ -z "$profdata" ]; then
    echo "no llvm-profdata for LLVM $major: building without a profile" >&2
    cargo build --release --locked
    cp "$target/release/palisade" "$shipped/palisade"
    exit 0
fi

work=$(mktemp -d)
pids=
clean() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# Always in the same places: Cargo builds all anew for other flags.
counts=$target/counting/counts
profile=$target/profiled/profile

echo "== a build that counts" >&2
RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-generate=$counts" \
    cargo build --release --locked --bin palisade --target-dir "$target/counting"
counting=$target/counting/release/palisade

echo "== load, on the loopback interface" >&2
rm -rf "$counts"
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
upstream=$(free_port)
"$counting" standin --listen "127.0.0.1:$upstream" >"$work/standin.log" 2>&1 &
pids="$pids $!"
# The classifier takes its time in ONNX Runtime: rules, framing and the network are what can be arranged better here.
mkdir "$work/policies"
cat >"$work/policies/rules.yaml" <<'POLICY'
version: 1
name: rules
extends: [default]
rules: [{ id: prompt-injection, disabled: true }]
POLICY
cat >"$work/policies/more.yaml" <<'POLICY'
version: 1
name: more
extends: [secrets, injection, pii-shield, output-safety]
rules: []
POLICY
cat >"$work/policies/empty.yaml" <<'POLICY'
version: 1
name: empty
rules: []
POLICY
for way in "inspect: none" "policy: empty" "policy: rules" "policy: more"; do
    port=$(free_port)
    cat >"$work/palisade.yaml" <<CONFIG
version: 1
server: { listen: "127.0.0.1:$port" }
upstreams: { llm: { url: "http://127.0.0.1:$upstream" } }
routes: [{ path: "/**", upstream: llm, $way }]
CONFIG
    "$counting" serve --config "$work/palisade.yaml" >"$work/serve.log" 2>&1 &
    proxy=$!
    pids="$pids $proxy"
    tries=0
    until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            cat "$work/serve.log" >&2
            exit 1
        fi
        sleep 0.2
    done
    for load in "--concurrency 16" "--concurrency 8 --stream" "--concurrency 1 --stream"; do
        # shellcheck disable=SC2086
        "$counting" bench --url "http://127.0.0.1:$port" --baseline "http://127.0.0.1:$upstream" --duration 3 $load >/dev/null
    done
    # Counts are written at a clean end.
    kill -TERM "$proxy"
    wait "$proxy" || true
done
"$counting" test policies >/dev/null

echo "== the build that ships" >&2
mkdir -p "$target/profiled"
"$profdata" merge --output "$profile" "$counts"
RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$profile" \
    cargo build --release --locked --bin palisade --target-dir "$target/profiled"
cp "$target/profiled/release/palisade" "$shipped/palisade"
echo "$shipped/palisade" >&2
