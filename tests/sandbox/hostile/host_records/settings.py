# Loads the platform's settings by Django, which is installed.
# expect: BLOCKED
# layers: landlock

import os
import sys

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings.test"
        sys.path.insert(0, TARGET["project"])
        try:
            from django.conf import settings

            return f"a key of {len(settings.SECRET_KEY)} characters"
        except ImportError as error:
            raise Denied(str(error)) from error
