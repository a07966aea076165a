#!/bin/sh
# Puts ONNX Runtime's shared library into .runtime/onnxruntime/ of the working directory, with its licence and notices.
# The library comes from the pinned wheel of requirements.txt; pip refuses anything whose hash differs. A second run
# finds that nothing is to be done. The folder appears whole or not at all.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
pins=$here/requirements.txt
target=.runtime/onnxruntime

fail() {
    echo "fetch ONNX Runtime: $1" >&2
    exit 2
}

if [ -f "$target/libonnxruntime.so" ] && cmp -s "$pins" "$target/requirements.txt"; then
    exit 0
fi

[ "$(uname -s)" = Linux ] || fail "only Linux is pinned; elsewhere set ORT_DYLIB_PATH to an ONNX Runtime library, version 1.24 or later"
machine=$(uname -m)
case $machine in
x86_64 | aarch64) ;;
arm64) machine=aarch64 ;;
*) fail "no wheel is pinned for $machine; set ORT_DYLIB_PATH to an ONNX Runtime library, version 1.24 or later" ;;
esac
command -v python3 >/dev/null || fail "python3 is missing (on Debian: apt-get install python3-pip)"
python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing (on Debian: apt-get install python3-pip)"

mkdir -p .runtime
work=$(mktemp -d .runtime/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The wheel's Python version doesn't matter, as only the library in it is used: naming one makes any python3 do.
echo "fetching ONNX Runtime (23 MB, once)" >&2
python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: --require-hashes \
    --python-version 3.12 --implementation cp --abi cp312 --platform "manylinux_2_28_$machine" \
    --dest "$work/wheel" --requirement "$pins" ||
    fail "pip could not download the wheel (no network, no such version at your index, or a wrong hash: see above)"

python3 - "$work" <<'PYTHON' || fail "the wheel could not be unpacked"
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = (work / "wheel").glob("*.whl")
ready = work / "ready"
ready.mkdir()
with zipfile.ZipFile(wheel) as archive:
    def take(start, name):
        (member,) = (m for m in archive.namelist() if m.startswith(start))
        with archive.open(member) as source, open(ready / name, "wb") as copy:
            shutil.copyfileobj(source, copy)

    take("onnxruntime/capi/libonnxruntime.so", "libonnxruntime.so")
    take("onnxruntime/LICENSE", "LICENSE")
    take("onnxruntime/ThirdPartyNotices", "ThirdPartyNotices.txt")
PYTHON

cp "$pins" "$work/ready/requirements.txt"
[ ! -e "$target" ] || mv "$target" "$work/old"
mv "$work/ready" "$target" || fail "cannot write $target"
echo "ONNX Runtime is in $target" >&2
