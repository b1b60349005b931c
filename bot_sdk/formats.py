"""What kind of model file is this? Told by its content: nothing is executed, and only a little of it is read.

Safe to call on a stranger's file, outside of the sandbox: only Python's standard library looks at it, and neither
what it says about itself nor its size decides how much is read.
"""

from __future__ import annotations

import io
import pickletools
import re
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, cast

HEAD_BYTES = 64 * 1024
ZIP_LIST_BYTES = 1024 * 1024  # names of some 10,000 members; a model of more tensors than that is not told apart
MESSAGE_FIELDS = 5000  # of an ONNX model's outermost message; each function of the model is one


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of model file.

    `title` goes into sentences, `framework` loads it, `suffixes` are what its files are usually called,
    `packages` are the Python modules that loading needs. With `advice` it cannot be loaded: what to do instead.
    """

    title: str
    framework: str
    suffixes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    advice: str = ""


PICKLE = Format(
    "a pickle, as joblib.dump() writes it", "SKLEARN", (".joblib", ".pkl", ".pickle"), ("sklearn", "joblib")
)
SKOPS = Format("a skops file", "SKLEARN", (".skops",), ("sklearn", "skops"))
XGBOOST_JSON = Format("an XGBoost model in JSON", "XGBOOST", (".json",), ("xgboost",))
XGBOOST_UBJ = Format("an XGBoost model in UBJSON", "XGBOOST", (".ubj", ".model"), ("xgboost",))
LIGHTGBM_TEXT = Format("a LightGBM model", "LIGHTGBM", (".txt",), ("lightgbm",))
ONNX = Format("an ONNX model", "ONNX", (".onnx",), ("onnxruntime",))
STATE_DICT = Format("PyTorch weights, as torch.save() writes them", "PYTORCH", (".pt", ".pth"), ("torch",))
TORCHSCRIPT = Format("a TorchScript module", "PYTORCH", (".pt", ".pth"), ("torch",))
SAFETENSORS = Format("a safetensors file", "PYTORCH", (".safetensors",), ("torch", "safetensors"))
KERAS_ZIP = Format("a Keras model", "KERAS", (".keras",), ("keras", "torch", "h5py"))
KERAS_H5 = Format("an HDF5 file, as Keras writes it", "KERAS", (".h5", ".hdf5"), ("keras", "torch", "h5py"))
# Not to be loaded, but met often enough to say what to do instead.
PICKLED_MODULE = Format(
    "a whole pickled PyTorch object",
    "PYTORCH",
    advice="save its weights by torch.save(model.state_dict(), ...) and build the module in the bot's code, or save "
    "TorchScript by torch.jit.script(model).save(...)",
)
EXPORTED_PROGRAM = Format(
    "a program of torch.export",
    "PYTORCH",
    advice="save TorchScript by torch.jit.script(model).save(...), or a state_dict() and build the module in the "
    "bot's code",
)

FORMATS = (
    *(PICKLE, SKOPS, XGBOOST_JSON, XGBOOST_UBJ, LIGHTGBM_TEXT, ONNX, STATE_DICT, TORCHSCRIPT, SAFETENSORS),
    *(KERAS_ZIP, KERAS_H5, PICKLED_MODULE, EXPORTED_PROGRAM),
)
SUFFIXES = tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))

_HDF5 = b"\x89HDF\r\n\x1a\n"
_OPERATIONS = {operation.code for operation in pickletools.opcodes}
_ZIP = b"PK\x03\x04"
# gzip, bzip2, xz: what joblib.dump(..., compress=...) may put around a pickle; zlib, its default, has no such mark.
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_XGBOOST_JSON = re.compile(rb'\s*\{\s*("version"\s*:\s*\[[\d,\s]*\]\s*,\s*)?"learner"\s*:\s*\{')
_XGBOOST_UBJ = re.compile(rb"\{(i|U|I.|l...|L.......)\x07learner\{", re.DOTALL)
_LIGHTGBM = re.compile(rb"tree\r?\nversion=v\d")
# torch.save() before the zip format: a magic number, pickled.
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
# What a state dict's pickle names before anything else; a module's pickle begins with the module's class.
_OF_STATE_DICTS = re.compile(r"(collections|torch|numpy|builtins|__builtin__)(?!\.nn\.modules)\b")


def recognise(file: BinaryIO) -> Format | None:
    """The format of a model file, or None. The file is seekable and left anywhere. Raises OSError."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(_ZIP):
        return _recognise_zip(file)
    if head.startswith(_HDF5):
        return KERAS_H5
    if head.startswith(_TORCH_LEGACY):
        return STATE_DICT
    if _is_safetensors(head, size):
        return SAFETENSORS
    if _LIGHTGBM.match(head):
        return LIGHTGBM_TEXT
    if _XGBOOST_JSON.match(head):
        return XGBOOST_JSON
    if _XGBOOST_UBJ.match(head):
        return XGBOOST_UBJ
    if head.startswith(_COMPRESSED) or _is_pickle(head) or _is_pickle(_inflated(head)):
        return PICKLE
    return ONNX if _is_onnx(file, size) else None


