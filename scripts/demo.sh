#!/usr/bin/env bash
# The demo: a small organization's CloudTrail in, an audit archive out, three questions. Makes everything anew in .demo.
set -euo pipefail
cd "$(dirname "$0")/.."
trailkeep=${TRAILKEEP_BIN:-target/debug/trailkeep}
trail=.demo/trail
archive=.demo/audit
rm -rf .demo

if [ -t 1 ]; then bold=$(tput bold || true) plain=$(tput sgr0 || true); else bold="" plain=""; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# Shows a command as one would type it, then runs it.
run() {
    local shown=""
    for word in "$@"; do
        case $word in *[!a-zA-Z0-9_./:=-]*) shown+=" \"$word\"" ;; *) shown+=" $word" ;; esac
    done
    printf '$ trailkeep%s\n' "$shown"
    "$trailkeep" "$@"
}

# Shows a question with its SQL as it stands, then the answer.
ask() {
    say "$1"
    printf '%s\n' "$2"
    "$trailkeep" query --archive "$archive" "$2"
}

say "1. An organization writes its trail: 5 accounts, 4 Regions, 6 hours, as CloudTrail would deliver it (invented, the same every time)."
run synth --out "$trail" --accounts 5 --regions 4 --hours 6 --seed 7

say "2. Ingest lands every object once: verbatim in raw/, normalised to OCSF in events/, a receipt for each object in sources/."
run ingest --from "$trail" --archive "$archive"

say "3. Once more, as after a crash or a redelivery: everything is there already, nothing lands twice."
run ingest --from "$trail" --archive "$archive"

say "4. Three questions that an investigator asks first, in SQL, with CloudTrail's own column names."

ask "Who used a root user, and for what?" \
"SELECT eventtime, recipientaccountid AS account, eventname, sourceipaddress, errorcode
FROM cloudtrail
WHERE useridentity.type = 'Root' AND useridentity.invokedby IS NULL AND eventtype <> 'AwsServiceEvent'
ORDER BY eventtime LIMIT 10"

ask "Which principals were denied, how often, at what?" \
"SELECT useridentity.arn AS principal, count(*) AS denied, count(DISTINCT eventname) AS calls, min(eventtime) AS first, max(eventtime) AS last
FROM cloudtrail
WHERE errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%UnauthorizedOperation'
GROUP BY 1 ORDER BY denied DESC, principal LIMIT 10"

ask "Who changed a security group?" \
"SELECT eventtime, recipientaccountid AS account, awsregion AS region, useridentity.arn AS principal, eventname, requestparameters['groupId'] AS security_group
FROM cloudtrail
WHERE eventsource = 'ec2.amazonaws.com' AND errorcode IS NULL
  AND eventname IN ('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress',
                    'RevokeSecurityGroupEgress', 'CreateSecurityGroup', 'DeleteSecurityGroup')
ORDER BY eventtime LIMIT 10"

say "5. Evidence: the Record behind the first such change, byte for byte as CloudTrail wrote it."
id=$("$trailkeep" query --archive "$archive" --output csv \
    "SELECT eventid FROM cloudtrail WHERE eventsource = 'ec2.amazonaws.com' AND eventname LIKE '%SecurityGroup%' AND errorcode IS NULL
     AND eventname NOT LIKE 'Describe%' ORDER BY eventtime, eventid LIMIT 1" | tail -n 1)
run raw --archive "$archive" --event-id "$id"
echo

say "6. What the archive holds."
run stats --archive "$archive"

say "The trail is in $trail, the archive in $archive: ask on with  $trailkeep query --archive $archive \"SQL\""
