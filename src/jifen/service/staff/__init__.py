"""Staff: roles, API keys, second persons, history."""
