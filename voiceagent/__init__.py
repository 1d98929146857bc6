"""A self-hosted voice agent for the telephone that knows when to hand over to a person."""

import os

__version__ = "0.1.0"

# numpy's BLAS would start a thread a core and have them spin: the matrices here are too small
# to gain by it, and audio and recognition lose their cores to it. It reads this when numpy is
# first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
