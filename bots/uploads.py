"""Uploads: a cap that holds while bytes arrive, and file names that are names, not paths."""

from __future__ import annotations

import importlib.util
import re
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles

from bot_sdk import formats
from bots.errors import FileTooLarge, InvalidBotFile
from bots.models import BotFile

TOO_LARGE_MARK = "bots.upload_too_large"

# Windows' reserved characters, control characters and leading dots are refused too: a name must work everywhere.
SAFE_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,98}$")

ALLOWED_SUFFIXES: dict[str, tuple[str, ...]] = {
    BotFile.Type.CODE: (".py",),
    BotFile.Type.MODEL: formats.SUFFIXES,
    BotFile.Type.WEIGHTS: formats.SUFFIXES,
    BotFile.Type.CONFIG: (".json",),
    BotFile.Type.DATA: (".csv", ".json"),
}


class CappedUploadHandler(FileUploadHandler):
    """Stops keeping a file once it is over the cap; the rest is read and dropped, so that the client gets an answer."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received_bytes += len(raw_data)
        if self.received_bytes > settings.BOT_FILE_MAX_BYTES:
            if self.request is not None:
                self.request.META[TOO_LARGE_MARK] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class _NamesAreNotPaths(DjangoMultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str | None:
        # Django would cut the path off silently; an author who sends one expects folders, and a liar wants them.
        if "/" in file_name or "\\" in file_name or file_name in (".", ".."):
            raise InvalidBotFile("The file name must not contain a path.", field="file")
        return super().sanitize_file_name(file_name)


class BotFileParser(BaseParser):
    """multipart/form-data for one bot file."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> DataAndFiles[QueryDict, Any]:
        request = (parser_context or {})["request"]
        meta = {**request.META, "CONTENT_TYPE": media_type}
        try:
            data, files = _NamesAreNotPaths(meta, stream, request.upload_handlers).parse()
        except MultiPartParserError as error:
            raise ParseError(f"The form could not be read: {error}") from error
        if request.META.get(TOO_LARGE_MARK):
            raise FileTooLarge(f"The file is larger than {settings.BOT_FILE_MAX_BYTES // 1024**2} MB.", field="file")
        return DataAndFiles(data, files)


def check_name(name: str, file_type: str) -> str:
    """The name as it will be stored. Raises InvalidBotFile when it cannot be."""
    if not SAFE_NAME.match(name) or ".." in name or name.endswith((" ", ".")):
        raise InvalidBotFile(
            "The file name may hold letters, digits, dot, dash, space and underscore, up to 99 characters.",
            field="file",
        )
    suffix = PurePosixPath(name).suffix.lower()
    allowed = ALLOWED_SUFFIXES[file_type]
    if suffix not in allowed:
        raise InvalidBotFile(
            f"A {file_type} file ends in {', '.join(allowed)}, not in “{suffix or name}”.", field="file"
        )
    return name


def check_framework(given: str, file_type: str, file: BinaryIO) -> str:
    """The framework that a model file is loaded with, as its content shows. Raises InvalidBotFile.

    What the uploader says must be the same; it may be left out.
    """
    if file_type not in (BotFile.Type.MODEL, BotFile.Type.WEIGHTS):
        return ""
    said = given.strip().upper().replace("SCIKIT-LEARN", "SKLEARN").replace("SCIKIT_LEARN", "SKLEARN")
    known = [value for value in BotFile.Framework.values if value]
    if said and said not in known:
        raise _wrong_framework(f"“{given}” is not a known framework. Known: {', '.join(known)}.")
    found = formats.recognise(file)
    if found is None and said:
        titles = ", ".join(each.title for each in formats.FORMATS if each.framework == said and not each.advice)
        raise _wrong_framework(f"model_framework says {said}, but this file is none of these: {titles}.")
    if found is None:
        raise _wrong_framework(f"This is no model file of {', '.join(known)}: see the guide for authors.")
    if said and said != found.framework:
        raise _wrong_framework(
            f"model_framework says {said}, but this file is {found.title}: {found.framework}. "
            "Correct model_framework, or leave it out."
        )
    if found.advice:
        raise InvalidBotFile(formats.unloadable(found), field="file")
    if missing := formats.missing_packages(found, importlib.util.find_spec):
        raise _wrong_framework(
            f"This file is {found.title}, and {', '.join(missing)} is not installed on this site: save the model for "
            "another model_framework, or ask the site's operator for ./run setup --deep-learning."
        )
    return found.framework


def _wrong_framework(sentence: str) -> InvalidBotFile:
    return InvalidBotFile(sentence, field="model_framework")
