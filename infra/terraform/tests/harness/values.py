"""Terraform's values on the wire: msgpack, with an extension type for what is not known before apply."""
import json

import msgpack

import tfp5_pb2 as messages

UNKNOWN = msgpack.ExtType(0, b"\x00")


def decode(value):
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def encode(value):
    return messages.DynamicValue(msgpack=msgpack.packb(value))


def is_unknown(value):
    return isinstance(value, msgpack.ExtType)


def is_wholly_known(value):
    if isinstance(value, dict):
        return all(map(is_wholly_known, value.values()))
    if isinstance(value, list):
        return all(map(is_wholly_known, value))
    return not is_unknown(value)


def empty(type_):
    """An empty value of a schema type; None for a string, which callers name themselves."""
    if isinstance(type_, list):
        return {"map": {}, "list": [], "set": []}.get(type_[0])
    return {"bool": False, "number": 0}.get(type_)
