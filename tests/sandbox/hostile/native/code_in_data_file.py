# Maps a data file of its own as machine code and runs it.
# expect: BLOCKED
# layers: landlock

import mmap

from attack import TARGET, Attack, run_code


class Bot(Attack):
    def attack(self) -> str:
        with open(f"{TARGET['own_folder']}/weights.bin", "rb") as file:
            memory = mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        return f"machine code says {run_code(memory)}"
