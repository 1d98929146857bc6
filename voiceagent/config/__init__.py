"""The settings of one machine: a TOML file, every wrong line named with its mend.

Each field's docstring is its documentation: `voiceagent config` prints them all. Relative
paths are taken from the folder of the file. A secret can be kept out of the file: any setting
can come from the environment as ``VOICEAGENT_<SECTION>__<FIELD>``, lists and tables as JSON.
"""

from voiceagent.config.handover import Handover as Handover, Key as Key, Way as Way
from voiceagent.config.loading import ConfigError as ConfigError, load as load
from voiceagent.config.machine import Config as Config
from voiceagent.config.records import (
    Learning as Learning,
    Log as Log,
    Mqtt as Mqtt,
    Records as Records,
    Review as Review,
)
from voiceagent.config.sip import Sip as Sip
from voiceagent.config.speech import (
    Speech as Speech,
    SpeechOfLanguage as SpeechOfLanguage,
    Turns as Turns,
    Voice as Voice,
)
from voiceagent.config.web import Desk as Desk, Text as Text, Web as Web
from voiceagent.config.webhook import Webhook as Webhook
