"""Pages of subscriptions. A user sees and changes only their own; another's answers 404."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from bots.errors import BotError
from bots.limits import limits
from bots.models import Bot, BotVersion
from bots.queries import market_bots, may_read_files, visible_bots
from exchanges import services
from exchanges.errors import ExchangeError
from exchanges.models import MarketType, Mode
from subscriptions import charts, lifecycle, reports
from subscriptions.errors import SubscriptionError
from subscriptions.forms import MARKET_TYPE, StopForm, SubscribeForm
from subscriptions.models import Order, Signal, Subscription, Trade
from subscriptions.templatetags.numbers import decimals_of

SUBSCRIPTIONS_PER_PAGE = 25
ROWS_PER_PAGE = 12
LOG_LINES, LOG_LINES_ALL = 12, 200
PAIRS_SUGGESTED = 50
STREAMS_SHOWN = 100
# What a service may refuse; each carries a sentence for a person.
REFUSALS = (SubscriptionError, ExchangeError, BotError)


def _user(request: HttpRequest) -> AbstractUser:
    """Of a view that only people who are logged in reach."""
    assert isinstance(request.user, AbstractUser)  # noqa: S101
    return request.user


def _own(request: HttpRequest, subscription_id: UUID) -> Subscription:
    mine = Subscription.objects.for_user(request.user).select_related(
        "bot_version__bot__author", "position", "stream", "credential"
    )
    # The secrets of the account are not needed to look at it.
    mine = mine.defer("credential__api_key", "credential__api_secret", "credential__passphrase")
    return get_object_or_404(mine, pk=subscription_id)


# --- subscribe
@login_required
def create(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    """Subscribe to a bot. Real money is asked about once more before anything is saved."""
    bot = get_object_or_404(market_bots(), pk=bot_id)
    version = bot.approved_version
    assert version is not None  # noqa: S101 (market_bots have one)
    form = SubscribeForm(request.POST or None, bot=bot, version=version, user=_user(request))
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["mode"] == Mode.LIVE and "confirm_live" not in request.POST:
            context = {"form": form, "bot": bot, **form.in_money()}
            return render(request, "subscriptions/confirm_live.html", context)
        try:
            subscription = lifecycle.create_subscription(**form.arguments())
        except REFUSALS as error:
            form.add_refusal(error.message, getattr(error, "field", ""))
        else:
            messages.success(request, _("Subscribed. It does not trade until you start it."))
            return redirect("subscriptions:detail", subscription.pk)
    return _subscribe_page(request, form, bot, version)


def _subscribe_page(request: HttpRequest, form: SubscribeForm, bot: Bot, version: BotVersion) -> HttpResponse:
    symbols, problem = _suggestions(form["exchange_type"].value() or "", form.account_type_field.value() or "", "")
    context = {"form": form, "bot": bot, "version": version, "symbols": symbols, "venue_problem": problem}
    return render(request, "subscriptions/create.html", context)


@login_required
@require_safe
def pairs(request: HttpRequest) -> HttpResponse:
    """The suggestions under the pair, while it is typed."""
    query = request.GET
    symbols, _problem = _suggestions(
        query.get("exchange_type", ""), query.get(MARKET_TYPE, ""), query.get("trading_pair", "")
    )
    return render(request, "subscriptions/_pairs.html", {"symbols": symbols})


def _suggestions(exchange: str, market_type: str, search: str) -> tuple[list[str], str]:
    """Pairs that trade at the venue now, and what is wrong if it cannot be asked."""
    kind = market_type if market_type in MarketType.values else MarketType.SPOT
    try:
        found = services.list_instruments(exchange=exchange, market_type=kind, search=search)
        return list(found.values_list("symbol", flat=True)[:PAIRS_SUGGESTED]), ""
    except ExchangeError as error:
        return [], error.message


# --- look
@login_required
@require_safe
def runs(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    """For a bot's author and moderators: where it runs, and what it said, printed and did wrong."""
    bot = get_object_or_404(visible_bots(request.user), pk=bot_id)
    if not may_read_files(request.user, bot):
        raise Http404
    failed = request.GET.get("show") == "failures"
    said = reports.signals_of(bot)
    if failed:
        said = said.exclude(outcome=Signal.Outcome.OK)
    context = {
        "bot": bot,
        "streams": reports.streams_of(bot)[:STREAMS_SHOWN],
        "signals": _page(request, said, "page"),
        "failures_before_pause": settings.BOT_FAILURES_BEFORE_PAUSE,
        "only_failures": failed,
        "limits": limits(),
    }
    return render(request, "subscriptions/runs.html", context)


