#!/usr/bin/env bash
# Gets what building and testing need, and says what is missing. Does nothing the second time.
set -euo pipefail
cd "$(dirname "$0")/.."

# Runs a command as it is installed on this machine, if it is: not the one that was set up here.
elsewhere() {
    local path=":$PATH:"
    PATH=${path//:"$PWD/.venv-aws/bin":/:} "$@" >/dev/null 2>&1
}

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
install() {
    local venv=$1 list=$2
    if ! cmp -s "$list" "$venv/installed.txt"; then
        echo "setting up $venv with $("$python" --version) and $list ..."
        { [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"; } &&
            "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$list" &&
            cp "$list" "$venv/installed.txt"
    fi
}
install .venv tests/requirements.txt

# Some tests hold what the AWS command line says beside what we say. Where there is none it gets a venv of its own, since it and moto take different versions of botocore.
if [ -z "${TRAILKEEP_AWS_CLI:-}" ] && ! elsewhere aws --version && ! install .venv-aws tests/requirements-aws.txt; then
    rm -rf .venv-aws
    echo "optional: the AWS CLI could not be installed; the tests that ask it are not run" >&2
fi

command -v cargo-nextest >/dev/null || echo "optional: cargo-nextest runs the tests faster (cargo install --locked cargo-nextest); cargo test is used instead"
command -v cargo-deny >/dev/null || echo "optional: cargo-deny checks bans, licences and sources in make check (cargo install --locked cargo-deny), which leaves them to a test without it; advisories need the network: cargo deny check advisories"
