#!/usr/bin/env python
"""Django's command line. `./run` is the one command for people; this is for single steps."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.demo")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
