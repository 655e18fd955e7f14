#!/usr/bin/env bash
# Tells whether a deployed Trailkeep works: makes one marked event, waits for it in the archive, checks it, and names what stays because it is locked.
#
#   scripts/smoke.sh STACK_DIRECTORY      the directory in which stacks/audit-account, or what calls it, was applied
#   scripts/smoke.sh s3://ARCHIVE         an archive by its address
#
# Needs: aws (credentials of an account of the organization that may read the archive), trailkeep, jq; terraform for a directory. Changes nothing: the event is a
# question after an SSM parameter that is not there, which CloudTrail records as ParameterNotFound.
# SMOKE_MARK=… looks for a mark that was made before, and makes no event. SMOKE_MINUTES=40 is how long it waits. Ends with 0 if all holds.
set -euo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
fail() { echo "smoke: $*" >&2; exit 1; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac
[ $# = 1 ] || { echo "smoke: give the directory of the applied stack, or the archive's address as s3://bucket" >&2; exit 2; }
for tool in aws jq; do
    command -v "$tool" >/dev/null || fail "$tool is not here: install it, and try again"
done
command -v trailkeep >/dev/null || fail "trailkeep is not in the PATH: make build, then PATH=\$PWD/target/debug:\$PATH"

case $1 in
s3://*) archive=$1 ;;
*)
    command -v terraform >/dev/null || fail "terraform is not here: give the archive's address instead of $1"
    archive=$(terraform -chdir="$1" output -raw archive_url) || fail "$1 has no output archive_url: apply it, or give the archive's address"
    ;;
esac
# Without outputs terraform ends well and prints a warning in their place.
[[ $archive =~ ^s3://[a-z0-9][a-z0-9.-]+ ]] || fail "$1 gives no archive: apply it, and let its root put out archive_url (as examples/minimal does), or give the archive's address as s3://bucket"
bucket=${archive#s3://}
bucket=${bucket%%/*}
minutes=${SMOKE_MINUTES:-40}
passed=0
check() { # what, command…
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo "  holds   $what"
        passed=$((passed + 1))
    else
        echo "  FAILS   $what" >&2
        failed=1
    fi
}
failed=0

if [ -n "${SMOKE_MARK:-}" ]; then
    mark=$SMOKE_MARK
else
    mark=trailkeep-smoke-$(date -u +%Y%m%d%H%M%S)-$RANDOM
    account=$(aws sts get-caller-identity --query Account --output text) || fail "no credentials: give those of an account of the organization"
    said=$(aws ssm get-parameter --name "/$mark" 2>&1) && fail "the parameter /$mark is there: it must not be"
    grep -q ParameterNotFound <<<"$said" || fail "the event could not be made: $said (it needs ssm:GetParameter; a refusal is recorded, too: look for $mark)"
    echo "made an event in account $account: ssm:GetParameter /$mark"
fi

# The mark stands in requestParameters. Event days of today and yesterday: a run may cross midnight.
since=$(date -u -d yesterday +%Y%m%d 2>/dev/null || date -u -v-1d +%Y%m%d)
sql="SELECT eventid, eventtime, recipientaccountid, awsregion, eventname FROM cloudtrail WHERE eventday >= '$since' AND eventname = 'GetParameter' AND requestparameters LIKE '%$mark%' LIMIT 1"
echo "waiting up to $minutes min for it in $archive (CloudTrail takes about 5 min, a Batch of a quiet organization up to 15)"
begun=$SECONDS
row=
while :; do
    row=$(trailkeep query --archive "$archive" --output json "$sql") || fail "the archive could not be asked: see above"
    [ -z "$row" ] || break
    ((SECONDS - begun < minutes * 60)) || fail "it did not come within $minutes min: is the trail logging read events (management-account stack), are objects in the log bucket, is the queue growing? docs/operating.md begins there"
    sleep "${SMOKE_EVERY:-30}"
done
id=$(jq -r .eventid <<<"$row")
echo "it is there after $(((SECONDS - begun) / 60)) min $(((SECONDS - begun) % 60)) s: $row"

# Its bytes, and the object that they stand in.
record=$(trailkeep raw --archive "$archive" --event-id "$id") || record=
check "CloudTrail's own record comes back byte for byte, with the mark in it" grep -q "$mark" <<<"$record"
found=$(trailkeep query --archive "$archive" --output json "SELECT s.segment, s.segment_version, s.key FROM events e JOIN sources s ON s.bucket = e.source_bucket AND s.key = e.source_key WHERE e.eventday >= '$since' AND e.event_uid = '$id' LIMIT 1")
segment=$(jq -r .segment <<<"$found")
head=$(aws s3api head-object --bucket "$bucket" --key "$segment" 2>/dev/null) || head='{}'
check "its segment $segment is encrypted with a KMS key and a bucket key" jq -e '.ServerSideEncryption == "aws:kms" and .BucketKeyEnabled == true' <<<"$head"
check "its segment is locked" jq -e '.ObjectLockMode != null and .ObjectLockRetainUntilDate != null' <<<"$head"
check "the archive has no delete marker over it" jq -e '.DeleteMarker != true and .VersionId != null' <<<"$head"
duplicates=$(trailkeep query --archive "$archive" --output json "SELECT count(*) AS n FROM (SELECT bucket, key, revision FROM sources GROUP BY 1, 2, 3 HAVING count(*) > 1)" | jq -r .n)
check "no source is there twice" test "$duplicates" = 0


# Nothing of the auditor is a failure on the first day: it is told, not checked.
attested=$(aws s3api list-objects-v2 --bucket "$bucket" --prefix attest/ --max-keys 1 --no-paginate --query 'Contents[0].Key' --output text 2>/dev/null) || attested=
if [ -n "$attested" ] && [ "$attested" != None ]; then
    open=$(trailkeep query --archive "$archive" --output json "SELECT count(*) AS n FROM open_findings" 2>/dev/null | jq -r .n) || open=
    echo "  the auditor has attested ($attested); open findings: ${open:-not known}"
else
    echo "  nothing is attested yet: the first attestation comes a day after the first whole day"
fi

echo
echo "What stays because it is locked, until when (the first object below each locked prefix):"
for prefix in raw/ digests/ sources/ findings/ outcomes/ attest/ keys/; do
    key=$(aws s3api list-objects-v2 --bucket "$bucket" --prefix "$prefix" --max-keys 1 --no-paginate --query 'Contents[0].Key' --output text 2>/dev/null) || key=
    [ -n "$key" ] && [ "$key" != None ] || { echo "  $prefix nothing yet"; continue; }
    held=$(aws s3api head-object --bucket "$bucket" --key "$key" --query '[ObjectLockMode, ObjectLockRetainUntilDate]' --output text) || held="its lock cannot be read"
    echo "  s3://$bucket/$key  $held"
done
echo "The bucket cannot be emptied or deleted before that; in governance mode break-glass roles can, in compliance mode nobody."
echo
[ $failed = 0 ] || fail "something does not hold: see FAILS above"
echo "$passed checks hold"
