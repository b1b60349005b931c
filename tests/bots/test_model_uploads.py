"""Uploading a model: its framework is seen from the file, and a wrong word about it is refused with a way out."""

from __future__ import annotations

import importlib.util
import io
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from rest_framework.test import APIClient

from bot_sdk import formats
from bots import publishing
from bots.errors import InvalidBotFile
from bots.models import Bot, BotFile
from bots.uploads import ALLOWED_SUFFIXES, check_framework
from tests.model_files import MAKERS, make

Upload = Callable[..., Any]


@pytest.fixture
def upload(author: User, api: Callable[[User | None], APIClient], db: None) -> Upload:
    """`upload(name, content, **fields)` through the REST API, as a MODEL unless told otherwise."""
    client = api(author)
    bot = publishing.create_bot(author=author, name="Mine", bot_type=Bot.Type.ML)

    def post(name: str, content: bytes, **fields: str) -> Any:
        body = {"file": SimpleUploadedFile(name, content), "file_type": "MODEL", **fields}
        return client.post(f"/api/bots/{bot.pk}/upload-file", body, format="multipart")

    return post


@pytest.fixture
def nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with every framework: uploading imports none of them."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def refusal(answer: Any, field: str = "model_framework") -> str:
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert error["field"] == field
    assert not BotFile.objects.exists()
    return str(error["message"])


@pytest.mark.parametrize("name", MAKERS)
def test_the_framework_is_seen_from_the_file(name: str, upload: Upload) -> None:
    file = make(name)
    made = upload(file.name, file.data)
    assert made.status_code == 201, made.content
    assert made.json()["model_framework"] == file.framework
    assert upload(file.name, file.data, model_framework=file.framework.lower()).status_code == 201


def test_what_the_uploader_says_must_be_what_the_file_is(upload: Upload) -> None:
    answer = upload("model.json", make("XGBoost, JSON").data, model_framework="LightGBM")
    assert refusal(answer) == (
        "model_framework says LIGHTGBM, but this file is an XGBoost model in JSON: XGBOOST. "
        "Correct model_framework, or leave it out."
    )


def test_the_name_of_a_file_decides_nothing(upload: Upload) -> None:
    answer = upload("model.keras", make("scikit-learn, joblib").data, model_framework="KERAS")
    assert "model_framework says KERAS, but this file is a pickle" in refusal(answer)
    assert upload("model.onnx", make("XGBoost, UBJ").data).json()["model_framework"] == "XGBOOST"


def test_a_file_that_is_not_of_the_framework(upload: Upload) -> None:
    assert refusal(upload("model.json", b'{"weights": [1]}', model_framework="XGBOOST")) == (
        "model_framework says XGBOOST, but this file is none of these: "
        "an XGBoost model in JSON, an XGBoost model in UBJSON."
    )


def test_a_file_that_is_of_no_framework(upload: Upload) -> None:
    assert "no model file of SKLEARN, XGBOOST, LIGHTGBM, ONNX, PYTORCH, KERAS" in refusal(upload("model.txt", b"hello"))


def test_a_framework_that_nobody_knows(upload: Upload) -> None:
    answer = upload("model.onnx", b"", model_framework="CAFFE")
    assert "file" in refusal(answer, field="file")  # it is empty, which comes first
    answer = upload("model.onnx", b"hello", model_framework="CAFFE")
    assert "“CAFFE” is not a known framework. Known: SKLEARN, XGBOOST" in refusal(answer)


class Network:
    pass


def test_a_whole_pickled_module_is_told_what_to_save_instead(upload: Upload, nothing_is_missing: None) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Network(), 2))
    for said in ({}, {"model_framework": "PYTORCH"}):
        message = refusal(upload("model.pt", file.getvalue(), **said), field="file")
        assert "torch.save(model.state_dict(), ...)" in message
        assert "TorchScript" in message


# A file of each format that needs packages which a machine may be without; these few bytes are enough to tell.
SMALL = {
    formats.ONNX: b"\x08\x08\x3a\x01a",
    formats.SAFETENSORS: (10).to_bytes(8, "little") + b'{"a": {}} ',
    formats.KERAS_H5: b"\x89HDF\r\n\x1a\n",
}


@pytest.mark.parametrize("found", SMALL, ids=lambda found: found.framework)
def test_a_framework_that_is_not_installed_here(
    found: formats.Format, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == found.packages[0] else name)
    message = refusal(upload(f"model{found.suffixes[0]}", SMALL[found]))
    assert message.startswith(f"This file is {found.title}, and {found.packages[0]} is not installed on this site")
    assert "another model_framework" in message
    assert "./run setup --deep-learning" in message


@pytest.mark.parametrize("found", SMALL, ids=lambda found: found.framework)
def test_looking_at_a_file_imports_no_framework(
    found: formats.Format, nothing_is_missing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in found.packages:
        monkeypatch.setitem(sys.modules, package, None)  # from now on importing it is an error
    assert check_framework("", "MODEL", io.BytesIO(SMALL[found])) == found.framework


def test_a_file_on_the_disk_is_looked_at_as_well(tmp_path: Path) -> None:
    with TemporaryUploadedFile("model.json", "", 0, None) as large:
        large.write(make("XGBoost, JSON").data)
        assert check_framework("", "WEIGHTS", large) == "XGBOOST"  # type: ignore[arg-type]
        with pytest.raises(InvalidBotFile):
            check_framework("ONNX", "WEIGHTS", large)  # type: ignore[arg-type]


def test_code_and_data_have_no_framework(upload: Upload) -> None:
    made = upload("bot.py", b"x = 1\n", file_type="CODE", model_framework="XGBOOST")
    assert made.json()["model_framework"] == ""
    assert upload("data.csv", b"a\n1\n", file_type="DATA").json()["model_framework"] == ""


def test_every_framework_of_the_sdk_can_be_stored() -> None:
    assert {each.framework for each in formats.FORMATS} == set(BotFile.Framework.values) - {""}
    suffixes = set(ALLOWED_SUFFIXES[BotFile.Type.MODEL])
    assert {".skops", ".onnx", ".pt", ".pth", ".safetensors", ".keras", ".h5"} <= suffixes
    assert ".so" not in suffixes
