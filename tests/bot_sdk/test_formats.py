"""Model files are told apart by what is in them, whatever they are called and whatever they claim."""

from __future__ import annotations

import bz2
import io
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot_sdk import formats
from bot_sdk.formats import Format, recognise
from tests.model_files import MAKERS, make, need, network, torch_saved

EXPECTED = {
    "scikit-learn, joblib": formats.PICKLE,
    "scikit-learn, joblib compressed": formats.PICKLE,
    "scikit-learn, skops": formats.SKOPS,
    "XGBoost, JSON": formats.XGBOOST_JSON,
    "XGBoost, UBJ": formats.XGBOOST_UBJ,
    "LightGBM": formats.LIGHTGBM_TEXT,
    "ONNX": formats.ONNX,
    "PyTorch, state dict": formats.STATE_DICT,
    "PyTorch, old state dict": formats.STATE_DICT,
    "PyTorch, safetensors": formats.SAFETENSORS,
    "PyTorch, TorchScript": formats.TORCHSCRIPT,
    "Keras, .keras": formats.KERAS_ZIP,
    "Keras, HDF5": formats.KERAS_H5,
}


def of(data: bytes) -> Format | None:
    return recognise(io.BytesIO(data))


@pytest.mark.parametrize("name", MAKERS)
def test_files_as_the_frameworks_write_them(name: str) -> None:
    file = make(name)
    found = of(file.data)
    assert found is EXPECTED[name]
    assert found.framework == file.framework
    assert not found.advice
    assert any(file.name.endswith(suffix) for suffix in (*found.suffixes, ".pkl", ".pth"))


class Whatever:
    pass


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol(protocol: int) -> None:
    for value in (Whatever(), {"a": 1}, [], b"x" * 200_000):
        assert of(pickle.dumps(value, protocol)) is formats.PICKLE


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "xz"])
def test_joblib_of_every_compression(method: str) -> None:
    import joblib

    file = io.BytesIO()
    joblib.dump({"a": list(range(1000))}, file, compress=(method, 3))
    assert of(file.getvalue()) is formats.PICKLE


def torch_zip(pickled: bytes, compression: int = zipfile.ZIP_STORED, folder: str = "archive") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(f"{folder}/data.pkl", pickled)
        archive.writestr(f"{folder}/version", "3\n")
    return file.getvalue()


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_and_whole_objects_of_torch_save(protocol: int, compression: int) -> None:
    weights = pickle.dumps(OrderedDict(a=1), protocol)
    whole = pickle.dumps(Whatever(), protocol)
    assert of(torch_zip(weights, compression)) is formats.STATE_DICT
    assert of(torch_zip(pickle.dumps({"epoch": 1}, protocol), compression)) is formats.STATE_DICT
    assert of(torch_zip(whole, compression)) is formats.PICKLED_MODULE


def test_what_torch_itself_writes() -> None:
    need("torch")
    import torch

    assert of(torch_saved(torch.nn.Sequential(torch.nn.Linear(2, 1)))) is formats.PICKLED_MODULE
    for weights in (network().state_dict(), dict(network().state_dict()), list(network().parameters()), torch.ones(3)):
        assert of(torch_saved(weights)) is formats.STATE_DICT
    checkpoint = {"epoch": 3, "optimizer": {"lr": 0.1}, "model": network().state_dict()}
    assert of(torch_saved(checkpoint)) is formats.STATE_DICT


def test_a_program_of_torch_export() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data/weights/weight_0", "models/model.json", "archive_format"):
            archive.writestr(f"archive/{name}", "")
    assert of(file.getvalue()) is formats.EXPORTED_PROGRAM


# --- what is none of these


def npz() -> bytes:
    import numpy as np

    file = io.BytesIO()
    np.savez(file, a=np.ones(3))
    return file.getvalue()


