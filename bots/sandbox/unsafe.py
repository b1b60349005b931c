"""The project's own sample bots without any sandbox: for a look at the product on a machine that cannot make one.

bots/runtime.py alone chooses this, see there. A bot is recognised by the hash of its code, and what then runs is the
file of this checkout, never what was uploaded. Model files are not recognised by anything (the demo trains its own
anew each time, and a pickle is code), so a bot that has one is refused like a stranger's.
"""

from __future__ import annotations

import copy
import hashlib
import time
from pathlib import Path
from types import ModuleType

from bot_sdk.bot import CustomBot
from bot_sdk.runtime import ask_bot, candles_frame, create_bot, describe, find_bot_class
from bots.sandbox import tiers
from bots.sandbox.loader import ENTRY, bot_traceback
from bots.sandbox.types import AskRequest, BotPackage, Outcome, OutcomeStatus, SandboxUnavailable

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


class SamplePool:
    """With the face of `WorkerPool`, but in this process, in which a bot could do anything, and without limits."""

    def __init__(self, folder: Path = SAMPLES) -> None:
        sources = [path.read_bytes() for path in sorted(folder.glob(f"*/{ENTRY}"))]
        self._sources = {hashlib.sha256(source).hexdigest(): source for source in sources}

    def describe(self, package: BotPackage) -> Outcome:
        """What the sample's class says of itself. Raises SandboxUnavailable for any other bot."""
        return Outcome(OutcomeStatus.OK, description={**describe(self._bot_class(package)), "files": []})

    def ask(self, package: BotPackage, requests: list[AskRequest]) -> list[Outcome]:
        """One Outcome per request, in order. Raises SandboxUnavailable for whatever is not a sample."""
        bot_class = self._bot_class(package)
        return [_answer(bot_class, request) for request in requests]

    def close(self) -> None:
        """Nothing was started."""

    def _bot_class(self, package: BotPackage) -> type[CustomBot]:
        strange = [file for file in package.manifest if file.file_type != "CODE" or file.sha256 not in self._sources]
        if strange or len(package.manifest) != 1:
            what = f"{strange[0].name} is not the code of one" if strange else "this bot has several files"
            raise SandboxUnavailable(
                f"{tiers.probe().sentence}. Without a sandbox only this project's own sample bots run: {what}"
            )
        module = ModuleType(f"sample_{package.manifest[0].sha256}")
        exec(compile(self._sources[package.manifest[0].sha256], ENTRY, "exec"), module.__dict__)  # noqa: S102
        return find_bot_class(module)


def _answer(bot_class: type[CustomBot], request: AskRequest) -> Outcome:
    started = time.monotonic()
    try:
        bot = create_bot(bot_class, strategy_config=dict(request.strategy_config), models={})
        bot.state = copy.deepcopy(request.state)
        # Copies: a bot may write to what it is given, and the caller keeps its arrays.
        action = ask_bot(bot, candles_frame(request.open_times.copy(), request.values.copy()))
    except Exception as error:  # noqa: BLE001  (a sample that somebody is working on)
        error_text, spent = bot_traceback(error, [ENTRY]), time.monotonic() - started
        return Outcome(OutcomeStatus.RUNTIME_ERROR, state=request.state, error=error_text, duration_seconds=spent)
    return Outcome(OutcomeStatus.OK, action, bot.state, duration_seconds=time.monotonic() - started)
