import threading

import pytest

from api.web import rates
from api.web.problems import Problem


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


def test_a_window_is_spent_and_comes_back():
    clock = Clock()
    limited = rates.Rates("2/minute", clock=clock)
    limited.spend("a")
    limited.spend("a")
    clock.now += 20
    with pytest.raises(Problem) as refused:
        limited.spend("a")
    assert refused.value.headers == {"Retry-After": "40"}
    limited.spend("b")
    clock.now += 40
    limited.spend("a")


def test_the_narrowest_of_several_limits_decides():
    clock = Clock()
    limited = rates.Rates("2/second;3/hour", clock=clock)
    for _ in range(3):
        limited.spend("a")
        clock.now += 1
    with pytest.raises(Problem) as refused:
        limited.spend("a")
    assert int(refused.value.headers["Retry-After"]) > 3000


def test_limits_that_are_none_are_refused():
    with pytest.raises(ValueError, match="parse rate limit"):
        rates.Rates("lots")


def test_old_windows_are_forgotten(monkeypatch):
    monkeypatch.setattr(rates, "_MOST_KEPT", 10)
    clock = Clock()
    windows = rates.Windows(clock)
    for n in range(10):
        windows.incr(str(n), 1)
    clock.now += 2
    windows.incr("new", 1)
    assert windows.reset() == 1


def test_threads_count_together():
    windows = rates.Windows()
    threads = [threading.Thread(target=lambda: [windows.incr("a", 60) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert windows.get("a") == 4000
