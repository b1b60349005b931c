# Makes a piece of memory that other processes can find by name.
# expect: BLOCKED
# layers: seccomp landlock

from multiprocessing.shared_memory import SharedMemory

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        memory = SharedMemory(create=True, size=4096)
        memory.close()
        memory.unlink()
        return f"made {memory.name}"
