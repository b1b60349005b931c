# Fetches a page.
# expect: BLOCKED
# layers: seccomp

import urllib.request

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{TARGET['port']}/", timeout=3) as page:
            return str(page.read())
