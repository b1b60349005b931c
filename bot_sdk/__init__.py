"""All that a bot author imports: `from bot_sdk import CustomBot, Action`."""

from bot_sdk.action import Action
from bot_sdk.bot import CustomBot

__all__ = ["Action", "CustomBot"]
__version__ = "0.1.0"
