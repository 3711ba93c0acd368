"""World time as the servers tell it: the connector has no clock of its own."""

from email.utils import parsedate_to_datetime

from emulator.kernel.exchange import Answer


class ServerTime:
    """World time in milliseconds, from Date headers."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._said = ""

    def hear(self, answer: Answer) -> Answer:
        """Take the time from an answer, and pass the answer on."""
        said = answer.header("date")
        if said and said != self._said:
            try:
                self.now_ms = int(parsedate_to_datetime(said).timestamp() * 1000)
            except ValueError:
                return answer
            self._said = said
        return answer


def retry_after(answer: Answer, now_ms: int) -> int | None:
    """Milliseconds that the answer asks to wait: seconds or an HTTP date; None when it does not say."""
    said = (answer.header("retry-after") or "").strip()
    if said.isascii() and said.isdigit():
        return int(said[:9]) * 1000
    if not said:
        return None
    try:
        return max(0, int(parsedate_to_datetime(said).timestamp() * 1000) - now_ms)
    except ValueError:
        return None
