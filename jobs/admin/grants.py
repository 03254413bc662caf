"""Granting credits: what is asked besides the reason."""

from django import forms

from jobs.admin.reasons import ReasonForm
from jobs.models import WalletKind

MOST_AT_ONCE = 1_000_000


class GrantForm(ReasonForm):
    """How many, to each wallet that was chosen."""

    amount = forms.IntegerField(label="Credits", min_value=1, max_value=MOST_AT_ONCE)
    field_order: tuple[str, ...] = ("amount", "reason")


class AccountGrantForm(GrantForm):
    """And into which of an account's wallets."""

    kind = forms.ChoiceField(label="Wallet", choices=WalletKind.choices)
    field_order = ("kind", "amount", "reason")