@login_required
@require_safe
def list_(request: HttpRequest) -> HttpResponse:
    mine = reports.overview(request.user)
    page = Paginator(mine, SUBSCRIPTIONS_PER_PAGE).get_page(request.GET.get("page"))
    live_count = (
        Subscription.objects.for_user(request.user).filter(mode=Mode.LIVE, status__in=Subscription.ACTIVE).count()
    )
    return render(request, "subscriptions/list.html", {"page": page, "live_count": live_count})


@login_required
@require_safe
def detail(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    subscription = _own(request, subscription_id)
    return render(request, "subscriptions/detail.html", _live_context(request, subscription))


@never_cache
@require_safe
def live(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """The part of the page that refreshes itself."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # the page itself then leads to the log-in
    subscription = _own(request, subscription_id)
    return render(request, "subscriptions/_live.html", _live_context(request, subscription))


def _live_context(request: HttpRequest, subscription: Subscription) -> dict[str, Any]:
    position = getattr(subscription, "position", None)
    orders = Order.objects.filter(subscription=subscription).order_by("-created_at", "pk")
    trades = Trade.objects.filter(subscription=subscription)
    market = charts.market_of(subscription)
    lines = LOG_LINES_ALL if request.GET.get("log") == "all" else LOG_LINES
    log = reports.decision_log(subscription, limit=lines)
    return {
        "subscription": subscription,
        "position": position if position is not None and position.is_open else None,
        "protection": reports.protection_of(subscription, position),
        "held": reports.describe_position(subscription) if subscription.is_leveraged else None,
        "funding": reports.funding_of(subscription),
        "performance": reports.performance_of(subscription),
        "first_trade": trades.order_by("opened_at").first(),
        "equity": subscription.equity_points.order_by("time").last(),
        "last_answer": subscription.stream.signals.first() if subscription.stream else None,
        "log": log,
        "log_goes_on": len(log) == LOG_LINES,
        "orders": _page(request, orders, "orders"),
        "trades": _page(request, trades.order_by("-closed_at", "pk"), "trades"),
        "lot_decimals": decimals_of(market.lot_step) if market else 0,
        "revision": reports.data_revision(subscription),
        "now": timezone.now(),
    }


def _page(request: HttpRequest, rows: QuerySet[Any], name: str) -> Page[Any]:
    """Two tables on one page, each with its own word in the address."""
    return Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get(name))


@login_required
@require_safe
@never_cache
def candles_json(request: HttpRequest, subscription_id: UUID) -> JsonResponse:
    return JsonResponse(charts.candle_chart(_own(request, subscription_id)))


@login_required
@require_safe
@never_cache
def equity_json(request: HttpRequest, subscription_id: UUID) -> JsonResponse:
    return JsonResponse(charts.equity_chart(_own(request, subscription_id)))


# --- start, pause, stop
@login_required
def start(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """GET asks once more (the page of a live one leads here), POST does it."""
    subscription = _own(request, subscription_id)
    if request.method != "POST":
        return render(request, "subscriptions/confirm_start.html", {"subscription": subscription})
    done = _("Running. The bot is asked at the close of the next candle.")
    return _carry_out(request, subscription, lifecycle.start_subscription, done)


@login_required
@require_POST
def pause(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    subscription = _own(request, subscription_id)
    done = _("Paused: no new entries. Exits stay in place.")
    return _carry_out(request, subscription, lifecycle.pause_subscription, done)


@login_required
def stop(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """GET says what will happen and asks what becomes of the position, POST does it."""
    subscription = _own(request, subscription_id)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = _("Stopping: its orders are being canceled.")
        flatten = form.cleaned_data["flatten"] == "yes"
        return _carry_out(request, subscription, lifecycle.stop_subscription, done, flatten=flatten)
    position = getattr(subscription, "position", None)
    context = {
        "subscription": subscription,
        "form": form,
        "position": position if position is not None and position.is_open else None,
        "working_orders": Order.objects.filter(subscription=subscription, status__in=Order.WORKING).count(),
    }
    return render(request, "subscriptions/confirm_stop.html", context)


def _carry_out(
    request: HttpRequest,
    subscription: Subscription,
    service: Callable[..., Subscription],
    done: str,
    **options: Any,
) -> HttpResponse:
    """Call one service and go back to the page with what came of it."""
    try:
        changed = service(subscription=subscription, actor=_user(request), **options)
    except REFUSALS as error:
        messages.error(request, error.message)
    else:
        stopped = changed.status == Subscription.Status.STOPPED
        messages.success(request, _("Stopped.") if stopped else done)
    return redirect("subscriptions:detail", subscription.pk)
