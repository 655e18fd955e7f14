"""moto's server, nearer to AWS where the whole road needs it.

- S3's events name the object's version, as those of a versioned bucket do: otherwise no collector would ask for one.
- moto looks at a bucket's policy and not at its conditions, so that each conditional Deny denies everything. Here it looks at none: what policies
  say of the calls is judged from the record of them.
- A topic delivers to queues of other accounts that subscribed themselves.
- Whose keys a call is signed with says in which account it is: MOTO_ACCOUNT_ID is that of keys which nobody gave, and not of all.
- One DynamoDB call at a time, as in the other tests.
"""
import os
import pathlib
import runpy

import moto.iam.models as iam
import moto.s3.notifications as notifications
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.sns.models import SNSBackend, sns_backends

# Standing there it would be everybody's account.
iam.DEFAULT_ACCOUNT_ID = os.environ.pop("MOTO_ACCOUNT_ID", iam.DEFAULT_ACCOUNT_ID)
ROOT = pathlib.Path(__file__).resolve().parents[4]
event_of = notifications._get_s3_event


def with_version(name, bucket, key, configuration):
    event = event_of(name, bucket, key, configuration)
    if key.version_id and key.version_id != "null":
        event["Records"][0]["s3"]["object"]["versionId"] = key.version_id
    return event


def of_all_accounts(backend, topic_arn, next_token=None):
    subscriptions = (one for account in list(sns_backends.values()) for one in account[backend.region_name].subscriptions.values())
    return [one for one in subscriptions if one.topic.arn == topic_arn], None


notifications._get_s3_event = with_version
SNSBackend.list_subscriptions_by_topic = of_all_accounts
FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
runpy.run_path(str(ROOT / "tests/tools/moto_one_at_a_time.py"), run_name="__main__")
