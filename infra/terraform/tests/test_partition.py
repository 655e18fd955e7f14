"""GovCloud: nothing that the example makes there names the commercial partition, in a policy or elsewhere."""
import json

from conftest import EXAMPLES
from policy_world import documents_of

GOVCLOUD = next(path for path in EXAMPLES if path.name == "govcloud")


def test_nothing_in_govcloud_names_the_commercial_partition(resources):
    made = resources(GOVCLOUD)
    assert len(documents_of(made)) > 20, "there are policies to look at"
    assert not [address for address, (_, values) in made.items() if "arn:aws:" in json.dumps(values)]


def test_services_are_named_in_govcloud_as_everywhere(resources):
    named = {service for document in documents_of(resources(GOVCLOUD)).values() for statement in document["Statement"]
             if isinstance(statement.get("Principal"), dict) for service in [statement["Principal"].get("Service")] if isinstance(service, str)}
    assert "cloudtrail.amazonaws.com" in named
    assert all(service.endswith(".amazonaws.com") for service in named)
