"""Decides a request by policies, as IAM does: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

A principal is a dict: {"AWS": an ARN}, {"Service": a DNS name}, or {} for somebody without credentials.
Left out: session policies, resource control policies, VPC endpoint policies, dates and IP addresses in conditions (an unknown operator raises).
"""
from dataclasses import dataclass, field

from conditions import Context, all_hold, as_list, matches, resolve

ALLOW, DENY, EXPLICIT_DENY = "allow", "deny", "explicit-deny"
# Services that want a yes from the resource's own policy in any case: without it, an identity's policy is worth nothing.
RESOURCE_POLICY_DECIDES = ("kms:", "sts:assumerole")


@dataclass(frozen=True)
class Verdict:
    """`sid` is the statement that decided. `direct`: the principal itself was allowed, not only its account."""

    effect: str
    sid: str | None = None
    direct: bool = False


@dataclass(frozen=True)
class Request:
    who: dict
    action: str
    resource: str
    context: dict = field(default_factory=dict)


def evaluate(document, who, action, resource, context):
    """One document alone → (verdict, sid). An account as principal counts as everybody in it."""
    verdict = judge(document, Request(who, action, resource, context))
    return verdict.effect, verdict.sid


def judge(document, request):
    """One document alone; of several statements that allow, one that allows the principal itself is named."""
    context, allowed = Context(request.context), Verdict(DENY)
    for statement in as_list(document["Statement"]):
        relation = _relation(statement, request.who)
        if relation is None or not _covers(statement, request, context):
            continue
        if statement["Effect"] == "Deny":
            return Verdict(EXPLICIT_DENY, statement.get("Sid"))
        if allowed.effect == DENY or (relation == "direct" and not allowed.direct):
            allowed = Verdict(ALLOW, statement.get("Sid"), relation == "direct")
    return allowed


def decide(request, *, identity=(), resource_policy=None, boundary=None, service_control=(), resource_account=None):
    """Everything that bears on a request → Verdict.

    `identity`: the documents of the principal. `service_control`: those of its organization, all of which have to allow (none: everything
    is allowed). `resource_account`: whose the resource is; None is the principal's own."""
    own = [judge(document, request) for document in identity]
    limits = [judge(document, request) for document in (*([boundary] if boundary else []), *service_control)]
    resource = judge(resource_policy, request) if resource_policy else Verdict(DENY)
    for verdict in (*limits, *own, resource):
        if verdict.effect == EXPLICIT_DENY:
            return verdict
    if "AWS" not in request.who:
        return resource  # a service or a stranger has no policies of its own
    if any(limit.effect != ALLOW for limit in limits):
        return Verdict(DENY)
    mine = next((verdict for verdict in own if verdict.effect == ALLOW), Verdict(DENY))
    if resource_account not in (None, account_of(request.who["AWS"])):
        return mine if mine.effect == ALLOW and resource.effect == ALLOW else Verdict(DENY)
    if resource.effect == ALLOW and resource.direct:
        return resource
    if request.action.lower().startswith(RESOURCE_POLICY_DECIDES) and resource.effect != ALLOW:
        return Verdict(DENY)
    return mine


def account_of(principal):
    return principal.split(":")[4] if principal.startswith("arn:") else principal


def _relation(statement, who):
    """How a statement names the principal: "direct", "account", or None. A policy of an identity names nobody and means its own."""
    if "Principal" in statement:
        return _named(statement["Principal"], who)
    if "NotPrincipal" in statement:
        return None if _named(statement["NotPrincipal"], who) else "direct"
    return "direct"


def _named(element, who):
    if element == "*":
        return "direct"
    relations = {_match(kind, identifier, who) for kind, identifiers in element.items() for identifier in as_list(identifiers)}
    return next((relation for relation in ("direct", "account") if relation in relations), None)


def _match(kind, identifier, who):
    if identifier == "*" and kind in ("AWS", "*"):
        return "direct"
    if kind != "AWS" or "AWS" not in who:
        return "direct" if who.get(kind) == identifier else None
    if identifier == who["AWS"] and not identifier.endswith(":root"):
        return "direct"
    is_account = identifier.isdigit() or identifier.endswith(":root")
    return "account" if is_account and account_of(identifier) == account_of(who["AWS"]) else None


def _covers(statement, request, context):
    actions = statement.get("Action", statement.get("NotAction", []))
    action_named = any(matches(pattern.lower(), request.action.lower()) for pattern in as_list(actions))
    if action_named != ("Action" in statement):
        return False
    if "Resource" in statement or "NotResource" in statement:
        patterns = (resolve(text, context) for text in as_list(statement.get("Resource", statement.get("NotResource"))))
        resource_named = any(pattern is not None and matches(pattern, request.resource) for pattern in patterns)
        if resource_named != ("Resource" in statement):
            return False
    return all_hold(statement.get("Condition", {}), context)
