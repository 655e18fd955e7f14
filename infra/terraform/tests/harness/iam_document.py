"""Renders data.aws_iam_policy_document as the provider does: the same merging by Sid, the same short forms."""
import json


def render(config):
    """→ (indented JSON, minified JSON, errors)"""
    statements, errors = [], []
    for text in config.get("source_policy_documents") or []:
        for statement in _statements_of(text):
            if _position(statements, statement) is not None:
                errors.append(f"duplicate Sid ({statement['Sid']}) in source policy documents")
            else:
                statements.append(statement)
    own = [_statement(block) for block in config.get("statement") or []]
    sids = [statement["Sid"] for statement in own if "Sid" in statement]
    errors += [f"duplicate Sid ({sid}). Remove the Sid or ensure Sids are unique." for sid in sorted({s for s in sids if sids.count(s) > 1})]
    overriding = [statement for text in config.get("override_policy_documents") or [] for statement in _statements_of(text)]
    for statement in own + overriding:
        position = _position(statements, statement)
        if position is None:
            statements.append(statement)
        else:
            statements[position] = statement
    document = {"Version": config.get("version") or "2012-10-17"}
    if config.get("policy_id"):
        document["Id"] = config["policy_id"]
    document["Statement"] = statements
    return json.dumps(document, indent=2), json.dumps(document, separators=(",", ":")), errors


def _statements_of(text):
    statements = json.loads(text).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _position(statements, statement):
    if not statement.get("Sid"):
        return None
    return next((i for i, other in enumerate(statements) if other.get("Sid") == statement["Sid"]), None)


def _statement(block):
    statement = {"Sid": block["sid"]} if block.get("sid") else {}
    statement["Effect"] = block.get("effect") or "Allow"
    for attribute, element in (("actions", "Action"), ("not_actions", "NotAction"), ("resources", "Resource"), ("not_resources", "NotResource")):
        if block.get(attribute):
            statement[element] = _short(sorted(map(_variables, block[attribute]), reverse=True))  # the provider sorts downwards
    for attribute, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if block.get(attribute):
            statement[element] = _principals(block[attribute])
    if block.get("condition"):
        statement["Condition"] = _conditions(block["condition"])
    return statement


def _principals(blocks):
    by_type = {}
    for block in blocks:
        by_type.setdefault(block["type"], set()).update(block["identifiers"])
    if set(by_type) == {"*"}:
        return "*"
    return {kind: _short(sorted(identifiers, reverse=True)) for kind, identifiers in by_type.items()}


def _conditions(blocks):
    conditions = {}
    for block in blocks:
        conditions.setdefault(block["test"], {}).setdefault(block["variable"], []).extend(map(_variables, block["values"]))
    return {test: {key: _short(values) for key, values in keys.items()} for test, keys in conditions.items()}


def _variables(text):
    """Policy variables are written &{…} in Terraform, which keeps ${…} for itself."""
    return text.replace("&{", "${")


def _short(values):
    return values[0] if len(values) == 1 else list(values)
