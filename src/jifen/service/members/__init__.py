"""Members 会员: accounts, sign-up by code, personal data that can be erased."""
