"""What the data sources answer: the account, its organization, and policy documents rendered for real."""
import json

import iam_document
import schema
from account import MANAGEMENT_ACCOUNT_ID, ORGANIZATION_ID, digest
from computed import invented_string
from values import empty


def read(type_name, config, account, fixtures):
    """→ (state, errors)"""
    state, errors = dict(config), []
    context = account.fields(config.get("region"))
    if type_name == "aws_iam_policy_document":
        state["json"], state["minified_json"], errors = iam_document.render(config)
        state["id"] = digest(state["json"], 10)
    for key, value in _known(type_name, context).items():
        state[key] = value if state.get(key) is None else state[key]
    state.update(fixtures)
    text = digest(type_name + json.dumps(config, sort_keys=True, default=str), 17)

    def fill(path, attribute, value):
        if value is not None or not attribute.get("computed"):
            return value
        if path[-1] == "region":
            return context["R"]
        return invented_string(path[-1], text, context) if attribute["type"] == "string" else empty(attribute["type"])

    return schema.map_attributes(state, schema.DATA_SOURCES[type_name], fill), errors


def _known(type_name, context):
    region, account_id, partition, suffix = (context[key] for key in "RAPD")
    return {
        "aws_caller_identity": {"account_id": account_id, "arn": f"arn:{partition}:iam::{account_id}:role/terraform", "user_id": "AROAEXAMPLE:terraform", "id": account_id},
        "aws_partition": {"partition": partition, "dns_suffix": suffix, "reverse_dns_prefix": ".".join(reversed(suffix.split("."))), "id": partition},
        "aws_region": {"region": region, "name": region, "id": region, "description": f"Region {region}", "endpoint": f"ec2.{region}.{suffix}"},
        "aws_organizations_organization": {
            "id": ORGANIZATION_ID, "master_account_id": MANAGEMENT_ACCOUNT_ID, "feature_set": "ALL",
            "arn": f"arn:{partition}:organizations::{MANAGEMENT_ACCOUNT_ID}:organization/{ORGANIZATION_ID}",
            "aws_service_access_principals": ["cloudtrail.amazonaws.com"], "enabled_policy_types": ["SERVICE_CONTROL_POLICY"],
        },
        "aws_availability_zones": {"names": [region + zone for zone in "abc"], "zone_ids": [f"{region}-az{n}" for n in (1, 2, 3)], "id": region},
    }.get(type_name, {})
