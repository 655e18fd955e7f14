#!/usr/bin/env python3
"""Fills the generated part of a module's README.md (between the markers) and lints its variables and outputs.

    tfdoc.py [--check] DIRECTORY…     with --check nothing is written; a README that is out of date is an error
"""
import pathlib
import re
import sys

import hcl

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


def problems(found):
    """Sentences on variables and outputs that are not fit to be read."""
    whole = hcl.without_comments("\n".join(block.body for block in found if block.kind != "variable"))
    for variable in _of(found, "variable"):
        name = variable.labels[0]
        others = hcl.without_comments("\n".join(b.body for b in _of(found, "variable") if b is not variable))
        if not variable.text("description"):
            yield f"variable {name} has no description"
        if variable.attribute("type") in (None, "any"):
            yield f"variable {name} has no type"
        if not re.search(rf"\bvar\.{name}\b", whole + others):
            yield f"variable {name} is not used"
    for output in _of(found, "output"):
        if not output.text("description"):
            yield f"output {output.labels[0]} has no description"


def documentation(found):
    """The generated part, as Markdown."""
    sections = [
        ("Requirements", _table(("Name", "Version"), _requirements(found))),
        ("Modules", _table(("Name", "Source"), [(b.labels[0], b.text("source")) for b in _of(found, "module")])),
        ("Resources", "\n".join(f"- `{name}`" for name in _resources(found))),
        ("Inputs", _table(("Name", "Description", "Type", "Default"), map(_input, _of(found, "variable")))),
        ("Outputs", _table(("Name", "Description"), [(f"`{b.labels[0]}`", _cell(b.text("description"))) for b in _of(found, "output")])),
    ]
    return "\n\n".join(f"## {title}\n\n{body}" for title, body in sections if body)


def _of(found, kind):
    return sorted((block for block in found if block.kind == kind), key=lambda block: block.labels)


def _requirements(found):
    terraform = [("terraform", block.text("required_version")) for block in found if block.kind == "terraform"]
    return terraform + [(name, version) for name, (_, version) in sorted(hcl.provider_requirements(found).items())]


def _resources(found):
    prefix = {"resource": "", "data": "data."}
    return sorted(prefix[block.kind] + ".".join(block.labels) for block in found if block.kind in prefix)


def _input(variable):
    default = variable.attribute("default")
    return f"`{variable.labels[0]}`", _cell(variable.text("description")), _code(variable.attribute("type")), "**required**" if default is None else _code(default)


def _table(titles, rows):
    rows = list(rows)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if rows else ""


def _cell(text):
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _code(expression):
    """One line as code; several keep their lines, which Markdown tables have only as HTML."""
    if "\n" not in (expression or ""):
        return f"`{_cell(expression or '')}`"
    escaped = expression.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;").replace("*", "&#42;")
    return "<pre>" + "<br>".join(escaped.splitlines()) + "</pre>"


def filled(readme, found):
    """The README with its generated part; None when it has no place for it."""
    if BEGIN not in readme or END not in readme:
        return None
    return readme[: readme.index(BEGIN)] + f"{BEGIN}\n{documentation(found)}\n" + readme[readme.index(END):]


def check(directory, write):
    """→ what is wrong with a module's README, variables and outputs"""
    found = hcl.read(directory)
    wrong = list(problems(found))
    path = directory / "README.md"
    readme = path.read_text() if path.exists() else f"# {directory.resolve().name}\n\n{BEGIN}\n{END}\n"
    fresh = filled(readme, found)
    if fresh is None:
        wrong.append(f"README.md has no {BEGIN} … {END}")
    elif write and (fresh != readme or not path.exists()):
        path.write_text(fresh)
    elif not write and (fresh != readme or not path.exists()):
        wrong.append("README.md is out of date: make docs-infra")
    return wrong


def main():
    write = "--check" not in sys.argv[1:]
    wrong = [f"{name}: {problem}" for name in sys.argv[1:] if not name.startswith("-") for problem in check(pathlib.Path(name), write)]
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
