"""`./run demo --check`: wait, through the REST API, until a seeded subscription has finished a trade."""

from dataclasses import dataclass, field
from typing import Any

from marketplace.demo import web_client


@dataclass
class TradeWatch:
    """Asks the API as the demo's subscriber, and remembers what it saw for the sentence after a time-out."""

    base_url: str
    token: str = field(repr=False)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""

    def first_performance(self) -> dict[str, Any] | None:
        """The performance of the first subscription with a finished trade, None while there is none."""
        try:
            self.subscriptions = self._get("/api/subscriptions/")["results"]
            for subscription in self.subscriptions:
                performance: dict[str, Any] = self._get(f"/api/subscriptions/{subscription['id']}/performance")
                if performance["total_trades"] >= 1:
                    return performance
            self.problem = ""
        except web_client.NO_ANSWER as error:
            self.problem = str(error)
        return None

    def describe(self) -> str:
        """What was being waited for."""
        lines = ["How the subscriptions stand:"]
        for subscription in self.subscriptions:
            lines.append(f"    {subscription['id']}  {subscription['instance_name']}: {subscription['status']}")
        if not self.subscriptions:
            lines.append("    the API showed no subscription")
        if self.problem:
            lines.append(f"    the last request failed: {self.problem}")
        return "\n".join(lines)

    def _get(self, path: str) -> Any:
        return web_client.get_json(self.base_url + path, token=self.token)
