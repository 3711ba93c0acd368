"""Time measured against this machine: a bound in seconds says more about the machine than about the code."""

from collections.abc import Callable
from time import perf_counter


def fixed() -> int:
    """A fixed piece of work of the interpreter (words, dicts, sorting): 2 ms on the machine that bounds were set on."""
    made = {f"{number * 7919 % 4001:05d}": [number, {"of": number % 97}] for number in range(3_700)}
    return sum(len(made[name]) for name in sorted(made))


def paces(work: Callable[[], object], *, rounds: int = 20) -> float:
    """How many times the fixed work `work` takes: the best of each, taken in turns."""
    best, unit = float("inf"), float("inf")
    for _ in range(rounds):
        unit, best = min(unit, seconds(fixed)), min(best, seconds(work))
    return best / unit


def seconds(work: Callable[[], object]) -> float:
    before = perf_counter()
    work()
    return perf_counter() - before
