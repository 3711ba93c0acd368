"""Many jobs at once: threads that share one connector, its tokens and its groups of small requests.

Jobs are leased by the dozen; memory holds no more than those, and the counts.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable

from emulator.kernel.clock import monotonic
from emulator.kernel.doc import Doc
from emulator.office365.connector import Connector
from emulator.office365.jobs import Job

AT_ONCE = 50
"""Jobs of one lease."""
Progress = Callable[["Tally"], None]


class Tally:
    """What has been done: counts by outcome and by kind, and since when."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.began = monotonic()
        self.failures: deque[Doc] = deque(maxlen=20)

    def take(self, done: Doc) -> None:
        self.outcomes[str(done["outcome"])] += 1
        self.kinds[str(done["kind"])] += 1
        if done["outcome"] == "failed":
            self.failures.append(done)

    @property
    def jobs(self) -> int:
        return sum(self.outcomes.values())

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / max(0.001, monotonic() - self.began)


class Runner:
    """Runs an org's due jobs with several threads until nothing is due, or `stop` is set."""

    def __init__(self, connector: Connector, *, threads: int = 8, progress: Progress | None = None) -> None:
        self._connector = connector
        self._threads = threads
        self._progress = progress
        self._waiting: deque[Job] = deque()
        self._refill = threading.Lock()
        self._counting = threading.Lock()
        self._errors: list[BaseException] = []
        self._dry = False
        self.stop = threading.Event()
        self.tally = Tally()

    def run(self) -> Tally:
        """Work until nothing is due. Raises what a thread met: `Unreachable`, `LabError`."""
        while not self.stop.is_set():
            self._dry = False
            before = self.tally.jobs
            threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if not self._errors:
                self._connector.port.flush()
            if self._errors:
                raise self._errors[0]
            if self.tally.jobs == before:
                break
        return self.tally

    def _work(self) -> None:
        try:
            while not self.stop.is_set() and not self._errors:
                job = self._take()
                if job is None:
                    return
                done = self._connector.work_on(job)
                with self._counting:
                    self.tally.take(done)
                    if self._progress is not None:
                        self._progress(self.tally)
        except BaseException as error:
            self._errors.append(error)

    def _take(self) -> Job | None:
        """The next job; one thread leases while the others go on with what is there."""
        while True:
            try:
                return self._waiting.popleft()
            except IndexError:
                pass
            with self._refill:
                if self._waiting:
                    continue
                if self._dry:
                    return None
                self._connector.port.flush()
                found = self._connector.lease(AT_ONCE)
                self._waiting.extend(found)
                self._dry = not found and self._connector.port.worked is None
