"""Publishing and moderating through the REST API."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from bots.models import Bot, BotFile, BotVersion, ValidationReport, VersionEvent
from tests.factories import SCRIPTED_BOT, approved_bot, draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("eager_tasks")]
Client = Callable[[User | None], APIClient]


def error_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]
    return error


def upload(
    client: APIClient, bot_id: Any, file_name: str = "bot.py", content: bytes = SCRIPTED_BOT.encode(), **fields: Any
) -> Any:
    body = {"file": SimpleUploadedFile(file_name, content), "file_type": "CODE", **fields}
    return client.post(f"/api/bots/{bot_id}/upload-file", body, format="multipart")


@pytest.fixture
def empty_bot(author: User, api: Client) -> str:
    return api(author).post("/api/bots", {"name": "Mine", "bot_type": "TECHNICAL"}).json()["bot_id"]


def test_a_bot_goes_from_upload_to_the_market(
    author: User, moderator: User, outsider: User, api: Client, empty_bot: str
) -> None:
    assert upload(api(author), empty_bot).status_code == 201
    assert api(outsider).get(f"/api/bots/{empty_bot}").status_code == 404

    started = api(author).post(f"/api/bots/{empty_bot}/test/")
    assert started.status_code == 202
    report = api(author).get(f"/api/bots/{empty_bot}/report").json()
    assert report["status"] == "passed"
    assert {check["name"] for check in report["checks"]} >= {"syntax", "structure", "config_schema"}
    assert len(report["decisions"]) == 5
    assert set(report["decisions"][0]) == {"time", "action", "price", "reason"}

    submitted = api(author).post(f"/api/bots/{empty_bot}/submit").json()
    assert submitted["status"] == "SUBMITTED"
    assert ValidationReport.objects.count() == 1  # the same files were not checked again
    approved = api(moderator).post(f"/api/bots/{empty_bot}/approve", {"reason": "reads well"}).json()
    assert approved["status"] == "APPROVED"
    assert len(approved["content_hash"]) == 64

    seen = api(None).get(f"/api/bots/{empty_bot}").json()
    assert seen["version"]["number"] == 1
    assert seen["version"]["default_config"] == {"script": "H"}
    assert list(VersionEvent.objects.values_list("actor__username", "status", "reason")) == [
        ("author", "SUBMITTED", ""),
        ("moderator", "APPROVED", "reads well"),
    ]


def test_files_carry_their_hash_size_and_key(author: User, api: Client, empty_bot: str) -> None:
    upload(api(author), empty_bot)
    fields = {"file_type": "MODEL", "model_framework": "scikit-learn", "model_type": "scaler", "description": "d"}
    made = upload(api(author), empty_bot, "scaler.joblib", pickle.dumps([1]), **fields).json()
    assert (made["key"], made["model_framework"]) == ("SCALER", "SKLEARN")
    assert made["size_bytes"] == len(pickle.dumps([1]))
    listed = api(author).get(f"/api/bots/{empty_bot}/files/").json()
    assert [row["name"] for row in listed] == ["bot.py", "scaler.joblib"]
    assert all(len(row["checksum"]) == 64 for row in listed)


def test_a_file_of_the_same_name_is_replaced(author: User, api: Client, empty_bot: str) -> None:
    upload(api(author), empty_bot, content=b"x = 1\n")
    upload(api(author), empty_bot, content=b"x = 2\n")
    with BotFile.objects.get().file.open() as stored:
        assert stored.read() == b"x = 2\n"


def test_equal_files_are_stored_once(author: User, api: Client, empty_bot: str) -> None:
    for name in ("one.csv", "two.csv"):
        upload(api(author), empty_bot, name, b"a,b\n1,2\n", file_type="DATA", name=name[:3].upper())
    assert len(set(BotFile.objects.values_list("file", flat=True))) == 1


def test_a_submitted_version_cannot_change(author: User, moderator: User, api: Client) -> None:
    bot = approved_bot(author, moderator)
    assert error_of(upload(api(author), bot.pk), 409)["code"] == "invalid_transition"
    assert api(author).post(f"/api/bots/{bot.pk}/new-version").status_code == 201
    assert upload(api(author), bot.pk).status_code == 201
    assert error_of(api(author).post(f"/api/bots/{bot.pk}/new-version"), 409)
    versions = BotVersion.objects.filter(bot=bot).order_by("number")
    assert [(version.number, version.status) for version in versions] == [(1, "APPROVED"), (2, "DRAFT")]


def test_rejecting_needs_a_reason(author: User, moderator: User, api: Client) -> None:
    version = draft(author)
    api(author).post(f"/api/bots/{version.bot_id}/submit")
    assert error_of(api(moderator).post(f"/api/bots/{version.bot_id}/reject", {}), 400)["field"] == "reason"
    answer = api(moderator).post(f"/api/bots/{version.bot_id}/reject", {"reason": "no risk limits"})
    assert answer.json()["status"] == "REJECTED"


def test_only_moderators_approve_and_never_their_own(
    author: User, moderator: User, outsider: User, api: Client
) -> None:
    version = draft(author)
    api(author).post(f"/api/bots/{version.bot_id}/submit")
    assert error_of(api(author).post(f"/api/bots/{version.bot_id}/approve"), 403)["code"] == "not_allowed"
    assert api(outsider).post(f"/api/bots/{version.bot_id}/approve").status_code == 404
    own = draft(moderator, name="Own")
    api(moderator).post(f"/api/bots/{own.bot_id}/submit")
    assert error_of(api(moderator).post(f"/api/bots/{own.bot_id}/approve"), 403)
    assert not BotVersion.objects.filter(status="APPROVED").exists()


def test_a_bot_that_failed_its_checks_cannot_be_approved(author: User, moderator: User, api: Client) -> None:
    version = draft(author, "import nothing_there\n")
    api(author).post(f"/api/bots/{version.bot_id}/submit")
    assert api(author).get(f"/api/bots/{version.bot_id}/report").json()["status"] == "failed"
    error = error_of(api(moderator).post(f"/api/bots/{version.bot_id}/approve"), 409)
    assert "checks" in error["message"]


def test_code_is_for_its_author_and_moderators_only(author: User, moderator: User, outsider: User, api: Client) -> None:
    bot = approved_bot(author, moderator)
    for path in ("files", "report"):
        assert api(outsider).get(f"/api/bots/{bot.pk}/{path}").status_code == 403
        assert api(None).get(f"/api/bots/{bot.pk}/{path}").status_code in (401, 403)
        assert api(moderator).get(f"/api/bots/{bot.pk}/{path}").status_code == 200


def test_nobody_changes_anothers_bot(author: User, moderator: User, outsider: User, api: Client) -> None:
    bot = approved_bot(author, moderator)
    for client in (api(outsider), api(moderator)):
        for action in ("new-version", "submit", "test"):
            assert client.post(f"/api/bots/{bot.pk}/{action}").status_code in (403, 409)
    assert BotVersion.objects.count() == 1


def test_the_market_is_searched_filtered_and_paged(author: User, moderator: User, api: Client) -> None:
    approved_bot(author, moderator, name="Golden cross")
    approved_bot(author, moderator, name="Dip buyer")
    draft(author, name="Secret draft")

    def names(query: str, user: User | None = None) -> list[str]:
        return sorted(row["name"] for row in api(user).get(f"/api/bots/?{query}").json()["results"])

    assert names("") == ["Dip buyer", "Golden cross"]
    assert names("search=golden+author") == ["Golden cross"]
    assert names("bot_type=ML") == []
    assert names("mine=true", author) == ["Dip buyer", "Golden cross", "Secret draft"]
    page = api(None).get("/api/bots?page_size=1&ordering=name").json()
    assert (page["count"], [row["name"] for row in page["results"]]) == (2, ["Dip buyer"])


def test_listing_bots_costs_the_same_however_many_there_are(author: User, moderator: User, api: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            api(None).get("/api/bots")
        return len(captured)

    approved_bot(author, moderator, name="first")
    few = queries()
    for number in range(5):
        bot = Bot.objects.create(author=author, name=f"bot {number}", bot_type="TECHNICAL")
        BotVersion.objects.create(bot=bot, number=1, status="APPROVED", content_hash="0" * 64)
    assert queries() == few


# --- bad input: a 4xx that names the field, and nothing half-saved
@pytest.mark.parametrize(
    ("name", "content", "fields", "status", "field"),
    [
        ("bot.py", b"", {}, 400, "file"),
        ("bot.exe", b"MZ", {}, 400, "file"),
        (".hidden.py", b"x=1", {}, 400, "file"),
        ("bot.py", b"x=1", {"file_type": "VIRUS"}, 400, "file_type"),
        ("bot.py", b"x=1", {"name": "MODEL"}, 400, "name"),
        ("model.json", b"{}", {"file_type": "MODEL"}, 400, "model_framework"),
        ("model.json", b"{}", {"file_type": "MODEL", "model_framework": "TENSORFLOW"}, 400, "model_framework"),
        ("model.so", b"\x7fELF", {"file_type": "MODEL", "model_framework": "XGBOOST"}, 400, "file"),
        ("data.csv", b"a\n1\n", {"file_type": "DATA", "name": "not a key"}, 400, "name"),
        ("bot.py", b"x = 1\n" * 200_000, {}, 413, "file"),
    ],
)
def test_bad_uploads_are_refused_naming_the_field(
    name: str,
    content: bytes,
    fields: dict[str, Any],
    status: int,
    field: str,
    author: User,
    api: Client,
    empty_bot: str,
) -> None:
    error = error_of(upload(api(author), empty_bot, name, content, **fields), status)
    assert error["field"] == field
    assert not BotFile.objects.exists()


@pytest.mark.parametrize("name", ["../bot.py", "/etc/passwd.py", "a\\\\b.py", "folder/bot.py"])
def test_a_file_name_with_a_path_is_refused(name: str, author: User, api: Client, empty_bot: str) -> None:
    boundary = "xxBOUNDARYxx"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file_type"\r\n\r\nCODE\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: text/plain\r\n\r\nx = 1\r\n--{boundary}--\r\n"
    )
    answer = api(author).generic(
        "POST", f"/api/bots/{empty_bot}/upload-file", body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert error_of(answer, 400)["field"] == "file"
    assert not BotFile.objects.exists()


def test_a_file_beyond_the_cap_is_refused_while_it_arrives(
    author: User, api: Client, empty_bot: str, settings: Any
) -> None:
    settings.BOT_FILE_MAX_BYTES = 1024 * 1024
    error = error_of(upload(api(author), empty_bot, "data.csv", b"1" * (3 * 1024 * 1024), file_type="DATA"), 413)
    assert (error["code"], error["field"]) == ("file_too_large", "file")


def test_no_file_and_no_bot_are_said(author: User, api: Client, empty_bot: str) -> None:
    answer = api(author).post(f"/api/bots/{empty_bot}/upload-file", {"file_type": "CODE"}, format="multipart")
    assert error_of(answer, 400)["field"] == "file"
    nobody = "00000000-0000-0000-0000-000000000000"
    assert error_of(upload(api(author), nobody), 404)["code"] == "not_found"
    assert error_of(api(author).post(f"/api/bots/{empty_bot}/submit"), 400)["field"] == "file"
    assert error_of(api(author).post(f"/api/bots/{empty_bot}/test"), 400)["field"] == "file"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"bot_type": "TECHNICAL"}, "name"),
        ({"name": "x", "bot_type": "MAGIC"}, "bot_type"),
        ({"name": "y" * 81, "bot_type": "ML"}, "name"),
        ({"name": "Mine", "bot_type": "ML"}, "name"),
    ],
)
def test_a_bad_bot_is_refused(body: dict[str, str], field: str, author: User, api: Client, empty_bot: str) -> None:
    assert error_of(api(author).post("/api/bots", body), 400)["field"] == field
    assert Bot.objects.count() == 1


def test_without_a_token_nothing_is_published(api: Client) -> None:
    assert error_of(api(None).post("/api/bots", {"name": "x", "bot_type": "ML"}), 401)["code"] == "not_authenticated"
