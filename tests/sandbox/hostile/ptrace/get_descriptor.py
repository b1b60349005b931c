# Takes a copy of a descriptor of another process.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        process = call("pidfd_open", TARGET["victim"], 0)
        return f"descriptor {call('pidfd_getfd', process, 0, 0)}"
