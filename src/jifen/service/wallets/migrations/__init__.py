"""Tables of the wallets."""
