# Opens a database file.
# expect: BLOCKED
# layers: landlock

import sqlite3

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        try:
            database = sqlite3.connect(f"file:{TARGET['open_folder']}/marker?mode=rwc", uri=True)
            database.execute("create table t (x)")
        except sqlite3.OperationalError as error:
            raise Denied(str(error)) from error
        return "a database of one's own"
