"""Tell people what needs them, by e-mail. Sent by a task, so that a slow mail server holds nothing up."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import get_connection
from django.core.mail.message import EmailMessage
from django.utils.translation import gettext as _

from subscriptions.models import SignalStream, Subscription


def tell_of_paused_stream(*, stream: SignalStream) -> int:
    """To the author and to everybody whose subscription was paused with it; returns how many were told."""
    bot = stream.bot_version.bot
    market = f"{stream.symbol} {stream.timeframe} ({stream.exchange})"
    subject = _("%(bot)s was paused on %(market)s") % {"bot": bot.name, "market": market}
    to_author = _(
        "%(reason)s\n\nIt is not asked again on this market until a moderator or a new version changes that. "
        "Its log shows what went wrong at each candle."
    ) % {"reason": stream.paused_reason}
    to_subscribers = _(
        "%(reason)s\n\nYour subscription takes no new entries. Exits that are in place stay in place: look at it, and "
        "stop it if you do not want to wait for the author."
    ) % {"reason": stream.paused_reason}
    subscribers = User.objects.filter(
        subscriptions__stream=stream, subscriptions__status=Subscription.Status.PAUSED
    ).distinct()
    letters = [(bot.author.email, to_author), *((user.email, to_subscribers) for user in subscribers)]
    messages = [
        EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address]) for address, text in letters if address
    ]
    return get_connection().send_messages(messages) or 0
