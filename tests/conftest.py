"""Set-up for every test: Hypothesis profiles, and the venv's own node first in PATH."""

import os
import sysconfig

from hypothesis import settings

# No deadline: the machine may be shared, and a slow example is no failure. CI draws the same examples each time.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# npm's scripts look up `node` by PATH; the test extra puts it beside the venv's python.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
