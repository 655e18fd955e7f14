"""The schema of hashicorp/aws (schema.json, made by extract_schema.py): as Terraform wants to hear it, and as a guide through values."""
import json
import os
import pathlib

import tfp5_pb2 as messages

WORK = pathlib.Path(__file__).resolve().parents[4] / ".infra"
PATH = pathlib.Path(os.environ.get("STUB_AWS_SCHEMA", WORK / "schema.json"))

_document = json.loads(PATH.read_text())["provider_schemas"]["registry.terraform.io/hashicorp/aws"]
PROVIDER = _document["provider"]["block"]
RESOURCES = {name: s["block"] for name, s in _document["resource_schemas"].items()}
DATA_SOURCES = {name: s["block"] for name, s in _document["data_source_schemas"].items()}


def _block_message(block):
    message = messages.Schema.Block()
    for name, attribute in sorted(block["attributes"].items()):
        flags = {flag: attribute.get(flag, False) for flag in ("required", "optional", "computed", "sensitive")}
        message.attributes.add(name=name, type=json.dumps(attribute["type"]).encode(), **flags)
    for name, nested in sorted(block.get("block_types", {}).items()):
        mode = nested["nesting_mode"]
        bounds = {} if mode == "single" else {bound: nested.get(bound, 0) for bound in ("min_items", "max_items")}
        added = message.block_types.add(type_name=name, nesting=getattr(messages.Schema.NestedBlock, mode.upper()), **bounds)
        added.block.CopyFrom(_block_message(nested["block"]))
    return message


def response_bytes():
    """The answer to GetSchema, kept beside schema.json: building it takes longer than most runs."""
    kept = PATH.with_suffix(".bin")
    if kept.exists() and kept.stat().st_mtime >= PATH.stat().st_mtime:
        return kept.read_bytes()
    response = messages.SchemaResp()
    response.provider.CopyFrom(messages.Schema(version=0, block=_block_message(PROVIDER)))
    for blocks, target in ((RESOURCES, response.resource_schemas), (DATA_SOURCES, response.data_source_schemas)):
        for name, block in blocks.items():
            target[name].CopyFrom(messages.Schema(version=0, block=_block_message(block)))
    data = response.SerializeToString()
    fresh = kept.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(kept)
    return data


def _nested(value, nested, visit):
    mode = nested["nesting_mode"]
    if mode == "single":
        return visit(value, nested["block"], ())
    if mode == "map":
        return {key: visit(one, nested["block"], (key,)) for key, one in (value or {}).items()}
    return [visit(one, nested["block"], (index,)) for index, one in enumerate(value or [])]


def conform(value, block):
    """State as JSON → an object that has every attribute and block of the schema, null where the state has none."""
    if value is None:
        return None
    whole = {name: value.get(name) for name in block["attributes"]}
    for name, nested in block.get("block_types", {}).items():
        whole[name] = _nested(value.get(name), nested, lambda one, inner, _: conform(one, inner))
    return whole


def map_attributes(value, block, change, path=()):
    """The object with `change(path, attribute, value)` in place of each attribute's value, those of nested blocks too."""
    if not isinstance(value, dict):
        return value
    changed = dict(value)
    for name, attribute in block["attributes"].items():
        changed[name] = change(path + (name,), attribute, value.get(name))
    for name, nested in block.get("block_types", {}).items():
        if isinstance(value.get(name), (dict, list)):
            changed[name] = _nested(value[name], nested, lambda one, inner, at, n=name: map_attributes(one, inner, change, path + (n,) + at))
    return changed
