"""A synthetic shop: shoppers, sessions, orders, refunds and what goes wrong on the way, as a stream of messages.

    for message in simulate(SimulationConfig(events=50_000, days=7, seed=1)):
        ...

`publish_to_topic` and `write_to_file` send such a stream away and count what they sent.
"""

from producer.config import ConfigError, Plan, SimulationConfig, make_plan
from producer.ledger import Summary
from producer.messages import Message
from producer.poison import POISON_KINDS, PoisonKind
from producer.publish import PublishFailed, publish_to_topic
from producer.pubsub import TopicUnavailable, is_topic
from producer.simulation import simulate
from producer.truth import TruthRecord, read_truth
from producer.write import write_to_file

__all__ = [
    "POISON_KINDS",
    "ConfigError",
    "Message",
    "Plan",
    "PoisonKind",
    "PublishFailed",
    "SimulationConfig",
    "Summary",
    "TopicUnavailable",
    "TruthRecord",
    "is_topic",
    "make_plan",
    "publish_to_topic",
    "read_truth",
    "simulate",
    "write_to_file",
]
