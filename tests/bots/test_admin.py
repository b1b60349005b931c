"""Moderation in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bots.models import BotVersion, VersionEvent
from tests.factories import approved_bot, draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("eager_tasks")]


@pytest.fixture
def submitted(author: User, moderator: User) -> BotVersion:
    version = BotVersion.objects.get(bot=approved_bot(author, moderator))
    VersionEvent.objects.all().delete()
    BotVersion.objects.filter(pk=version.pk).update(status="SUBMITTED")
    version.refresh_from_db()
    return version


def address(version: BotVersion, action: str) -> str:
    return reverse("admin:bots_botversion_moderate", args=[version.pk, action])


def test_a_moderator_sees_the_queue_and_approves(client: Client, moderator: User, submitted: BotVersion) -> None:
    client.force_login(moderator)
    queue = client.get(reverse("admin:bots_botversion_changelist"), {"status__exact": "SUBMITTED"})
    assert "Scripted" in queue.content.decode()
    page = client.get(reverse("admin:bots_botversion_change", args=[submitted.pk])).content.decode()
    assert address(submitted, "approve") in page
    assert "structure: passed" in page
    answer = client.post(address(submitted, "approve"), {"reason": "sound"}, follow=True)
    assert answer.status_code == 200
    submitted.refresh_from_db()
    assert submitted.status == "APPROVED"
    assert VersionEvent.objects.values_list("actor__username", "reason").get() == ("moderator", "sound")


def test_rejecting_without_a_reason_is_asked_again(client: Client, moderator: User, submitted: BotVersion) -> None:
    client.force_login(moderator)
    answer = client.post(address(submitted, "reject"), {"reason": " "})
    assert "This field is required" in answer.content.decode()
    submitted.refresh_from_db()
    assert submitted.status == "SUBMITTED"
    client.post(address(submitted, "reject"), {"reason": "no exits"})
    submitted.refresh_from_db()
    assert submitted.status == "REJECTED"


def test_suspending_is_reversible(client: Client, moderator: User, submitted: BotVersion) -> None:
    client.force_login(moderator)
    client.post(address(submitted, "approve"))
    for action, status in (("suspend", "SUSPENDED"), ("reinstate", "APPROVED")):
        client.post(address(submitted, action), {"reason": "looking into a report"})
        submitted.refresh_from_db()
        assert submitted.status == status


def test_staff_without_the_permission_cannot_moderate(client: Client, outsider: User, submitted: BotVersion) -> None:
    outsider.is_staff = True
    outsider.save()
    client.force_login(outsider)
    assert client.post(address(submitted, "approve")).status_code == 403
    submitted.refresh_from_db()
    assert submitted.status == "SUBMITTED"


def test_a_moderator_cannot_approve_their_own_bot(client: Client, moderator: User) -> None:
    own = draft(moderator)
    BotVersion.objects.filter(pk=own.pk).update(status="SUBMITTED")
    client.force_login(moderator)
    page = client.post(address(own, "approve"), follow=True)
    assert "Nobody moderates their own bot" in page.content.decode()
    own.refresh_from_db()
    assert own.status == "SUBMITTED"


@pytest.mark.parametrize("model", ["bot", "botversion"])
def test_nothing_is_edited_by_hand(model: str, client: Client, admin_user: User, submitted: BotVersion) -> None:
    client.force_login(admin_user)
    assert client.get(reverse(f"admin:bots_{model}_add")).status_code == 403
    pk = submitted.pk if model == "botversion" else submitted.bot_id
    assert client.post(reverse(f"admin:bots_{model}_change", args=[pk]), {"name": "x"}).status_code == 403
    assert client.post(reverse(f"admin:bots_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
