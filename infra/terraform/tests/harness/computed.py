"""Values that AWS gives a resource when it is made: ARNs, ids, addresses. Invented, but of the right form, and the same in every run."""
import json

import schema
from account import MANAGEMENT_ACCOUNT_ID, ORGANIZATION_ID, digest
from values import UNKNOWN, empty, is_unknown, is_wholly_known

# type → attribute → template over the resource's own attributes and {P}artition, {R}egion, {A}ccount, {D}NS suffix, {hex}, {uuid}.
# Read in order: a template may name an attribute that an earlier one gave.
TEMPLATES = {
    "aws_appautoscaling_policy": {"arn": "arn:{P}:autoscaling:{R}:{A}:scalingPolicy:{uuid}:resource/ecs/{resource_id}:policyName/{name}", "id": "{name}"},
    "aws_appautoscaling_target": {
        "arn": "arn:{P}:application-autoscaling:{R}:{A}:scalable-target/{hex}", "id": "{resource_id}",
        "role_arn": "arn:{P}:iam::{A}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
    },
    "aws_athena_named_query": {"id": "{uuid}"},
    "aws_athena_workgroup": {"arn": "arn:{P}:athena:{R}:{A}:workgroup/{name}"},
    "aws_cloudtrail": {"arn": "arn:{P}:cloudtrail:{R}:{A}:trail/{name}", "id": "{arn}", "home_region": "{R}", "sns_topic_arn": "{sns_topic_name}"},
    "aws_cloudtrail_organization_delegated_admin_account": {
        "arn": "arn:{P}:organizations::" + MANAGEMENT_ACCOUNT_ID + ":account/" + ORGANIZATION_ID + "/{account_id}",
        "id": "{account_id}", "name": "audit", "email": "audit@example.com", "service_principal": "cloudtrail.amazonaws.com",
    },
    "aws_cloudwatch_composite_alarm": {"arn": "arn:{P}:cloudwatch:{R}:{A}:alarm:{alarm_name}", "id": "{alarm_name}"},
    "aws_cloudwatch_dashboard": {"dashboard_arn": "arn:{P}:cloudwatch::{A}:dashboard/{dashboard_name}", "id": "{dashboard_name}"},
    "aws_cloudwatch_event_rule": {"arn": "arn:{P}:events:{R}:{A}:rule/{name}", "id": "{name}"},
    "aws_cloudwatch_event_bus": {"arn": "arn:{P}:events:{R}:{A}:event-bus/{name}", "id": "{name}"},
    "aws_cloudwatch_event_target": {"target_id": "terraform-{hex}", "id": "{rule}-{target_id}"},
    "aws_cloudwatch_log_group": {"arn": "arn:{P}:logs:{R}:{A}:log-group:{name}", "id": "{name}", "log_group_class": "STANDARD"},
    "aws_cloudwatch_metric_alarm": {"arn": "arn:{P}:cloudwatch:{R}:{A}:alarm:{alarm_name}", "id": "{alarm_name}"},
    "aws_dynamodb_table": {"arn": "arn:{P}:dynamodb:{R}:{A}:table/{name}", "id": "{name}"},
    "aws_ecr_lifecycle_policy": {"id": "{repository}", "registry_id": "{A}"},
    "aws_ecr_repository": {"arn": "arn:{P}:ecr:{R}:{A}:repository/{name}", "id": "{name}", "registry_id": "{A}", "repository_url": "{A}.dkr.ecr.{R}.{D}/{name}"},
    "aws_ecs_cluster": {"arn": "arn:{P}:ecs:{R}:{A}:cluster/{name}", "id": "{arn}"},
    "aws_ecs_service": {"arn": "arn:{P}:ecs:{R}:{A}:service/{cluster_name}/{name}", "id": "{arn}"},
    "aws_ecs_task_definition": {
        "arn_without_revision": "arn:{P}:ecs:{R}:{A}:task-definition/{family}", "arn": "{arn_without_revision}:1", "id": "{family}",
    },
    "aws_glue_catalog_database": {"arn": "arn:{P}:glue:{R}:{A}:database/{name}", "catalog_id": "{A}", "id": "{A}:{name}"},
    "aws_glue_catalog_table": {"arn": "arn:{P}:glue:{R}:{A}:table/{database_name}/{name}", "catalog_id": "{A}", "id": "{A}:{database_name}:{name}"},
    "aws_iam_policy": {"arn": "arn:{P}:iam::{A}:policy{path}{name}", "id": "{arn}"},
    "aws_iam_role": {"arn": "arn:{P}:iam::{A}:role{path}{name}", "id": "{name}"},
    "aws_iam_role_policy": {"id": "{role}:{name}"},
    "aws_kms_alias": {"arn": "arn:{P}:kms:{R}:{A}:{name}", "id": "{name}", "target_key_arn": "arn:{P}:kms:{R}:{A}:key/{target_key_id}"},
    "aws_kms_key": {"key_id": "{uuid}", "arn": "arn:{P}:kms:{R}:{A}:key/{key_id}", "id": "{key_id}"},
    "aws_kms_key_policy": {"id": "{key_id}"},
    "aws_organizations_policy": {"id": "p-{hex}", "arn": "arn:{P}:organizations::{A}:policy/" + ORGANIZATION_ID + "/service_control_policy/{id}"},
    "aws_s3_bucket": {
        "arn": "arn:{P}:s3:::{bucket}", "id": "{bucket}", "bucket_region": "{R}",
        "bucket_domain_name": "{bucket}.s3.{D}", "bucket_regional_domain_name": "{bucket}.s3.{R}.{D}",
    },
    "aws_security_group": {"id": "sg-{hex}", "arn": "arn:{P}:ec2:{R}:{A}:security-group/{id}", "owner_id": "{A}"},
    "aws_sns_topic": {"arn": "arn:{P}:sns:{R}:{A}:{name}", "id": "{arn}", "owner": "{A}"},
    "aws_sns_topic_policy": {"id": "{arn}", "owner": "{A}"},
    "aws_sns_topic_subscription": {"arn": "{topic_arn}:{uuid}", "id": "{arn}", "owner_id": "{A}"},
    "aws_sqs_queue": {"arn": "arn:{P}:sqs:{R}:{A}:{name}", "url": "https://sqs.{R}.{D}/{A}/{name}", "id": "{url}"},
    "aws_sqs_queue_policy": {"id": "{queue_url}"},
    "aws_sqs_queue_redrive_allow_policy": {"id": "{queue_url}"},
    "aws_vpc_endpoint": {"id": "vpce-{hex}", "arn": "arn:{P}:ec2:{R}:{A}:vpc-endpoint/{id}", "owner_id": "{A}", "prefix_list_id": "pl-{hex}", "state": "available"},
    "aws_vpc_security_group_egress_rule": {"id": "sgr-{hex}", "security_group_rule_id": "{id}", "arn": "arn:{P}:ec2:{R}:{A}:security-group-rule/{id}"},
    "aws_vpc_security_group_ingress_rule": {"id": "sgr-{hex}", "security_group_rule_id": "{id}", "arn": "arn:{P}:ec2:{R}:{A}:security-group-rule/{id}"},
}
NAMES = ("name", "bucket", "function_name", "alarm_name")  # what may be made from a prefix
NAMED_BY = ("bucket", "name", "repository", "cluster_name", "role")  # what the id of other types is


