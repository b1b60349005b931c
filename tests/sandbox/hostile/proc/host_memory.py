# Reads a secret from the memory of the platform's process.
# expect: BLOCKED
# layers: landlock uid namespaces

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(f"/proc/{TARGET['host']}/mem", "rb", buffering=0) as memory:
            memory.seek(TARGET["host_address"])
            return str(memory.read(40))
