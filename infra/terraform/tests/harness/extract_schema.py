#!/usr/bin/env python3
"""Derives the schema of hashicorp/aws, in the shape of `terraform providers schema -json`, from the npm package @cdktf/provider-aws.

    extract_schema.py PACKAGE.tgz TYPES.txt OUT.json

That package was generated from the provider's own schema. Each lib/TYPE/index.js carries its TypeScript source in its source map, and there
- a comment before each attribute says what it is:        // name - computed: false, optional: true, required: false
- …ToHclTerraform() and synthesizeHclAttributes() say whether it is a block, and which collection;
- the documentation of an interface calls the blocks blocks.
"""
import base64
import json
import pathlib
import re
import sys
import tarfile

ATTRIBUTE = re.compile(r"^ +// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$", re.M)
CLASS = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{$", re.M)
TO_HCL = re.compile(r"^export function (\w+)ToHclTerraform\(", re.M)
HCL_ENTRY = re.compile(r"^    (?:  )?(\w+): \{\n\s+value: .*\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\",", re.M)
BLOCK_DOCUMENTATION = re.compile(r"\* (\w+) block\n(?:\s+\*.*\n)*?\s+\*/\n\s+readonly (\w+)\??:")
SOURCE_MAP = "sourceMappingURL=data:application/json;base64,"
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
MAPS = {"StringMap": "string", "BooleanMap": "bool", "NumberMap": "number"}
READERS = {
    "String": "string", "Number": "number", "Boolean": "bool", "StringMap": ["map", "string"], "BooleanMap": ["map", "bool"],
    "NumberMap": ["map", "number"], "AnyMap": ["map", "dynamic"],
}
TOP = ""  # the resource itself, among the kinds of its nested structures


def sources(package, wanted):
    """directory of a type → its TypeScript, the parts first; of the types in `wanted` and the provider"""
    parts = {}
    with tarfile.open(package) as archive:
        for member in archive:
            path = pathlib.PurePosixPath(member.name)
            if path.suffix == ".js" and path.parts[:2] == ("package", "lib") and len(path.parts) > 3 and path.parts[2] in wanted:
                text = archive.extractfile(member).read().decode()
                embedded = json.loads(base64.b64decode(text[text.rindex(SOURCE_MAP) + len(SOURCE_MAP):].split()[0]))
                parts.setdefault(path.parts[2], {})[path.parts[3:]] = embedded["sourcesContent"][0]
    return {name: "\n".join(by_path[path] for path in sorted(by_path, key=lambda path: (path == ("index.js",), path))) for name, by_path in parts.items()}


def flagged(attribute, computed, optional, required):
    flags = {"required": required, "optional": optional, "computed": computed}
    return {**attribute, **{flag: True for flag, is_set in flags.items() if is_set}}


def object_type(structure):
    """The type of a structure that is an attribute, not a block."""
    fields = {name: attribute["type"] for name, attribute in structure["attributes"].items()}
    for name, block in structure.get("block_types", {}).items():
        inner = ["object", object_type(block["block"])]
        fields[name] = inner if block["nesting_mode"] == "single" else [block["nesting_mode"], inner]
    return fields


class Source:
    """The TypeScript of one type, and what it says of the schema."""

    def __init__(self, text):
        self.text = text
        self.classes = {found.group(1): (found.group(2), self._body(found)) for found in CLASS.finditer(text)}
        self.kinds = {found.group(1)[0].upper() + found.group(1)[1:]: self._entries(self._body(found)) for found in TO_HCL.finditer(text)}
        own = text.find("synthesizeHclAttributes()")
        self.kinds[TOP] = self._entries(text[own:]) if own >= 0 else {}
        self.blocks = {(self._interface_around(found.start()), found.group(1)) for found in BLOCK_DOCUMENTATION.finditer(text)}

    def _body(self, found):
        return self.text[found.end():self.text.index("\n}\n", found.end())]

    @staticmethod
    def _entries(text):
        """attribute → (is a block, kind, storage class)"""
        return {name: (is_block == "true", kind, storage) for name, is_block, kind, storage in HCL_ENTRY.findall(text)}

    def _interface_around(self, position):
        begin = self.text.rfind("export interface ", 0, position)
        return re.match(r"export interface (\w+)", self.text[begin:]).group(1)

    def schemas(self):
        """(base class, type, schema) of each resource, data source or provider in the file"""
        for name, (base, body) in self.classes.items():
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider"):
                type_name = re.search(r'static readonly tfResourceType = "(\w+)"', body).group(1)
                yield base, type_name, {"version": 0, "block": self._structure(name, name + "Config", self.kinds[TOP])}

    def _structure(self, class_name, interface, kinds):
        body = self.classes[class_name][1]
        found = list(ATTRIBUTE.finditer(body))
        attributes, blocks = {}, {}
        for one, following in zip(found, [*found[1:], None]):
            name, flags = one.group(1), [flag == "true" for flag in one.groups()[1:]]
            segment = body[one.end():following.start() if following else len(body)]
            nested = self._nested(name, segment, kinds.get(name))
            if nested is None:
                attributes[name] = flagged({"type": self._type(name, segment, kinds.get(name))}, *flags)
                continue
            kind, child, is_one = nested
            if (interface, name) in self.blocks:
                bounds = ({"min_items": 1} if flags[2] else {}) | ({"max_items": 1} if is_one and kind != "struct" else {})
                blocks[name] = {"nesting_mode": "single" if kind == "struct" else kind, "block": child, **bounds}
            else:
                inner = ["object", object_type(child)]
                attributes[name] = flagged({"type": inner if kind == "struct" or (is_one and name not in kinds) else [kind, inner]}, *flags)
        return {"attributes": attributes, **({"block_types": blocks} if blocks else {})}

    def _nested(self, name, segment, kind):
        """(kind, structure, at most one) of what has attributes of its own, else None"""
        made = re.search(rf"new (\w+)\(this, \"{name}\"(?:, (true|false))?\)", segment)
        if made:
            class_name, is_set = made.group(1), made.group(2) == "true"
            is_one = class_name.endswith("OutputReference")
            stem = re.sub(r"(OutputReference|List|Map)$", "", class_name)
            default = "set" if is_set else "map" if self.classes[class_name][0] == "ComplexMap" else "list"
            return kind[1] if kind else default, self._structure(stem + "OutputReference", stem, self.kinds.get(stem, {})), is_one
        if kind and kind[0] and kind[2][:1].isupper():  # the provider has interfaces only
            return kind[1], self._interface(kind[2].removesuffix("List")), False
        return None

    def _interface(self, stem):
        begin = self.text.index(f"export interface {stem} {{")
        body = self.text[begin:self.text.index("\n}\n", begin)]
        attributes = {}
        for name, kind in self.kinds.get(stem, {}).items():
            camel = re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)
            is_required = bool(re.search(rf"readonly {camel}:", body))
            attributes[name] = flagged({"type": self._type(name, "", kind)}, False, not is_required, is_required)
        return {"attributes": attributes}

    @staticmethod
    def _type(name, segment, kind):
        """The type of an attribute without attributes of its own."""
        if kind:
            _, collection, storage = kind
            if collection == "simple":
                return PRIMITIVES[storage]
            written = re.fullmatch(r"(string|number|boolean|any)((?:List|Map)*)", storage)
            if written:
                # The name goes from the inside out; the outermost collection is the one that `kind` names, since a set is written List.
                result, wraps = PRIMITIVES[written.group(1)], re.findall(r"List|Map", written.group(2))
                for wrap in wraps[:-1]:
                    result = [wrap.lower(), result]
                return [collection, result] if wraps else result
        library_map = re.search(rf"new cdktf\.(\w+)\(this, \"{name}\"", segment)
        if library_map:
            return ["map", MAPS.get(library_map.group(1), "string")]
        reader = re.search(rf"(cdktf\.Fn\.tolist\()?this\.(?:get(\w+)Attribute|interpolationForAttribute)\('{name}'\)", segment)
        if not reader:
            return "dynamic"
        collection = "set" if reader.group(1) else "list"
        lists = {"List": [collection, "string"], "NumberList": [collection, "number"]}
        return {**READERS, **lists}.get(reader.group(2), "dynamic")


def directory_of(type_name):
    """data.aws_x_y → data-aws-x-y, aws_x_y → x-y"""
    return type_name.replace("data.", "data-").replace("_", "-") if type_name.startswith("data.") else type_name.removeprefix("aws_").replace("_", "-")


def main():
    package, types, out = map(pathlib.Path, sys.argv[1:])
    wanted = {line.split("#")[0].strip() for line in types.read_text().splitlines()} - {""}
    provider, resources, data_sources = None, {}, {}
    for text in sources(package, {"provider", *map(directory_of, wanted)}).values():
        for base, type_name, schema in Source(text).schemas():
            if base == "TerraformProvider":
                provider = schema
            else:
                (resources if base == "TerraformResource" else data_sources)[type_name] = schema
    missing = wanted - set(resources) - {"data." + name for name in data_sources}
    if missing:
        sys.exit(f"not in the package: {sorted(missing)}")
    schemas = {"provider": provider, "resource_schemas": resources, "data_source_schemas": data_sources}
    fresh = out.with_suffix(".new")
    fresh.write_text(json.dumps({"format_version": "1.0", "provider_schemas": {"registry.terraform.io/hashicorp/aws": schemas}}, sort_keys=True))
    fresh.replace(out)


if __name__ == "__main__":
    main()