def _is_safetensors(head: bytes, size: int) -> bool:
    """The length of a JSON header, the header, the tensors."""
    if len(head) < 10:
        return False
    [length] = struct.unpack_from("<Q", head)
    return 2 <= length <= size - 8 and head[8:9] == b"{"


# --- pickles: the operations are listed, not done


def _is_pickle(head: bytes) -> bool:
    """Whether a pickle of protocol 2 or newer begins here: its mark, and then an operation that exists."""
    if not re.match(rb"\x80[\x02-\x05]", head):
        return False
    return head[2:3].decode("latin-1") in _OPERATIONS


def _inflated(head: bytes) -> bytes:
    """The first bytes of what zlib has packed, or nothing."""
    try:
        return zlib.decompressobj().decompress(head, 16)
    except zlib.error:
        return b""


def _first_global(pickled: bytes) -> str:
    """`module.name` of the first class or function that a pickle asks for, or nothing."""
    texts: deque[str] = deque(maxlen=2)
    try:
        for operation, argument, _position in pickletools.genops(pickled):
            if operation.name in ("GLOBAL", "INST"):
                return str(argument).replace(" ", ".")
            if operation.name == "STACK_GLOBAL":
                return ".".join(texts)
            if isinstance(argument, str):
                texts.append(argument)
    except (ValueError, struct.error):  # it goes on behind the part that was read, or is none
        pass
    return ""


# --- zip files: their list of members, and the first bytes of one


class _Bounded:
    """A file of which at most so many bytes are read."""

    def __init__(self, file: BinaryIO, budget: int) -> None:
        self.file = file
        self.left = budget

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        if len(data) > self.left:
            raise zipfile.BadZipFile("the list of members is too long")
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True


def _recognise_zip(file: BinaryIO) -> Format | None:
    bounded = _Bounded(file, ZIP_LIST_BYTES)
    try:
        archive = zipfile.ZipFile(cast("BinaryIO", bounded))
        names = archive.namelist()
        if "schema.json" in names:
            return SKOPS
        if {"config.json", "metadata.json"} <= set(names):
            return KERAS_ZIP
        # The others keep everything in one folder, whose name does not matter.
        folder = names[0].partition("/")[0] if names else ""
        if f"{folder}/archive_format" in names or "serialized_exported_program.json" in names:
            return EXPORTED_PROGRAM
        if f"{folder}/constants.pkl" in names:
            return TORCHSCRIPT
        if f"{folder}/data.pkl" not in names:
            return None
        bounded.left = ZIP_LIST_BYTES
        first = _first_global(_beginning(archive, f"{folder}/data.pkl"))
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, NotImplementedError, RuntimeError):
        return None
    return STATE_DICT if not first or _OF_STATE_DICTS.match(first) else PICKLED_MODULE


def _beginning(archive: zipfile.ZipFile, name: str) -> bytes:
    """The first bytes of a member, or nothing where it is packed otherwise than by deflate."""
    # Of the other kinds zipfile unpacks a whole block, however large that becomes, before it gives a part of it.
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b""
    with archive.open(name) as member:
        return member.read(HEAD_BYTES)


# --- ONNX: a protobuf message without any mark; its outermost fields are walked over

# The fields of ModelProto in onnx/onnx.proto, with their wire types: 0 a number, 2 so many bytes.
_ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_ONNX_VERSION, _ONNX_GRAPH = 1, 7


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """Whether the whole file is a row of these fields, with a version and a graph among them."""
    position = 0
    seen = set()
    for _ in range(MESSAGE_FIELDS):
        if position == size:
            break
        file.seek(position)
        head = file.read(20)  # two of protobuf's numbers, of ten bytes each at most
        try:
            key, after_key = _varint(head, 0)
            value, after_value = _varint(head, after_key)
        except IndexError:
            return False
        number, wire_type = key >> 3, key & 7
        if _ONNX_FIELDS.get(number) != wire_type:
            return False
        seen.add(number)
        position += after_value + (value if wire_type == 2 else 0)
        if position > size:
            return False
    return {_ONNX_VERSION, _ONNX_GRAPH} <= seen


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends. Raises IndexError where it does not."""
    value = 0
    for count in range(10):
        byte = data[start + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, start + count + 1
    raise IndexError("longer than a number can be")


# --- sentences for the author


def unloadable(found: Format) -> str:
    """Why a file of this format cannot be loaded anywhere, or nothing."""
    return f"This file is {found.title}, which is not loaded here: {found.advice}." if found.advice else ""


Finder = Callable[[str], object | None]


def missing_packages(found: Format, find: Finder) -> list[str]:
    """Those of `packages` that `find` (`importlib.util.find_spec`, which imports nothing) does not find."""
    return [name for name in found.packages if find(name) is None]
