# Learns where the kernel lies in memory.
# expect: BLOCKED
# layers: landlock

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with open("/proc/kallsyms") as file:
            return file.readline()
