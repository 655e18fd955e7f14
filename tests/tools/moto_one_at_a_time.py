"""moto's server, with one call at a time, of DynamoDB and of everything that is no object and no message.

moto looks at a DynamoDB condition and writes without a lock, and a transaction that fails puts the whole table back as it found it: two calls at once
can both pass one condition, and a failed transaction undoes what others wrote meanwhile. DynamoDB does neither. And what `terraform apply` asks for at
once fails where one call makes a role while another goes through them all. S3 and SQS stay as they are: the one is what is fast, and the other waits.

Where ACCOUNTS_JOINED_AT names a time, accounts of an organization joined then, and those that are made are 111122220001, 111122220002, and so on: the
accounts of an invented trail. moto's own have random ids and joined now.
"""

import contextlib
import datetime
import itertools
import os
import sys
import threading

from moto.core.responses import BaseResponse
from moto.dynamodb.responses import DynamoHandler
from moto.organizations import models as organizations
from moto.s3.responses import S3Response
from moto.server import main
from moto.sqs.responses import SQSResponse

one_at_a_time = threading.RLock()


def alone(call_action):
    def call_alone(self):
        with contextlib.nullcontext() if isinstance(self, (S3Response, SQSResponse)) else one_at_a_time:
            return call_action(self)

    return call_alone


for handler in (BaseResponse, DynamoHandler):
    if "call_action" in vars(handler):
        handler.call_action = alone(handler.call_action)
if joined_at := os.environ.get("ACCOUNTS_JOINED_AT"):
    # Number 0 is of the management account, whose id moto then replaces.
    numbers = itertools.count(111122220000)
    organizations.utils.make_random_account_id = lambda: str(next(numbers))
    organizations.utcnow = lambda: datetime.datetime.fromisoformat(joined_at)
sys.exit(main())
