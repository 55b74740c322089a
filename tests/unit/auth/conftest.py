from collections.abc import Iterator

import pytest

from .directory import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.close()
