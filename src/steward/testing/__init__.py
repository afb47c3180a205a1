"""Stand-ins for what Steward calls, for the tests of those who write projects: memory for disks, a clock that stands."""

from steward.testing.challenges import MemoryChallengeStore
from steward.testing.clock import FrozenClock
from steward.testing.journal import MemoryJournal
from steward.testing.keys import MemoryKeyStore
from steward.testing.predictions import MemoryPredictionLog
from steward.testing.served import TINY_DICTIONARY, tiny_served
from steward.testing.tracker import MemoryTracker
from steward.testing.windows import MemorySketchStore, MemoryWindowHistory

__all__ = [
    "TINY_DICTIONARY",
    "FrozenClock",
    "MemoryChallengeStore",
    "MemoryJournal",
    "MemoryKeyStore",
    "MemoryPredictionLog",
    "MemorySketchStore",
    "MemoryTracker",
    "MemoryWindowHistory",
    "tiny_served",
]
