"""How hypothesis draws its examples: at random for a person, the same ones each time where CI runs."""

import os

from hypothesis import settings

settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
