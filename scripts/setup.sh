#!/usr/bin/env bash
# Gets what building and testing need, and says what is missing. Does nothing the second time.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
if ! command -v cargo >/dev/null; then
    echo "missing: cargo (Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer). Get it from https://rustup.rs" >&2
    missing=1
fi
if ! command -v cc >/dev/null; then
    echo "missing: a C compiler, for SQLite, zstd and libdeflate. Debian and Ubuntu: apt-get install build-essential" >&2
    missing=1
fi

python=""
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "missing: Python 3.11 or newer; only tests and benchmarks use it. Debian and Ubuntu: apt-get install python3 python3-venv" >&2
    missing=1
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "missing: Python's venv module. Debian and Ubuntu: apt-get install python3-venv" >&2
    missing=1
fi
[ "$missing" = 0 ] || exit 1

# The stamp holds the requirements that were installed, so that a changed list is installed again.
if ! cmp -s tests/requirements.txt .venv/installed.txt; then
    echo "setting up .venv with $("$python" --version) and tests/requirements.txt ..."
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
    cp tests/requirements.txt .venv/installed.txt
fi

command -v cargo-nextest >/dev/null || echo "optional: cargo-nextest runs the tests faster (cargo install --locked cargo-nextest); cargo test is used instead"
command -v cargo-deny >/dev/null || echo "optional: cargo-deny checks bans, licences and sources in make check (cargo install --locked cargo-deny), which leaves them to a test without it; advisories need the network: cargo deny check advisories"
