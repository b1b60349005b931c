"""Forms of the pages. Field names are the API's, dotted, so that a refusal finds its field by name."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.models import Bot, BotVersion
from bots.parameters import Parameter, parameters_of
from exchanges.base import MarginMode, MarketType
from exchanges.factory import ExchangeFactory
from exchanges.models import Mode
from subscriptions.models import Subscription

CAPITAL = "execution_config.allocated_capital"
MARKET_TYPE = "execution_config.market_type"
LEVERAGE = "execution_config.leverage"
MARGIN_MODE = "execution_config.margin_mode"
RISK = ("position_size_pct", "max_position_size", "stop_loss_pct", "take_profit_pct")

MODES = (
    (Mode.PAPER, _("Paper: virtual money at the venue's real prices")),
    (Mode.TESTNET, _("Testnet: the venue's own test network, with your test key")),
    (Mode.LIVE, _("Live: real money on your account at the venue")),
)


MARKET_TYPES = (
    (MarketType.SPOT, _("Spot: it buys and holds coins")),
    (MarketType.MARGIN, _("Margin: positions with money that the venue lends")),
    (MarketType.FUTURES, _("Futures: perpetual contracts, with margin")),
)
MARGIN_MODES = (
    ("", _("As usual at the venue")),
    (MarginMode.CROSS, _("Cross: the whole account stands behind it")),
    (MarginMode.ISOLATED, _("Isolated: only what is set aside for it")),
)


class UnitField(forms.DecimalField):
    """A number with its unit written behind the input."""

    def __init__(self, *, unit: Any, **options: Any) -> None:
        self.unit = unit
        super().__init__(widget=forms.NumberInput(attrs={"step": "any"}), **options)


def _percent(label: Any, help_text: Any, *, most: int = 100, **options: Any) -> UnitField:
    return UnitField(
        label=label,
        help_text=help_text,
        unit="%",
        min_value=Decimal("0.0001"),
        max_value=Decimal(most),
        max_digits=9,
        decimal_places=4,
        **options,
    )


def _amount(label: Any, help_text: Any, **options: Any) -> UnitField:
    return UnitField(
        label=label,
        help_text=help_text,
        unit=_("in quote currency"),
        min_value=Decimal("0.00000001"),
        max_digits=30,
        decimal_places=12,
        **options,
    )


class SubscribeForm(forms.Form):
    """Everything a subscription needs. The bot's own parameters are added from its JSON Schema."""

    instance_name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What you call this subscription; only you see it.")
    )
    mode = forms.ChoiceField(label=_("Money"), choices=MODES, initial=Mode.PAPER, widget=forms.RadioSelect)
    exchange_type = forms.ChoiceField(label=_("Exchange"))
    trading_pair = forms.CharField(
        label=_("Pair"),
        max_length=40,
        help_text=_("What it trades, a slash, and the quote currency it pays with, as in BTC/USDT."),
        widget=forms.TextInput(attrs={"list": "pairs", "autocomplete": "off", "placeholder": "BTC/USDT"}),
    )
    timeframe = forms.ChoiceField(
        label=_("Timeframe"), help_text=_("The bot is asked once at the close of each candle of this length.")
    )

    def __init__(self, *args: Any, bot: Bot, version: BotVersion, user: AbstractUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bot = bot
        self.version = version
        self.user = user
        self.parameters = parameters_of(version)
        for parameter in self.parameters:
            self.fields[f"strategy_config.{parameter.name}"] = parameter_field(parameter)
        # Dotted names cannot be class attributes.
        self.fields[MARKET_TYPE] = forms.ChoiceField(
            label=_("Account type"), choices=MARKET_TYPES, initial=MarketType.SPOT, required=False
        )
        self.fields[LEVERAGE] = forms.IntegerField(
            label=_("Leverage"),
            min_value=1,
            initial=1,
            required=False,
            help_text=_("What it buys is worth this many times its margin. Losses grow alike. Not on spot."),
        )
        self.fields[MARGIN_MODE] = forms.ChoiceField(
            label=_("Margin mode"),
            choices=MARGIN_MODES,
            required=False,
            help_text=_("What the venue may take when a position loses more than its margin. Not on spot."),
        )
        self.fields[CAPITAL] = _amount(
            _("Capital"),
            _("What this subscription may use in all, in the pair's quote currency (USDT for BTC/USDT)."),
            initial=Decimal(1000),
        )
        self.fields["risk_config.position_size_pct"] = _percent(
            _("Size of an entry"),
            _(
                "How much of the subscription's equity goes into one entry, with leverage as its margin. 10 % of "
                "1,000 USDT is 100 USDT."
            ),
            initial=Decimal(10),
        )
        self.fields["risk_config.max_position_size"] = _amount(
            _("Largest position"),
            _(
                "The most a position may ever cost, fees included; with leverage, its margin. Left empty: only the "
                "capital limits it."
            ),
            required=False,
        )
        self.fields["risk_config.stop_loss_pct"] = _percent(
            _("Stop loss"),
            _(
                "Sell when the price falls this far below the entry price; a stop order rests at the venue. "
                "Left empty: only the bot decides, and a falling market is not stopped."
            ),
            required=False,
            initial=Decimal(2),
        )
        self.fields["risk_config.take_profit_pct"] = _percent(
            _("Take profit"),
            _("Sell when the price rises this far above the entry price. Left empty: the bot decides."),
            most=10_000,
            required=False,
        )
        exchanges = [(name, ExchangeFactory.get_adapter(name).title) for name in ExchangeFactory.names()]
        self._choice("exchange_type").choices = exchanges
        self.fields["exchange_type"].initial = exchanges[0][0] if exchanges else None
        self._choice("timeframe").choices = [(name, name) for name in settings.TIMEFRAMES]
        self.fields["timeframe"].initial = "1h"
        self.fields["instance_name"].initial = self._free_name()

    def _choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        return field

    def _free_name(self) -> str:
        """The bot's name, numbered when the user has it already."""
        name = self.bot.name[:70]
        mine = Subscription.objects.for_user(self.user).filter(instance_name__startswith=name)
        taken = set(mine.values_list("instance_name", flat=True))
        candidates = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
        return next(candidate for candidate in candidates if candidate not in taken)

    # --- groups, for the template
    @property
    def market_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("exchange_type", "trading_pair", "timeframe")]

    @property
    def account_type_field(self) -> forms.BoundField:
        return self[MARKET_TYPE]

    @property
    def leverage_fields(self) -> list[forms.BoundField]:
        """Shown on margin and futures."""
        return [self[LEVERAGE], self[MARGIN_MODE]]

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        return [self[f"strategy_config.{parameter.name}"] for parameter in self.parameters]

    @property
    def risk_fields(self) -> list[forms.BoundField]:
        return [self[CAPITAL], *(self[f"risk_config.{name}"] for name in RISK)]

    def clean_trading_pair(self) -> str:
        return self.cleaned_data["trading_pair"].strip().upper()

    def _execution(self) -> dict[str, Any]:
        """Of a valid form. On spot the fields for leverage are out of sight, and what they say does not count."""
        values = self.cleaned_data
        market_type = values[MARKET_TYPE] or MarketType.SPOT
        if market_type == MarketType.SPOT:
            return {"market_type": market_type, "leverage": 1, "margin_mode": ""}
        return {"market_type": market_type, "leverage": values[LEVERAGE] or 1, "margin_mode": values[MARGIN_MODE]}

    def arguments(self) -> dict[str, Any]:
        """Of a valid form, for `lifecycle.create_subscription`.

        Parameters that are as the bot has them by itself are left out: equal subscriptions share one stream.
        """
        values = self.cleaned_data
        strategy_config = {}
        for parameter in self.parameters:
            value = _plain(values[f"strategy_config.{parameter.name}"])
            is_default = parameter.has_default and value == parameter.default
            if value is not None and value != "" and not is_default:
                strategy_config[parameter.name] = value
        risk_config = {name: values[f"risk_config.{name}"] for name in RISK}
        return {
            "user": self.user,
            "bot": self.bot,
            "instance_name": values["instance_name"],
            "exchange_type": values["exchange_type"],
            "trading_pair": values["trading_pair"],
            "timeframe": values["timeframe"],
            "mode": values["mode"],
            **self._execution(),
            "allocated_capital": values[CAPITAL],
            "strategy_config": strategy_config,
            "risk_config": {name: f"{value.normalize():f}" for name, value in risk_config.items() if value is not None},
        }

    def in_money(self) -> dict[str, Any]:
        """Of a valid form: what one entry may cost and be worth, and what it loses at its stop, in quote units."""
        values = self.cleaned_data
        entry = values[CAPITAL] * values["risk_config.position_size_pct"] / 100
        most = values["risk_config.max_position_size"]
        entry = entry if most is None else min(entry, most)
        stop_pct = values["risk_config.stop_loss_pct"]
        execution = self._execution()
        worth = entry * execution["leverage"]
        return {
            **execution,
            "quote": values["trading_pair"].partition("/")[2],
            "capital": values[CAPITAL],
            "entry": entry,
            "worth": worth,
            "loss_at_stop": None if stop_pct is None else -worth * stop_pct / 100,
        }

    def add_refusal(self, message: str, field: str) -> None:
        """A service's refusal, at the field it names or the nearest one that is on the page."""
        field = {"credential_id": "mode"}.get(field, field)
        while field and field not in self.fields:
            field = field.rpartition(".")[0]
        self.add_error(field or None, message)


