"""Reads the few things that tests and documentation want of Terraform files. Counts on `terraform fmt`: what begins in the first column ends there."""
import re
from dataclasses import dataclass

BLOCK = re.compile(r'^(\w+)((?: "[^"\n]*")*) \{(?:\}|\n(.*?)^\})', re.M | re.S)
ATTRIBUTE = re.compile(r"^  (\w+) += (.*)$", re.M)
HEREDOC = re.compile(r"<<(-?)(\w+)\n(.*?)\n\s*\2$", re.S)


@dataclass(frozen=True)
class Block:
    kind: str
    labels: tuple
    body: str

    def attribute(self, name):
        """The expression as it is written, or None."""
        for found in ATTRIBUTE.finditer(self.body):
            if found.group(1) == name:
                return self._expression(found)
        return None

    def _expression(self, found):
        first, lines = found.group(2), self.body[found.end() + 1:].splitlines()
        if "<<" in first:
            word = re.search(r"<<-?(\w+)", first).group(1)
            end = next(i for i, line in enumerate(lines) if line.strip() == word)
            return "\n".join([first, *lines[: end + 1]])
        if not re.search(r"[\[({]$", first):
            return first
        # An expression over several lines ends with a closing bracket as deep as its attribute.
        end = next(i for i, line in enumerate(lines) if re.match(r"  [\])}]", line))
        return "\n".join([first, *(line[2:] for line in lines[: end + 1])])

    def text(self, name):
        """The string that an attribute is; empty when it is not there."""
        written = self.attribute(name) or ""
        heredoc = HEREDOC.fullmatch(written)
        if heredoc:
            return "\n".join(line.strip() for line in heredoc.group(3).splitlines())
        return re.sub(r'\\(["\\])', r"\1", written[1:-1]) if written[:1] == '"' else written


def without_comments(text):
    """Comments over whole lines go; what follows code stays, since a # may be part of a string."""
    return re.sub(r"^\s*(#|//).*\n", "", text, flags=re.M)


def blocks(text):
    return [Block(found.group(1), tuple(re.findall(r'"([^"]*)"', found.group(2))), found.group(3) or "") for found in BLOCK.finditer(text)]


def read(directory):
    """The blocks of the *.tf files of a directory, in order of files and lines."""
    return [block for path in sorted(directory.glob("*.tf")) for block in blocks(path.read_text())]


def types_of(found):
    """Resource types as aws_x, data sources as data.aws_x."""
    prefix = {"resource": "", "data": "data."}
    return {prefix[block.kind] + block.labels[0] for block in found if block.kind in prefix}


def provider_requirements(found):
    """provider → (source, version), from the required_providers block"""
    needed = {}
    for block in found:
        if block.kind == "terraform":
            for name, body in re.findall(r"^    (\w+) = \{\n(.*?)^    \}", block.body, re.M | re.S):
                entry = dict(re.findall(r'(\w+)\s*= "([^"]*)"', body))
                needed[name] = (entry.get("source", ""), entry.get("version", ""))
    return needed
