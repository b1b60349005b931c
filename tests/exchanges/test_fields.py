"""Encrypted fields: each fault of the library underneath has a case here."""

from __future__ import annotations

import io
import json
import pprint
import traceback
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Concat, Upper
from django.forms import modelform_factory
from django.views.debug import ExceptionReporter

from exchanges import rotation
from exchanges.errors import CredentialUnreadable
from exchanges.fields import Secret, decrypt, encrypt
from exchanges.models import ExchangeCredential

SECRET = "hunter2-and-then-some"


@pytest.fixture
def credential(subscriber: User) -> ExchangeCredential:
    return ExchangeCredential.objects.create(
        user=subscriber, exchange="BINANCE", mode="live", label="main", api_key="the-key", api_secret=SECRET
    )


def stored(credential: ExchangeCredential, column: str = "api_secret") -> str:
    """What the database itself holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM exchanges_exchangecredential WHERE id = %s",
            [credential.pk.hex if connection.vendor == "sqlite" else credential.pk],
        )
        return cursor.fetchone()[0]


def reread(credential: ExchangeCredential) -> ExchangeCredential:
    return ExchangeCredential.objects.get(pk=credential.pk)


def test_the_database_never_holds_the_plain_text(credential: ExchangeCredential) -> None:
    assert SECRET not in stored(credential)
    assert decrypt(stored(credential)) == SECRET
    assert reread(credential).api_secret.reveal() == SECRET


def test_bulk_update_stores_the_secret_and_not_a_repr(credential: ExchangeCredential) -> None:
    other = ExchangeCredential.objects.create(
        user=credential.user, exchange="BINANCE", mode="live", label="other", api_secret="old"
    )
    credential.api_secret, other.api_secret = "new one", "new two"
    ExchangeCredential.objects.bulk_update([credential, other], ["api_secret"])
    assert [reread(credential).api_secret, reread(other).api_secret] == ["new one", "new two"]
    assert "new" not in stored(credential)


def test_bulk_update_and_bulk_create_of_what_was_read_keep_it(credential: ExchangeCredential) -> None:
    same = reread(credential)
    ExchangeCredential.objects.bulk_update([same], ["api_secret", "api_key"])
    copy = reread(credential)
    copy.pk, copy.label = None, "copy"
    copy.id = ExchangeCredential._meta.pk.get_default()
    ExchangeCredential.objects.bulk_create([copy])
    assert [row.api_secret.reveal() for row in ExchangeCredential.objects.all()] == [SECRET, SECRET]


def test_update_with_a_constant_encrypts_it(credential: ExchangeCredential) -> None:
    for value in ("plain", Value("as an expression"), Secret("wrapped")):
        ExchangeCredential.objects.update(api_secret=value)
        expected = value.reveal() if isinstance(value, Secret) else getattr(value, "value", value)
        assert reread(credential).api_secret == expected
        assert decrypt(stored(credential)) == expected


@pytest.mark.parametrize(
    "expression",
    [
        F("label"),
        Upper("label"),
        Concat("api_key", Value("x")),
        F("api_key"),
        Case(When(label="main", then=Value("plain"))),
        Case(When(label="main", then=F("label")), default=F("api_key")),
    ],
    ids=["another field", "a function", "a concatenation", "another secret", "a bare case", "a case of fields"],
)
def test_update_with_what_the_database_would_compute_is_refused(
    credential: ExchangeCredential, expression: Any
) -> None:
    before = stored(credential)
    with pytest.raises(FieldError, match="encrypted"), transaction.atomic():
        ExchangeCredential.objects.update(api_secret=expression)
    assert stored(credential) == before


def test_a_wrong_key_is_said_and_hands_out_no_ciphertext(credential: ExchangeCredential, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode()]
    with pytest.raises(CredentialUnreadable) as caught:
        reread(credential)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert stored(credential) not in shown
    assert str(ExchangeCredential.objects.without_secrets().get()) == "BINANCE live main"


def test_keys_are_read_when_they_are_used(credential: ExchangeCredential, settings: Any) -> None:
    old = settings.FIELD_ENCRYPTION_KEY
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEY = [new, *old]
    assert reread(credential).api_secret == SECRET
    credential.save()
    settings.FIELD_ENCRYPTION_KEY = new
    assert reread(credential).api_secret == SECRET


@pytest.mark.parametrize("keys", [[], "", [""], ["not a key"]])
def test_no_key_or_a_malformed_one_is_said_without_quoting_it(settings: Any, keys: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = keys
    with pytest.raises(ImproperlyConfigured, match="generate_field_key") as caught:
        encrypt("x")
    assert "not a key" not in str(caught.value)


def test_a_posted_token_is_kept_as_the_text_it_is(credential: ExchangeCredential) -> None:
    somebody_elses = encrypt("another user's secret")
    credential.api_secret = somebody_elses
    credential.full_clean()
    credential.save()
    assert reread(credential).api_secret.reveal() == somebody_elses
    assert decrypt(stored(credential)) == somebody_elses


@pytest.mark.parametrize("lookup", ["", "__exact", "__in", "__contains", "__startswith", "__gt", "__upper"])
def test_look_ups_raise_instead_of_matching_nothing(credential: ExchangeCredential, lookup: str) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        list(ExchangeCredential.objects.filter(**{f"api_secret{lookup}": [SECRET]}))


def test_isnull_is_the_one_look_up(credential: ExchangeCredential) -> None:
    assert ExchangeCredential.objects.filter(api_secret__isnull=False).count() == 1


@pytest.mark.parametrize("form", ["json", "xml", "python"])
def test_a_dump_holds_no_secret_and_can_be_loaded(credential: ExchangeCredential, form: str) -> None:
    dumped = serializers.serialize(form, [reread(credential)])
    assert SECRET not in str(dumped)
    assert stored(credential) not in str(dumped)
    for loaded in serializers.deserialize(form, dumped):
        loaded.save()
    assert not reread(credential).api_secret


def test_dumpdata_holds_no_secret(credential: ExchangeCredential) -> None:
    out = io.StringIO()
    call_command("dumpdata", "exchanges", stdout=out)
    assert json.loads(out.getvalue())[0]["fields"]["api_secret"] == ""
    assert SECRET not in out.getvalue()


def test_a_secret_is_masked_wherever_it_is_shown(credential: ExchangeCredential) -> None:
    secret = reread(credential).api_secret
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", pprint.pformat([secret]), "%s" % secret]  # noqa: UP031 - the old way too
    assert not any(SECRET in text for text in shown)
    assert not any(SECRET in text for text in map(repr, [credential, vars(credential)]))


def test_a_model_form_leaves_secrets_out(credential: ExchangeCredential) -> None:
    """It would show the mask, and save the mask when the form comes back."""
    form = modelform_factory(ExchangeCredential, fields="__all__")(instance=reread(credential))
    assert "label" in form.fields
    assert "api_secret" not in form.fields


def test_a_debug_page_shows_no_secret(credential: ExchangeCredential) -> None:
    def fail() -> None:
        local = reread(credential)
        secret = local.api_secret
        raise RuntimeError(f"something about {secret}")

    with pytest.raises(RuntimeError) as caught:
        fail()
    page = ExceptionReporter(None, caught.type, caught.value, caught.tb).get_traceback_html()
    assert "something about" in page
    assert SECRET not in page


def test_key_rotation(credential: ExchangeCredential, settings: Any) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEY[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEY = [new, old]
    assert "3 rotated, 0 current already, 0 unreadable" in rotate()
    settings.FIELD_ENCRYPTION_KEY = [new]
    assert reread(credential).api_secret == SECRET
    assert reread(credential).api_key == "the-key"
    assert "0 rotated, 3 current already, 0 unreadable" in rotate()


def rotate(**options: Any) -> str:
    out = io.StringIO()
    call_command("rotate_field_keys", stdout=out, **options)
    return out.getvalue()


def test_a_rotation_that_crashed_is_finished_by_the_next_one(
    subscriber: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        ExchangeCredential.objects.create(
            user=subscriber, exchange="BINANCE", mode="live", label=str(number), api_key="k", api_secret=f"s{number}"
        )
    old, new = settings.FIELD_ENCRYPTION_KEY[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEY = [new, old]
    done = rotation._rotate
    calls = []

    def crash_in_the_third_batch(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 14:
            raise KeyboardInterrupt
        done(*args)

    monkeypatch.setattr(rotation, "_rotate", crash_in_the_third_batch)
    with pytest.raises(KeyboardInterrupt):
        rotate(batch_size=2)
    assert {row.api_secret.reveal() for row in ExchangeCredential.objects.all()} == {f"s{n}" for n in range(7)}

    monkeypatch.setattr(rotation, "_rotate", done)
    assert "9 rotated, 12 current already" in rotate(batch_size=2)
    settings.FIELD_ENCRYPTION_KEY = [new]
    assert {row.api_secret.reveal() for row in ExchangeCredential.objects.all()} == {f"s{n}" for n in range(7)}


def test_rotation_names_what_it_cannot_read_and_does_the_rest(
    credential: ExchangeCredential, subscriber: User, settings: Any
) -> None:
    lost = settings.FIELD_ENCRYPTION_KEY
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode()]
    readable = ExchangeCredential.objects.create(
        user=subscriber, exchange="BINANCE", mode="live", label="readable", api_secret="fine"
    )
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEY]
    with pytest.raises(CommandError, match="3 secrets open with none") as caught:
        rotate()
    assert str(credential.pk) in str(caught.value)
    assert SECRET not in str(caught.value)
    settings.FIELD_ENCRYPTION_KEY = settings.FIELD_ENCRYPTION_KEY[:1]
    assert reread(readable).api_secret == "fine"
    settings.FIELD_ENCRYPTION_KEY = lost
    assert reread(credential).api_secret == SECRET


def test_a_secret_entered_during_a_rotation_survives_it(
    credential: ExchangeCredential, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEY]
    done = rotation._rotate

    def enter_a_new_one_first(*args: Any) -> None:
        ExchangeCredential.objects.filter(pk=credential.pk).update(api_secret="entered just now")
        done(*args)

    monkeypatch.setattr(rotation, "_rotate", enter_a_new_one_first)
    rotate()
    assert reread(credential).api_secret == "entered just now"


def test_generate_field_key_prints_a_usable_key() -> None:
    out = io.StringIO()
    call_command("generate_field_key", stdout=out)
    Fernet(out.getvalue().strip())
