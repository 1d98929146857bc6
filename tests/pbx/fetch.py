"""Fetches, once, what the tests call: ``python tests/pbx/fetch.py``."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import asterisk
import equipment
from unpack import NotDebian


def main() -> int:
    """Exit code: 0 also without them, unless VOICEAGENT_REQUIRE_PBX is set."""
    if not asterisk.CACHE.exists():
        print("Fetching from this machine's Debian mirror what the tests call (250 MB)")
    with ThreadPoolExecutor() as pool:
        needed = [pool.submit(asterisk.install), pool.submit(equipment.install)]
        older = pool.submit(asterisk.install, 16)
    try:
        for unpacked in needed:
            unpacked.result()
    except NotDebian as reason:
        print(f"no Asterisk, SIPp, baresip, Linphone and Kamailio for the tests: {reason}")
        return int("VOICEAGENT_REQUIRE_PBX" in os.environ)
    try:
        older.result()
    except RuntimeError as reason:  # Debian 11 leaves the mirrors one day
        print(f"no Asterisk 16 for the tests: {str(reason).splitlines()[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
