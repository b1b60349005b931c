# Tries every number there is but those that a bot needs: each must be refused, none may reach the kernel.
# expect: BLOCKED
# layers: seccomp
# unconfined: some of these calls would do harm

import errno
import os

from attack import X86, Attack, Denied, call

# Allowed, or allowed for some arguments. Named in lockdown's table.
X86_NEEDED = """
0 1 3 4 5 6 7 8 9 10 11 12 13 14 15 17 19 20 21 23 24 25 28 32 35 39 60 63 72 79 89 96 97 98 99 100 102 104 107 108 110
131 157 158 186 201 202 204 217 218 219 221 228 229 230 231 234 257 262 267 269 270 271 273 302 309 318 324 332 334
435 437 439 2 16 22 56 138 295
"""
ARM_NEEDED = """
17 23 25 29 48 56 57 61 62 63 64 65 66 67 78 79 80 93 94 96 98 99 101 113 114 115 122 123 124 128 131 132 134 135 139
153 160 163 165 167 169 172 173 174 175 176 177 178 179 214 215 216 220 222 223 226 233 261 278 283 291 293 435 437
439 44 168
"""
# No filter is asked about these two (uretprobe, uprobe): the kernel ends whoever makes them by itself.
NEVER_FILTERED = {335, 336} if X86 else set()
REFUSALS = (errno.EPERM, errno.ENOSYS, errno.ENOTTY)


class Bot(Attack):
    def attack(self) -> str:
        needed = {int(word) for word in (X86_NEEDED if X86 else ARM_NEEDED).split()}
        reached = []
        for number in set(range(480)) - needed - NEVER_FILTERED:
            try:
                answer = call(number, -1, -1, -1, -1, -1, -1)
            except OSError as error:
                if error.errno not in REFUSALS:
                    reached.append((number, error.errno))
                continue
            if answer == 0 and os.getppid() == own:
                os._exit(0)
            reached.append((number, answer))
        if reached:
            return str(reached)
        raise Denied("all")


own = os.getpid()
