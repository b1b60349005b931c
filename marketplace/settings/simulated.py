"""Where the simulator plays which exchange: the addresses that take the place of the adapters' own."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from exchanges.simulator.faces import ENDPOINTS


def simulator_urls(first: str) -> dict[str, str]:
    """By endpoint: their ports follow each other from the first one's."""
    parts = urlsplit(first)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or 8001
    return {
        endpoint.name: f"{'https' if endpoint.tls else 'http'}://{host}:{port + index}"
        for index, endpoint in enumerate(ENDPOINTS.values())
    }


def exchange_urls(urls: Mapping[str, str], networks: Iterable[str]) -> dict[str, dict[str, str]]:
    """As `EXCHANGE_URLS` wants them, for those networks; what stays out keeps its real address."""
    networks = tuple(networks)
    found = {
        "BINANCE": dict.fromkeys(networks, urls["binance"]),
        "COINBASE": dict.fromkeys(networks, urls["coinbase"]),
        "COINBASE_EXCHANGE": dict.fromkeys(networks, urls["coinbase_exchange"]),
        "KRAKEN": dict.fromkeys(networks, urls["kraken"]),
    }
    found["KRAKEN"] |= {f"{network} futures": urls["kraken_futures"] for network in networks}
    return found


def ca_files(urls: Mapping[str, str], ca_file: str) -> dict[str, str]:
    """As `EXCHANGE_CA_FILES` wants them."""
    return {url: ca_file for url in urls.values() if url.startswith("https:") and ca_file}
