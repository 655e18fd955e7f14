#!/usr/bin/env bash
# Gets what the tests of the Terraform modules need into .infra: Python packages, checkov, and the provider's schema. Does nothing the second time.
# Exit code 3: something is missing that cannot be got from here; it is named on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=infra/terraform/tests
harness=$tests/harness

missing=0
for tool in terraform npm tar; do
    if ! command -v "$tool" >/dev/null; then
        echo "missing: $tool" >&2
        missing=1
    fi
done
python=""
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "missing: Python 3.11 or newer with its venv module" >&2
    missing=1
fi
[ "$missing" = 0 ] || exit 3

# A stamp holds the requirements that were installed, so that a changed list is installed again.
install() {
    local venv=.infra/$1 list=$tests/$2
    if ! cmp -s "$list" "$venv/installed.txt"; then
        echo "setting up $venv with $list ..."
        [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$list"
        cp "$list" "$venv/installed.txt"
    fi
}
mkdir -p .infra
install venv requirements.txt
install checkov requirements-checkov.txt

if [ ! -e .infra/tfp5_pb2.py ] || [ "$harness/tfp5.proto" -nt .infra/tfp5_pb2.py ]; then
    .infra/venv/bin/python -m grpc_tools.protoc -I"$harness" --python_out=.infra tfp5.proto
fi

# The schema comes from a package that was generated from the provider's own.
package=@cdktf/provider-aws@21.22.1
stamp="$package $(cat "$harness/extract_schema.py" "$harness/types.txt" | sha256sum)"
if [ "$stamp" != "$(cat .infra/schema.stamp 2>/dev/null)" ]; then
    echo "deriving the schema of hashicorp/aws from $package (37 MB) ..."
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if [ -e ".infra/package.tgz" ]; then cp .infra/package.tgz "$work/package.tgz"; else
        (cd "$work" && npm pack --silent "$package" >/dev/null && mv ./*.tgz package.tgz)
        cp "$work/package.tgz" .infra/package.tgz
    fi
    tar -xzf "$work/package.tgz" -C "$work"
    .infra/venv/bin/python "$harness/extract_schema.py" "$work/package/lib" .infra/schema.json --types "$harness/types.txt"
    rm -f .infra/schema.bin
    echo "$stamp" > .infra/schema.stamp
fi
