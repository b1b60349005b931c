"""Train the model and the scaler of the bot beside this file.

    python train.py candles.csv --out . --seed 7

`candles.csv` has the columns open, high, low, close, volume; without it synthetic candles are used.
"""

from __future__ import annotations

import argparse
import runpy
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import xgboost
from sklearn.preprocessing import StandardScaler

from bot_sdk.candles import random_walk

COLUMNS = ["open", "high", "low", "close", "volume"]
HORIZON_CANDLES = 5

# By path, so that it is this folder's bot whatever else is called `bot`: training and trading must agree.
feature_table = runpy.run_path(str(Path(__file__).with_name("bot.py")))["feature_table"]


def train(candles: np.ndarray, out_dir: Path, seed: int = 7) -> tuple[Path, Path]:
    """Fit on candles of shape (n, 5); write `model.json` and `scaler.joblib`. Same input, same files.

    The label of a candle: is the close five candles later higher?
    """
    market_data = pd.DataFrame(candles, columns=COLUMNS)
    close = market_data["close"]
    features = feature_table(market_data)
    later = close.shift(-HORIZON_CANDLES)
    usable = features.notna().all(axis=1) & later.notna()
    rises = (later > close)[usable].to_numpy(dtype=np.int32)

    scaler = StandardScaler().fit(features[usable].to_numpy())
    classifier = xgboost.XGBClassifier(
        n_estimators=80, max_depth=5, learning_rate=0.2, subsample=0.8, random_state=seed, n_jobs=1
    )
    classifier.fit(scaler.transform(features[usable].to_numpy()), rises)

    out_dir.mkdir(parents=True, exist_ok=True)
    model_path, scaler_path = out_dir / "model.json", out_dir / "scaler.joblib"
    classifier.save_model(model_path)
    joblib.dump(scaler, scaler_path)
    return model_path, scaler_path


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model and the scaler of the bot beside this file.")
    parser.add_argument("candles", nargs="?", type=Path, help="CSV file with the candles to learn from")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for model.json and scaler.joblib")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.candles:
        candles = pd.read_csv(arguments.candles)[COLUMNS].to_numpy(dtype=np.float64)
    else:
        candles = random_walk(3000, seed=arguments.seed)
    for path in train(candles, arguments.out, arguments.seed):
        print(path)


if __name__ == "__main__":
    main()
