"""What a plan can pay: promises and their funding, closed forms, rules of law, claims, and a safer plan beside it."""
