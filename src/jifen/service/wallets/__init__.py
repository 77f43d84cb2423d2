"""Wallets 钱包: withdrawals 提现 and their review, batches for the bank."""
