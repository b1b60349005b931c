"""Runs one built program in this process, with no sandbox at all; started by __main__.py as a throw-away.

Argument: the folder of the package. Prints the reasons it answered with, as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bot_sdk.candles import random_walk
from bot_sdk.files import load_bytes
from bot_sdk.runtime import ask_bot, candles_frame, create_bot, find_bot_class

MINUTE_NS = 60_000_000_000


def main(folder: str, plan: str) -> None:
    how: dict[str, Any] = json.loads(plan)
    sys.path.insert(0, folder)
    bot = importlib.import_module("bot")

    models = {}
    for name, (file_type, key, framework) in how["models"].items():
        data = Path(folder, name).read_bytes()
        models[key] = load_bytes(data, name=name, file_type=file_type, framework=framework)
    bot_class = find_bot_class(bot)
    instances = {stream: create_bot(bot_class, strategy_config={}, models=models) for stream in how["streams"]}
    open_times = np.arange(60, dtype=np.int64) * MINUTE_NS
    reasons = []
    for number in range(how["calls"]):
        time.sleep(how["pause"] if number else 0)
        for stream in how["streams"]:
            action = ask_bot(instances[stream], candles_frame(open_times, random_walk(60, seed=5)))
            reasons.append(action.reason)
    print(f"\nREASONS {json.dumps(reasons)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
