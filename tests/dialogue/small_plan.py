"""A small dialplan that says everything in a few words."""

from datetime import date
from typing import Any

TODAY = date(2025, 11, 22)

PLAN: dict[str, Any] = {
    "name": "test",
    "facts": {"company": "Acme"},
    "greeting": "{{ facts.company }}, a machine.",
    "intents": {
        "hours": {"examples": ["when are you open"], "answer": "From nine.", "label": "our hours"},
        "order": {"examples": ["where is my order"], "slots": ["number"], "lookup": "order"},
        "cancel": {
            "examples": ["cancel my order"],
            "slots": ["number", "sure"],
            "handover": "orders",
        },
        "visit": {
            "examples": ["I want to come"],
            "slots": ["day", "kind", "patient"],
            "answer": "{{ patient }}, {{ kind }}, {{ day | date }}.",
            "follow_up": "More?",
        },
        "leave": {"examples": ["stop"], "answer": "Farewell.", "ends_call": True},
    },
    "slots": {
        "number": {
            "kind": "digits",
            "label": "order number",
            "prompt": "Number?",
            "reprompts": ["Digits?", "Which digits?"],
            "min_digits": 6,
            "max_digits": 6,
            "confirmation": "Is it {{ value }}?",
            "turns": {"end_silence_ms": 900},
        },
        "sure": {"kind": "yes_no", "prompt": "Cancel {{ number }}?", "if_no": "It stays."},
        "day": {"kind": "date", "prompt": "Which day?", "confirm": True},
        "kind": {"kind": "choice", "prompt": "Jab or talk?", "choices": {"jab": [], "talk": []}},
        "patient": {"kind": "name", "prompt": "Name?", "confirm": False},
    },
    "lookups": {
        "order": {
            "table": {
                "rows": [{"id": "471229", "status": "sent"}],
                "key": "id",
                "value": "{{ number }}",
            },
            "found": "It is {{ order.status }}.",
            "not_found": "There is no {{ number }}.",
        }
    },
    "topics": {
        "billing": {"examples": ["my bill is wrong"], "say": "A colleague looks at bills."},
        "danger": {"examples": ["he is dying"], "emergency": "Dial 112."},
    },
    "targets": {"general": ["6001"], "orders": ["6002"], "billing": ["6003"]},
}
