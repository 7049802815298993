"""Messages that break the contract, each made from an otherwise valid event, each knowing its reason code."""

from producer.poison.kinds import PoisonKind
from producer.poison.poisoner import POISON_KINDS, Poisoner

__all__ = ["POISON_KINDS", "PoisonKind", "Poisoner"]
