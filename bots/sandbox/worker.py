"""A worker process. Started as a script by process.py in a clean interpreter (`python -I -S -B -X utf8`).

Arguments: the descriptor to read requests from, the one to write replies to, the host's process id, the
folder that holds the packages `bots` and `bot_sdk`, and the folders of third-party libraries.
"""

from __future__ import annotations

import sys


def main(request_fd: str, reply_fd: str, host_pid: str, code_folder: str, *library_folders: str) -> None:
    sys.path.extend(library_folders)
    sys.path.append(code_folder)

    from bots.sandbox import jail

    jail.die_with_host(int(host_pid))

    from bots.sandbox.serve import Server

    # What is imported stays; nothing else of the platform is to be found by name.
    sys.path.remove(code_folder)
    Server(int(request_fd), int(reply_fd)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
