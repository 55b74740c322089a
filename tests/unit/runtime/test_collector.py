"""The cyclic collector looks once at what stays."""

import gc

import pytest

from pointsman.runtime import collector


@pytest.fixture
def own_collector():
    """The process's collector as it was, afterwards."""
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_outlives_a_long_collection_is_not_looked_at_again(own_collector, monkeypatch):
    monkeypatch.setattr(collector, "LONG_SECONDS", 0.0)
    collector.keep_pauses_short()
    kept = [[] for _ in range(100)]
    gc.collect()
    assert gc.get_freeze_count() > 100
    assert not any(each is kept[0] for each in gc.get_objects())


def test_a_short_collection_freezes_nothing(own_collector, monkeypatch):
    monkeypatch.setattr(collector, "LONG_SECONDS", 3600.0)
    collector.keep_pauses_short()
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() == before


def test_building_very_much_is_not_interrupted_and_frozen_afterwards(own_collector):
    with collector.paused():
        assert not gc.isenabled()
        built = [[] for _ in range(100)]
    assert gc.isenabled()
    assert not any(each is built[0] for each in gc.get_objects())
