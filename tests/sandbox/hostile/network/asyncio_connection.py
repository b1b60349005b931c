# Connects from an event loop.
# expect: BLOCKED
# layers: seccomp

import asyncio

from attack import TARGET, Attack


async def connect() -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", TARGET["port"])
    answer = await reader.read(100)
    writer.close()
    return str(answer)


class Bot(Attack):
    def attack(self) -> str:
        return asyncio.run(connect())
