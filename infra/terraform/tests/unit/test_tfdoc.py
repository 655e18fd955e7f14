"""Modules are read and documented, and what is undocumented is found."""
import pytest

import hcl
import tfdoc

MODULE = '''# A comment
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }
}

variable "name" {
  description = "Prefix of a \\"name\\", a|b."
  type        = string
}

variable "network" {
  description = <<-EOT
    Where it runs,
    and how.
  EOT
  type = object({
    vpc_id = string           # the VPC
    ids    = optional(list(string), ["*"])
  })
  default = {
    vpc_id = "v"
  }

  validation {
    condition     = var.network.vpc_id != ""
    error_message = "network: name a VPC."
  }
}

resource "aws_sqs_queue" "this" {
  name = "${var.name}-${var.network.vpc_id}"
}

data "aws_region" "this" {}

module "keys" {
  source = "../keys"
}

output "url" {
  description = "Where it is."
  value       = aws_sqs_queue.this.url
}
'''


@pytest.fixture(name="module")
def a_module(tmp_path):
    (tmp_path / "main.tf").write_text(MODULE)
    (tmp_path / "README.md").write_text(f"# Queue\n\nProse.\n\n{tfdoc.BEGIN}\nold\n{tfdoc.END}\nAfter.\n")
    return tmp_path


def test_the_generated_part_is_filled_and_the_rest_left_alone(module):
    assert tfdoc.check(module, write=False) == ["README.md is out of date: make docs-infra"]
    assert tfdoc.check(module, write=True) == tfdoc.check(module, write=False) == []
    readme = (module / "README.md").read_text()
    assert readme.startswith("# Queue\n\nProse.\n") and readme.endswith(f"{tfdoc.END}\nAfter.\n") and "\nold\n" not in readme
    for row in (
        "| aws | >= 6.25, < 7.0 |", "| keys | ../keys |", "- `aws_sqs_queue.this`", "- `data.aws_region.this`", "| `url` | Where it is. |",
        '| `name` | Prefix of a "name", a\\|b. | `string` | **required** |',
    ):
        assert row in readme.splitlines()
    assert '<pre>object({<br>  vpc_id = string           # the VPC<br>  ids    = optional(list(string), ["&#42;"])<br>})</pre>' in readme
    assert "| Where it runs, and how. |" in readme


@pytest.mark.parametrize(("before", "after", "problem"), [
    ('  description = "Where it is."\n', "", "output url has no description"),
    ("  type        = string\n", "", "variable name has no type"),
    ("  type        = string\n", "  type        = any\n", "variable name has no type"),
    ("${var.name}-", "", "variable name is not used"),
    ("${var.name}-", "# ${var.names}-", "variable name is not used"),
    ("-${var.network.vpc_id}", "", "variable network is not used"),
])
def test_what_is_undocumented_untyped_or_unused_is_found(module, before, after, problem):
    (module / "main.tf").write_text(MODULE.replace(before, after))
    assert problem in tfdoc.check(module, write=True)


def test_a_readme_without_markers_is_found(module):
    (module / "README.md").write_text("# Queue\n")
    assert "has no" in tfdoc.check(module, write=True)[0] and (module / "README.md").read_text() == "# Queue\n"


def test_types_and_providers_are_read(module):
    found = hcl.read(module)
    assert hcl.types_of(found) == {"aws_sqs_queue", "data.aws_region"}
    assert hcl.provider_requirements(found) == {"aws": ("hashicorp/aws", ">= 6.25, < 7.0")}
