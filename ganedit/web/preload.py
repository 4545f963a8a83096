"""What the process of a job needs anyway: imported once, before there are jobs to wait for it.

Nothing is computed here: threads and devices do not survive the fork.
"""

import torch  # noqa: F401

from ganedit.web import worker  # noqa: F401
