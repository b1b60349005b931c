"""Models that were really trained, saved and loaded again, and the other kinds of file."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bot_sdk.files import UnsupportedFramework, default_key, load_bytes, load_file

RNG = np.random.default_rng(1)
FEATURES = RNG.normal(size=(200, 3))
LABELS = (FEATURES[:, 0] + 0.1 * RNG.normal(size=200) > 0).astype(int)


@pytest.fixture(scope="module")
def booster() -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1).fit(FEATURES, LABELS)


@pytest.mark.parametrize("name", ["model.json", "model.ubj", "no suffix at all"])
def test_xgboost(booster: xgboost.XGBClassifier, tmp_path: Path, name: str) -> None:
    raw = bytes(booster.get_booster().save_raw("json" if name.endswith("json") else "ubj"))
    (tmp_path / name).write_bytes(raw)
    model = load_file(tmp_path / name, file_type="MODEL", framework="XGBOOST")
    predicted = model.predict(FEATURES)
    assert predicted.shape == (200,)
    assert predicted == pytest.approx(booster.predict_proba(FEATURES)[:, 1])
    assert model.predict(FEATURES[:1].tolist()).shape == (1,)


def test_xgboost_regression_and_classes() -> None:
    values = xgboost.XGBRegressor(n_estimators=3, n_jobs=1).fit(FEATURES, FEATURES[:, 1])
    model = load_bytes(bytes(values.get_booster().save_raw()), name="m.ubj", file_type="MODEL", framework="XGBOOST")
    assert model.predict(FEATURES) == pytest.approx(values.predict(FEATURES))
    three = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(FEATURES, np.arange(200) % 3)
    model = load_bytes(bytes(three.get_booster().save_raw()), name="m.ubj", file_type="MODEL", framework="XGBOOST")
    assert model.predict(FEATURES).shape == (200, 3)


def test_a_wrapped_booster_is_still_a_booster(booster: xgboost.XGBClassifier) -> None:
    raw = bytes(booster.get_booster().save_raw())
    model = load_bytes(raw, name="m.ubj", file_type="MODEL", framework="XGBOOST")
    assert model.num_features() == 3
    assert copy.deepcopy(model).predict(FEATURES[:1]) == pytest.approx(model.predict(FEATURES[:1]))
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = model.no_such_thing


def test_lightgbm(tmp_path: Path) -> None:
    try:
        import lightgbm
    except OSError as error:
        pytest.skip(f"LightGBM needs the system library libgomp1: {error}")
    data = lightgbm.Dataset(FEATURES, LABELS)
    trained = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, num_boost_round=5)
    trained.save_model(tmp_path / "model.txt")
    model = load_file(tmp_path / "model.txt", file_type="MODEL", framework="LIGHTGBM")
    assert model.predict(FEATURES).shape == (200,)
    assert model.predict(FEATURES) == pytest.approx(trained.predict(FEATURES))


@pytest.mark.parametrize("framework", ["SKLEARN", "sklearn", ""])
def test_sklearn(tmp_path: Path, framework: str) -> None:
    forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(FEATURES, LABELS)
    joblib.dump(forest, tmp_path / "model.joblib", compress=3)
    model = load_file(tmp_path / "model.joblib", file_type="MODEL", framework=framework)
    assert (model.predict(FEATURES) == forest.predict(FEATURES)).all()


def test_a_scaler_and_a_plain_pickle(tmp_path: Path) -> None:
    joblib.dump(StandardScaler().fit(FEATURES), tmp_path / "scaler.joblib")
    scaler = load_file(tmp_path / "scaler.joblib", file_type="DATA", framework="SKLEARN")
    assert scaler.transform(FEATURES).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(LogisticRegression().fit(FEATURES, LABELS)))
    assert load_file(tmp_path / "model.pkl", file_type="MODEL").predict(FEATURES).shape == (200,)


def test_other_files() -> None:
    assert load_bytes(b'{"a": [1]}', name="settings.json", file_type="CONFIG") == {"a": [1]}
    assert load_bytes(b"\x00\x01", name="table.bin", file_type="DATA") == b"\x00\x01"
    table = load_bytes(b"a,b\n1,x\n", name="table.CSV", file_type="DATA")
    pd.testing.assert_frame_equal(table, pd.DataFrame({"a": [1], "b": ["x"]}))


def test_an_unknown_framework_is_named() -> None:
    with pytest.raises(UnsupportedFramework, match="framework CAFFE is not one of SKLEARN, XGBOOST, LIGHTGBM"):
        load_bytes(b"", name="x", file_type="MODEL", framework="caffe")


@pytest.mark.parametrize("framework", ["SKLEARN", "XGBOOST", "LIGHTGBM"])
def test_a_broken_file_raises(framework: str) -> None:
    with pytest.raises(Exception, match=r"."):
        load_bytes(b"this is no model", name="model.bin", file_type="MODEL", framework=framework)


@pytest.mark.parametrize(
    ("file_type", "name", "key"),
    [
        ("MODEL", "model.json", "MODEL"),
        ("DATA", "scaler.joblib", "SCALER"),
        ("MODEL", "Scaler.pkl", "SCALER"),
        ("WEIGHTS", "weights.bin", "WEIGHTS"),
        ("config", "settings.json", "CONFIG"),
    ],
)
def test_default_keys(file_type: str, name: str, key: str) -> None:
    assert default_key(file_type, name) == key
