"""What can end a demo."""


class DemoError(Exception):
    """Why the demo cannot start or go on: a sentence for the terminal, and the exit status."""

    def __init__(self, sentence: str, *, exit_status: int = 1) -> None:
        super().__init__(sentence)
        self.exit_status = exit_status


class WaitedInVain(DemoError):
    """A condition that was waited for did not come true in its time."""


class StopRequested(Exception):
    """Ctrl-C or SIGTERM arrived; raised only where the supervisor waits."""