UNKNOWN = {
    "nothing": b"",
    "a null": b"\0",
    "text": b"these are my weights",
    "JSON": b'{"weights": [1, 2]}',
    "a JSON list": b'["learner", {}]',
    "Python": b"import os\n",
    "an ELF library": b"\x7fELF" + bytes(100),
    "a .npz": npz(),
    "an empty zip": b"PK\x05\x06" + bytes(18),
    "a cut zip": torch_zip(b"")[:40],
    "a pickle's mark alone": b"\x80\x04",
    "a pickle of no protocol": b"\x80\x09K\x01.",
    "a safetensors header longer than the file": struct.pack("<Q", 10**6) + b'{"a": 1}',
    "a safetensors header of nonsense length": struct.pack("<Q", 2**64 - 1) + b"{}",
    "protobuf without a graph": b"\x08\x08\x12\x01a",
    "protobuf longer than the file": b"\x08\x08\x3a\x7fa",
    "protobuf of other fields": b"\x08\x08\x3a\x01a\x7a\x01b",
    "protobuf of other types": b"\x0a\x01a\x3a\x01a",
    "a number that never ends": b"\xff" * 50,
    "zlib of text": zlib.compress(b"these are my weights"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_no_model_file(name: str) -> None:
    assert of(UNKNOWN[name]) is None


# --- whoever uploads a file may want to harm whoever looks at it


class Counted(io.BytesIO):
    """Counts what is read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


MOST_BYTES = formats.HEAD_BYTES + 2 * formats.ZIP_LIST_BYTES + 20 * formats.MESSAGE_FIELDS + 100_000


def zip_of_many_members(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(f"archive/data/{number}" if number else "archive/data.pkl", b"")
    return file.getvalue()


def packed_pickle(pack: int) -> bytes:
    """A data.pkl that unpacks to 50 MB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", pack) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000_000))
    return file.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], Format | None]] = {
    "a zip of 30,000 members": (lambda: zip_of_many_members(30_000), None),
    "a zip with 3 MB of comment behind it": (lambda: torch_zip(b"") + bytes(3_000_000), None),
    "a deflated bomb": (lambda: packed_pickle(zipfile.ZIP_DEFLATED), formats.STATE_DICT),
    "a bzip2 bomb": (lambda: packed_pickle(zipfile.ZIP_BZIP2), formats.STATE_DICT),
    "an LZMA bomb": (lambda: packed_pickle(zipfile.ZIP_LZMA), formats.STATE_DICT),
    "a zlib bomb": (lambda: zlib.compress(b"\x80\x04K" + bytes(50_000_000), 1), formats.PICKLE),
    "a packed file of joblib": (lambda: bz2.compress(bytes(10_000_000)), formats.PICKLE),
    "half a million fields": (lambda: b"\x08\x08" * 500_000, None),
    "a long number in a pickle": (lambda: b"\x80\x02I" + b"9" * 5_000_000 + b"\n.", formats.PICKLE),
    "five million brackets": (lambda: b'{"learner":{' + b"[" * 5_000_000, formats.XGBOOST_JSON),
    "much white space": (lambda: b" " * 5_000_000 + b"{", None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_only_a_little_is_read_and_unpacked(name: str) -> None:
    build, expected = HOSTILE[name]
    file = Counted(build())
    tracemalloc.start()
    try:
        assert recognise(file) is expected
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file.count <= MOST_BYTES
    assert peak < 4_000_000


def test_a_pickle_is_not_executed() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os._exit, (7,)

    assert of(pickle.dumps(Evil())) is formats.PICKLE
    assert of(torch_zip(pickle.dumps(Evil()))) is formats.PICKLED_MODULE
    assert of(zlib.compress(pickle.dumps(Evil()))) is formats.PICKLE


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\x80\x04", b"\x08\x08", b"x\x9c", b"{", b"\x89HDF"])
)
@example(torch_zip(b"\x80\x02I99\x00"), b"")
@example(torch_zip(b"\x80\x02X\xff\xff\xff\xff"), b"")
@example(torch_zip(b"cos\n\xff\n."), b"")
@example(torch_zip(b"\x80\x04\x93"), b"")
def test_whatever_comes_there_is_an_answer(data: bytes, start: bytes) -> None:
    of(start + data)
    for position in range(0, len(data), 7):  # a real one, with a byte changed
        changed = bytearray(torch_zip(b"\x80\x02}."))
        changed[position % len(changed)] ^= data[position] or 1
        of(bytes(changed))


def test_nothing_but_the_standard_library_is_imported() -> None:
    import subprocess

    code = (
        "import sys; before = set(sys.modules); import bot_sdk.formats; print({name.partition('.')[0] for name in "
        "set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "{'bot_sdk'}\n"
