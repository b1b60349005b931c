"""A model that is an open connection."""

import pickle
import socket
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, port: int) -> None:
        self.port = port

    def __reduce__(self) -> Any:
        return socket.create_connection, (("127.0.0.1", self.port), 3)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil(target["port"])))
