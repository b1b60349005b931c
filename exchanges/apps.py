import logging

from django.apps import AppConfig

logger = logging.getLogger(__name__)


class ExchangesConfig(AppConfig):
    name = "exchanges"
    verbose_name = "Exchanges"

    def ready(self) -> None:
        from django.conf import settings

        from exchanges.adapters.binance import BinanceExchange
        from exchanges.adapters.coinbase import CoinbaseAdvanced
        from exchanges.adapters.kraken import KrakenExchange
        from exchanges.budgets import make_budget
        from exchanges.factory import ExchangeFactory

        ExchangeFactory.register_exchange("BINANCE", BinanceExchange)
        ExchangeFactory.register_exchange("COINBASE", CoinbaseAdvanced)
        try:
            from exchanges.adapters.coinbase_exchange import CoinbaseExchange

            ExchangeFactory.register_exchange("COINBASE_EXCHANGE", CoinbaseExchange)
        except ImportError as error:  # cbpro is installed by itself: see requirements-cbpro.txt
            logger.warning("COINBASE_EXCHANGE is not offered: %s.", error)
        ExchangeFactory.register_exchange("KRAKEN", KrakenExchange)
        ExchangeFactory.make_budget = make_budget
        ExchangeFactory.timeout_seconds = settings.EXCHANGE_TIMEOUT_SECONDS
        for name, urls in settings.EXCHANGE_URLS.items():
            for network, url in urls.items():
                ExchangeFactory.override_url(name, network, url)
        for url, ca_file in settings.EXCHANGE_CA_FILES.items():
            ExchangeFactory.trust_certificate(url, ca_file)
        ExchangeFactory.load_entry_points()
