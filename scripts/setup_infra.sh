#!/usr/bin/env bash
# Gets what the tests of the Terraform modules need into .infra: Python packages, checkov, and the provider's schema. Does nothing the second time.
# Exit code 3: something is missing that cannot be got from here; standard error names it, a line each.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=infra/terraform/tests
harness=$tests/harness

missing=0
lacks() {
    echo "$1 is missing: $2" >&2
    missing=1
}
if ! command -v terraform >/dev/null; then
    lacks "terraform" "https://developer.hashicorp.com/terraform/install, 1.9 or newer"
elif ! CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=/dev/null terraform version | grep -qE '^Terraform v(1\.(9|[1-9][0-9])|[2-9]|[1-9][0-9])\.'; then
    lacks "terraform 1.9 or newer" "this one is older; https://developer.hashicorp.com/terraform/install"
fi
command -v npm >/dev/null || lacks "npm" "the provider's schema comes as a package of it; Debian and Ubuntu: apt-get install npm"
python=""
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || lacks "Python 3.11 or newer with its venv module" "Debian and Ubuntu: apt-get install python3 python3-venv"
[ "$missing" = 0 ] || exit 3

mkdir -p .infra
if command -v flock >/dev/null; then # two at once would install into one place
    exec 9>.infra/setup.lock
    flock 9
fi

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
install venv requirements.txt
install checkov requirements-checkov.txt

if [ ! -e .infra/tfp5_pb2.py ] || [ "$harness/tfp5.proto" -nt .infra/tfp5_pb2.py ]; then
    .infra/venv/bin/python -m grpc_tools.protoc -I"$harness" --python_out=.infra tfp5.proto
fi

# The schema comes from a package that was generated from the provider's own, version 6.25.0. It is kept: another list of types needs it again.
version=21.22.1
package=.infra/provider-aws-$version.tgz
if [ ! -e "$package" ]; then
    echo "getting the schema of hashicorp/aws 6.25.0 (@cdktf/provider-aws@$version, 37 MB) ..."
    work=$(mktemp -d .infra/package.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    npm pack --silent --pack-destination "$work" "@cdktf/provider-aws@$version" >/dev/null
    mv "$work"/*.tgz "$package"
fi
stamp="$version $(cat "$harness/extract_schema.py" "$harness/types.txt" | sha256sum)"
if [ "$stamp" != "$(cat .infra/schema.stamp 2>/dev/null)" ]; then
    .infra/venv/bin/python "$harness/extract_schema.py" "$package" "$harness/types.txt" .infra/schema.json
    echo "$stamp" > .infra/schema.stamp
fi