def planned(type_name, proposed, account):
    """The planned state: computed attributes that nobody set are unknown, tags_all is what the tags will be."""
    if proposed is None:
        return None
    block = schema.RESOURCES[type_name]

    def unknown_where_computed(path, attribute, value):
        if value is not None or not attribute.get("computed"):
            return value
        if path == ("region",):
            return account.region
        return UNKNOWN if len(path) == 1 or not attribute.get("optional") else None

    plan = schema.map_attributes(proposed, block, unknown_where_computed)
    if {"tags", "tags_all"} <= set(block["attributes"]):
        tags = proposed.get("tags")
        own = {key: value for key, value in tags.items() if value is not None} if isinstance(tags, dict) else {}
        plan["tags_all"] = {**account.default_tags, **own} if is_wholly_known(tags) else UNKNOWN
    return plan


def made(type_name, plan, account, fixtures):
    """The state after apply: every unknown of the plan has a value. `fixtures` win over what is invented here."""
    seed = type_name + json.dumps({key: value for key, value in plan.items() if not is_unknown(value)}, sort_keys=True, default=str)
    state = {key: fixtures.get(key, value) if is_unknown(value) else value for key, value in plan.items()}
    _name(state, seed)
    context = _context(state, account, seed)
    for attribute, template in TEMPLATES.get(type_name, {}).items():
        if is_unknown(state.get(attribute)):
            state[attribute] = context[attribute] = template.format_map(context)
    _identify(type_name, state, context)
    return schema.map_attributes(state, schema.RESOURCES[type_name], lambda path, attribute, value: _invented(path, attribute, value, context))


def _name(state, seed):
    for attribute in NAMES:
        if is_unknown(state.get(attribute)):
            prefixes = (state.get(f"{attribute}_prefix"), state.get("name_prefix"), state.get("bucket_prefix"))
            state[attribute] = next((p for p in prefixes if isinstance(p, str) and p), "terraform-") + digest(seed)


def _context(state, account, seed):
    context = {key: value if isinstance(value, str) else "" for key, value in state.items()}
    context.update(account.fields(state.get("region")))
    context["path"] = context.get("path") or "/"
    text = digest(seed, 32)
    context["hex"] = text[:17]
    context["uuid"] = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    context["cluster_name"] = context.get("cluster_name") or context.get("cluster", "").rpartition("/")[2]
    context["target_key_id"] = context.get("target_key_id", "").rpartition("/")[2]
    return context


def _identify(type_name, state, context):
    words = type_name.split("_")
    if is_unknown(state.get("arn")):
        state["arn"] = f"arn:{context['P']}:{words[1]}:{context['R']}:{context['A']}:{'-'.join(words[2:])}/{context.get('name') or context['hex']}"
    if is_unknown(state.get("id")):
        named = (context.get(attribute) for attribute in NAMED_BY)
        state["id"] = next(filter(None, named), f"{'-'.join(words[1:])}-{context['hex']}")


def _invented(path, attribute, value, context):
    if not is_unknown(value):
        return value
    if attribute["type"] != "string":
        return empty(attribute["type"])
    return invented_string(path[-1], context["hex"], context)


def invented_string(name, text, context):
    if name == "arn" or name.endswith("_arn"):
        return f"arn:{context['P']}:mock:{context['R']}:{context['A']}:{name}/{text}"
    if name == "cidr_block":
        return "10.0.0.0/16"
    return f"{name}-{text[:8]}"
