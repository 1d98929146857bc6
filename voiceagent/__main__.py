"""``python -m voiceagent`` is `voiceagent`."""

from voiceagent.cli import main

main(prog_name="voiceagent")
