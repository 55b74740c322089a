"""Facts: what was decided. They are stored for ever, so fields are only ever added, always with a default.

A field that is None in an …Updated fact did not change. Times are microseconds, deadlines absolute.
"""

# ruff: noqa: F403, F405 - each module names its facts once, in its classes and in its union

from pointsman.domain.facts.account import *
from pointsman.domain.facts.base import *
from pointsman.domain.facts.outside import *
from pointsman.domain.facts.settings import *
from pointsman.domain.facts.tasks import *
from pointsman.domain.facts.transfers import *
from pointsman.domain.facts.workers import *

AnyFact = SettingsFact | WorkerFact | TaskFact | TransferFact | OutsideFact | AccountFact
