"""The evaluator decides as AWS's documentation of its evaluation logic says."""
import pytest

from policy_sim import ALLOW, DENY, EXPLICIT_DENY, Request, decide, evaluate

BUCKET = "arn:aws:s3:::archive"
ROLE = {"AWS": "arn:aws:iam::111122223333:role/reader"}
OTHER = {"AWS": "arn:aws:iam::444455556666:role/reader"}
TRAIL = {"Service": "cloudtrail.amazonaws.com"}
ANYBODY = {}


def statement(effect="Allow", action="s3:GetObject", resource=f"{BUCKET}/*", **elements):
    return {"Sid": effect, "Effect": effect, "Action": action, "Resource": resource, **elements}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def verdict(document, who=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a", **context):
    return evaluate(document, who, action, resource, {key.replace("__", ":"): value for key, value in context.items()})[0]


def test_what_nothing_allows_is_denied():
    assert verdict(policy()) == DENY


def test_the_statement_that_decides_is_named():
    assert evaluate(policy(statement()), ROLE, "s3:GetObject", f"{BUCKET}/a", {}) == (ALLOW, "Allow")


def test_one_statement_need_not_be_a_list():
    assert verdict({"Statement": statement()}) == ALLOW


def test_a_deny_wins_wherever_it_stands():
    assert verdict(policy(statement("Deny"), statement())) == verdict(policy(statement(), statement("Deny"))) == EXPLICIT_DENY


@pytest.mark.parametrize(("pattern", "action", "expected"), [
    ("s3:GetObject", "s3:getobject", ALLOW), ("s3:Get*", "s3:GetObjectVersion", ALLOW), ("*", "kms:Decrypt", ALLOW),
    ("s3:GetObjec?", "s3:GetObject", ALLOW), ("s3:GetObject", "s3:GetObjectVersion", DENY), (["s3:PutObject", "s3:GetObject"], "s3:GetObject", ALLOW),
])
def test_actions_are_patterns_in_any_case(pattern, action, expected):
    assert verdict(policy(statement(action=pattern, resource="*")), action=action) == expected


@pytest.mark.parametrize(("pattern", "resource", "expected"), [
    (f"{BUCKET}/raw/*", f"{BUCKET}/raw/a/b", ALLOW), (f"{BUCKET}/raw/*", f"{BUCKET}/Raw/a", DENY), (f"{BUCKET}/*", BUCKET, DENY), (f"{BUCKET}*", BUCKET, ALLOW),
    (f"{BUCKET}/a+b", f"{BUCKET}/a+b", ALLOW), (f"{BUCKET}/a.b", f"{BUCKET}/axb", DENY), (f"{BUCKET}/a\n*", f"{BUCKET}/a\nb\nc", ALLOW),
])
def test_resources_are_patterns_and_nothing_else_is_special_in_them(pattern, resource, expected):
    assert verdict(policy(statement(resource=pattern)), resource=resource) == expected


def test_not_action_and_not_resource_mean_all_others():
    document = policy({"Effect": "Deny", "NotAction": "s3:Get*", "NotResource": f"{BUCKET}/staging/*"})
    assert verdict(document, action="s3:PutObject") == EXPLICIT_DENY
    assert verdict(document, action="s3:GetObject") == verdict(document, action="s3:PutObject", resource=f"{BUCKET}/staging/a") == DENY


@pytest.mark.parametrize(("principal", "who", "expected"), [
    ("*", ANYBODY, ALLOW), ({"AWS": "*"}, TRAIL, ALLOW), ({"AWS": ROLE["AWS"]}, ROLE, ALLOW), ({"AWS": ROLE["AWS"]}, OTHER, DENY),
    ({"AWS": "111122223333"}, ROLE, ALLOW), ({"AWS": "arn:aws:iam::111122223333:root"}, ROLE, ALLOW), ({"AWS": "arn:aws:iam::111122223333:root"}, OTHER, DENY),
    ({"AWS": ["444455556666", "111122223333"]}, ROLE, ALLOW), ({"Service": "cloudtrail.amazonaws.com"}, TRAIL, ALLOW),
    ({"Service": "s3.amazonaws.com"}, TRAIL, DENY), ({"AWS": "111122223333"}, TRAIL, DENY), ({"Service": "cloudtrail.amazonaws.com"}, ROLE, DENY),
])
def test_principals(principal, who, expected):
    assert verdict(policy(statement(Principal=principal)), who=who) == expected


def test_not_principal_means_everybody_else():
    document = policy(statement("Deny", NotPrincipal={"AWS": [ROLE["AWS"], "111122223333"]}))
    assert (verdict(document, who=ROLE), verdict(document, who=OTHER), verdict(document, who=TRAIL)) == (DENY, EXPLICIT_DENY, EXPLICIT_DENY)


def test_variables_are_filled_in_from_the_request():
    document = policy(statement(resource=f"{BUCKET}/${{aws:PrincipalAccount}}/*"))
    assert verdict(document, resource=f"{BUCKET}/111122223333/a", aws__PrincipalAccount="111122223333") == ALLOW
    assert verdict(document, resource=f"{BUCKET}/444455556666/a", aws__PrincipalAccount="111122223333") == DENY
    assert verdict(document, resource=f"{BUCKET}/111122223333/a") == DENY, "a variable without a value matches nothing"


def test_what_a_variable_brings_is_no_pattern():
    document = policy(statement(resource=f"{BUCKET}/${{aws:PrincipalTag/team}}/*"))
    assert verdict(document, resource=f"{BUCKET}/blue/a", **{"aws:PrincipalTag/team": "*"}) == DENY
    assert verdict(policy(statement(resource=f"{BUCKET}/${{*}}/a")), resource=f"{BUCKET}/x/a") == DENY
    assert verdict(policy(statement(resource=f"{BUCKET}/${{*}}/a")), resource=f"{BUCKET}/*/a") == ALLOW


def test_a_variable_may_have_a_default():
    document = policy(statement(resource=f"{BUCKET}/${{aws:PrincipalTag/team, 'none'}}/*"))
    assert verdict(document, resource=f"{BUCKET}/none/a") == ALLOW


# Everything together.

READS = policy(statement())
TO_ALL = policy(statement(Principal="*"))
TO_ROLE = policy(statement(Principal=ROLE))
TO_ACCOUNT = policy(statement(Principal={"AWS": "111122223333"}))
TO_OTHER_ACCOUNT = policy(statement(Principal={"AWS": "444455556666"}))
NOTHING = policy()
REFUSES = policy(statement("Deny", Principal="*"))


def decided(who=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a", owner="111122223333", **policies):
    return decide(Request(who, action, resource), resource_account=owner, **policies).effect


def test_in_one_account_either_side_is_enough():
    assert decided(identity=[READS]) == decided(resource_policy=TO_ROLE) == decided(resource_policy=TO_ALL) == ALLOW


def test_an_account_as_principal_leaves_it_to_the_account():
    assert (decided(resource_policy=TO_ACCOUNT), decided(resource_policy=TO_ACCOUNT, identity=[READS])) == (DENY, ALLOW)


def test_across_accounts_both_sides_have_to_allow():
    assert decided(who=OTHER, identity=[READS]) == decided(who=OTHER, resource_policy=TO_ALL) == DENY
    assert decided(who=OTHER, identity=[READS], resource_policy=TO_OTHER_ACCOUNT) == ALLOW


@pytest.mark.parametrize("refusing", ["identity", "resource_policy", "boundary", "service_control"])
def test_a_deny_anywhere_wins(refusing):
    policies = {"identity": [READS], "resource_policy": TO_ROLE, "boundary": READS, "service_control": [READS]}
    policies[refusing] = REFUSES if refusing in ("resource_policy", "boundary") else [REFUSES]
    assert decided(**policies) == EXPLICIT_DENY


@pytest.mark.parametrize("limit", [{"boundary": NOTHING}, {"service_control": [NOTHING]}, {"service_control": [READS, NOTHING]}])
def test_limits_give_nothing_and_take_what_they_do_not_name(limit):
    assert decided(identity=[READS], **limit) == DENY
    assert decided(boundary=READS, service_control=[READS]) == DENY


@pytest.mark.parametrize(("action", "resource"), [("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k"), ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r")])
def test_a_key_and_a_role_have_the_last_word_on_themselves(action, resource):
    mine = policy(statement(action=action, resource="*"))
    to_account = policy(statement(action=action, resource="*", Principal={"AWS": "111122223333"}))
    to_role = policy(statement(action=action, resource="*", Principal=ROLE))
    assert decided(action=action, resource=resource, identity=[mine]) == DENY
    assert decided(action=action, resource=resource, resource_policy=to_account) == DENY
    assert decided(action=action, resource=resource, identity=[mine], resource_policy=to_account) == ALLOW
    assert decided(action=action, resource=resource, resource_policy=to_role) == ALLOW


def test_services_and_strangers_have_what_the_resource_gives_them():
    to_trail = policy(statement(Principal=TRAIL))
    assert decided(who=TRAIL, resource_policy=to_trail, service_control=[NOTHING]) == ALLOW, "service control policies do not bind services"
    assert decided(who=TRAIL, identity=[READS]) == decided(who=ANYBODY, identity=[READS]) == DENY
    assert decided(who=ANYBODY, resource_policy=TO_ALL) == ALLOW
