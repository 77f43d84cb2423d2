"""The Django application."""

from django.apps import AppConfig

__all__ = ["WalletsConfig"]


class WalletsConfig(AppConfig):
    """Wallets 钱包: withdrawals 提现 and their review, batches for the bank."""

    name = "jifen.service.wallets"
    label = "wallets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let who forgets a person know what is to be forgotten here, whoever asks for it."""
        from jifen.service.wallets import payees  # noqa: F401 - it says so itself
