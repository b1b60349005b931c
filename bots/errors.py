"""What can be refused about a bot: a sentence for a person and, where it applies, the field it is about."""

from __future__ import annotations


class BotError(Exception):
    code = "bot_error"
    status_code = 400

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidBotFile(BotError):
    code = "invalid_file"


class FileTooLarge(InvalidBotFile):
    code = "file_too_large"
    status_code = 413


class InvalidTransition(BotError):
    """The version is not in a state that allows this."""

    code = "invalid_transition"
    status_code = 409


class NotAllowed(BotError):
    """The actor may not do this to this bot (a moderator to their own, say)."""

    code = "not_allowed"
    status_code = 403


class SandboxUnavailable(BotError):
    """Bot code cannot be run safely here and now."""

    code = "sandbox_unavailable"
    status_code = 503
