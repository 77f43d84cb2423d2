"""Short messages 短信: who sends them, and how a code reaches a phone."""
