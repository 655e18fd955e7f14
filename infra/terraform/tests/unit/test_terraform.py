"""An invented state never lies where a real apply would find it."""
import pytest

import terraform


@pytest.fixture
def root(tmp_path):
    directory = tmp_path / "root"
    directory.mkdir()
    (directory / "main.tf").write_text('resource "terraform_data" "one" {}\n\noutput "said" {\n  value = "yes"\n}\n')
    found = terraform.Directory(directory, "{}", tmp_path / "data")
    found.init()
    return found


def test_by_hand_a_state_lies_outside_of_the_tree(root):
    def by_hand(*arguments):
        return root.run(*root.with_state(list(arguments)))

    by_hand("plan", "-out", root.data / "plan")
    by_hand("apply", "-no-color", root.data / "plan")
    assert "terraform_data.one" in by_hand("state", "list")
    assert by_hand("output", "-raw", "said") == "yes" and '"said"' in by_hand("show", "-json")
    assert "No changes" in by_hand("plan", "-no-color")
    assert {path.name for path in root.path.iterdir()} - {".terraform.lock.hcl"} == {"main.tf"}
    by_hand("destroy", "-auto-approve")
    assert "terraform_data.one" not in by_hand("state", "list")


@pytest.mark.parametrize("arguments", [["plan", "-state=here.tfstate"], ["plan", "-state", "here.tfstate"], ["validate"], ["state", "pull"], ["show", "plan"]], ids=" ".join)
def test_what_names_its_state_or_has_none_stays_as_it_is(arguments, root):
    assert root.with_state(arguments) == arguments
