"""The bots that benchmarks/sandbox.py measures: their code, and models trained on a random walk."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot_sdk import CustomBot
from bot_sdk.candles import random_walk
from bot_sdk.files import load_bytes
from bot_sdk.runtime import create_bot
from bots.sandbox.types import BotPackage, PackageFile, manifest_hash

EMPTY = """
from bot_sdk import Action, CustomBot


class Empty(CustomBot):
    def analyze_market(self, market_data):
        return Action(Action.HOLD, 1.0)
"""
TWO_MEANS = """
from bot_sdk import Action, CustomBot


class TwoMeans(CustomBot):
    def analyze_market(self, market_data):
        close = market_data["close"]
        fast = close.rolling(10).mean().iloc[-1]
        slow = close.rolling(30).mean().iloc[-1]
        return Action(Action.BUY if fast > slow else Action.SELL, float(close.iloc[-1]))
"""
# Uses all that a bot has: its parameters, state, reason and log.
TALKATIVE = """
from bot_sdk import Action, CustomBot


class Talkative(CustomBot):
    default_config = {"window": 20}

    def analyze_market(self, market_data):
        close = market_data["close"]
        self.state["seen"] = [*self.state.get("seen", [])[-19:], float(close.iloc[-1])]
        mean = close.rolling(self.config["window"]).mean().iloc[-1]
        print("close", close.iloc[-1], "mean", mean)
        return Action(Action.HOLD, float(close.iloc[-1]), f"mean {mean:.2f}")
"""
# Eight returns; the model's answer decides.
MODEL = """
import numpy as np
from bot_sdk import Action, CustomBot


class Model(CustomBot):
    def analyze_market(self, market_data):
        close = market_data["close"].to_numpy()
        features = np.diff(np.log(close[-9:])).reshape(1, -1)
        up = float(np.ravel(self.models["MODEL"].predict(features))[-1])
        return Action(Action.BUY if up > 0.5 else Action.SELL, float(close[-1]))
"""
LSTM = """
import numpy as np
import torch
from bot_sdk import Action, CustomBot


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(5, 32, batch_first=True)
        self.out = torch.nn.Linear(32, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


class Lstm(CustomBot):
    def load_models(self, models_dict):
        self.network = Network().eval()
        self.network.load_state_dict(models_dict["WEIGHTS"])

    def analyze_market(self, market_data):
        values = market_data.to_numpy()[-64:]
        window = torch.from_numpy((values / values[0]).astype(np.float32))[None]
        with torch.inference_mode():
            up = float(self.network(window))
        return Action(Action.BUY if up > 0 else Action.SELL, float(values[-1, 3]))
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A bot as a package for the sandbox, and the same one made in this process."""

    name: str
    package: BotPackage
    plain: CustomBot


def subjects(folder: Path) -> Iterator[Subject]:
    """Those whose libraries are installed."""
    yield _subject(folder, "empty", EMPTY)
    yield _subject(folder, "pandas", TWO_MEANS)
    features, labels = _examples()
    for name, framework, train in (
        ("XGBoost", "XGBOOST", _xgboost),
        ("LightGBM", "LIGHTGBM", _lightgbm),
        ("forest", "SKLEARN", _forest),
    ):
        if importlib.util.find_spec({"forest": "sklearn"}.get(name, name.lower())):
            file_name, data = train(features, labels)
            yield _subject(folder, name, MODEL, file_name, data, "MODEL", framework)
    if importlib.util.find_spec("torch"):
        yield _subject(folder, "LSTM", LSTM, "weights.pt", _lstm(), "WEIGHTS", "PYTORCH")


def _subject(
    folder: Path, name: str, code: str, file_name: str = "", data: bytes = b"", file_type: str = "", framework: str = ""
) -> Subject:
    place = folder / name
    place.mkdir()
    place.chmod(0o755)
    files = [("bot.py", code.encode(), "CODE", "", "")]
    if file_name:
        files.append((file_name, data, file_type, file_type, framework))
    manifest = []
    for each, content, kind, key, library in files:
        (place / each).write_bytes(content)
        manifest.append(PackageFile(each, kind, key, library, hashlib.sha256(content).hexdigest()))
    models = {file_type: load_bytes(data, name=file_name, file_type=file_type, framework=framework)} if data else {}
    names: dict[str, Any] = {"__name__": f"plain_{name}"}
    exec(code, names)  # noqa: S102  (our own bots, from above)
    classes = [each for each in names.values() if isinstance(each, type) and issubclass(each, CustomBot)]
    [bot_class] = [each for each in classes if each is not CustomBot]
    package = BotPackage(manifest_hash(manifest), place, tuple(manifest))
    return Subject(name, package, create_bot(bot_class, strategy_config={}, models=models))


def _examples() -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 8): log returns; labels (n,): whether the next one is up."""
    returns = np.diff(np.log(random_walk(6000, seed=3)[:, 3]))
    windows = np.lib.stride_tricks.sliding_window_view(returns, 9)
    return np.ascontiguousarray(windows[:, :8]), (windows[:, 8] > 0).astype(int)


def _xgboost(features: np.ndarray, labels: np.ndarray) -> tuple[str, bytes]:
    import xgboost

    parameters = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(features, labels), num_boost_round=200)
    return "model.json", bytes(booster.save_raw("json"))


def _lightgbm(features: np.ndarray, labels: np.ndarray) -> tuple[str, bytes]:
    import lightgbm

    parameters = {"objective": "binary", "num_leaves": 15, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(features, labels), num_boost_round=200)
    return "model.txt", booster.model_to_string().encode()


def _forest(features: np.ndarray, labels: np.ndarray) -> tuple[str, bytes]:
    import joblib
    from sklearn.ensemble import RandomForestClassifier

    file = io.BytesIO()
    joblib.dump(RandomForestClassifier(n_estimators=50, max_depth=6, random_state=1).fit(features, labels), file)
    return "model.joblib", file.getvalue()


def _lstm() -> bytes:
    import torch

    torch.manual_seed(1)
    torch.set_num_threads(1)
    names: dict[str, Any] = {"__name__": "network"}
    exec(LSTM, names)  # noqa: S102  (our own bot, from above)
    file = io.BytesIO()
    torch.save(names["Network"]().state_dict(), file)
    return file.getvalue()
