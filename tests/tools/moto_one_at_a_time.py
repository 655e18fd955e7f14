"""moto's server, with one DynamoDB call at a time.

moto looks at a condition and writes without a lock, and a transaction that fails puts the whole table back as it found it: two calls at once can
both pass one condition, and a failed transaction undoes what others wrote meanwhile. DynamoDB does neither.
"""

import sys
import threading

from moto.dynamodb.responses import DynamoHandler
from moto.server import main

one_at_a_time = threading.RLock()
call_action = DynamoHandler.call_action


def call_alone(self):
    with one_at_a_time:
        return call_action(self)


DynamoHandler.call_action = call_alone
sys.exit(main())