def parameter_field(parameter: Parameter) -> forms.Field:
    """A form field for one parameter of a bot. Its bounds are shown and checked; the schema has the last word."""
    options: dict[str, Any] = {
        "label": parameter.title,
        "help_text": _help(parameter),
        "initial": parameter.default,
        "required": parameter.is_required and not parameter.has_default,
    }
    if parameter.choices:
        # Values may be numbers; a form knows texts. The text leads back to the value.
        by_text = {str(value): value for value in parameter.choices}
        choices = [(text, text) for text in by_text]
        if not parameter.has_default and not parameter.is_required:
            choices = [("", "—"), *choices]
        return forms.TypedChoiceField(
            choices=choices, coerce=lambda text: by_text.get(text, text), empty_value=None, **options
        )
    if parameter.kind == "boolean":
        return forms.BooleanField(**{**options, "required": False})
    if parameter.kind == "integer":
        low, high = parameter.minimum, parameter.maximum
        return forms.IntegerField(
            min_value=None if low is None else math.ceil(low),
            max_value=None if high is None else math.floor(high),
            **options,
        )
    if parameter.kind == "number":
        return forms.FloatField(
            min_value=parameter.minimum,
            max_value=parameter.maximum,
            widget=forms.NumberInput(attrs={"step": "any"}),
            **options,
        )
    if parameter.kind == "string":
        return forms.CharField(max_length=1000, **options)
    return forms.JSONField(widget=forms.Textarea(attrs={"rows": 3}), **options)


def _plain(value: Any) -> Any:
    """3.0 as 3: the same number is written one way, or it would make a stream of its own."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _help(parameter: Parameter) -> str:
    """The author's description and the bounds."""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        bounds = gettext("From %(low)s to %(high)s.") % {"low": f"{low:g}", "high": f"{high:g}"}
    elif low is not None:
        bounds = gettext("At least %(low)s.") % {"low": f"{low:g}"}
    elif high is not None:
        bounds = gettext("At most %(high)s.") % {"high": f"{high:g}"}
    else:
        bounds = ""
    return " ".join(part for part in (parameter.description, bounds) if part)


class StopForm(forms.Form):
    """The second question before a stop."""

    flatten = forms.ChoiceField(
        label=_("What it holds"),
        choices=(
            ("", _("Keep it. Its stop order is canceled too: from then on nobody watches it.")),
            ("yes", _("Sell it at the market price now.")),
        ),
        required=False,
        widget=forms.RadioSelect,
    )
