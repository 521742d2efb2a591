"""Who asks. A credential nobody issued is no error: the caller is then a guest, who sees what is public."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from upstream_mocks.balena.store import Store

TOKEN = "demo-balena-token"
PARTNER_TOKEN = "partner-balena-token"
PASSWORD = "demo-balena-password"
TRIES = 10
_BEARER = re.compile(r"bearer\s+(\S+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Account:
    """A user who holds a credential."""

    user: int
    username: str
    email: str
    actor: int


@dataclass
class Accounts:
    by_token: dict[str, Account]
    issued: int = 0
    tries: dict[str, int] = field(default_factory=dict)

    def of(self, headers: Mapping[str, str], query: str) -> Account | None:
        """The caller by bearer token or `?apikey=`; None for a guest."""
        bearer = _BEARER.fullmatch(headers.get("authorization", ""))
        keys = parse_qs(query).get("apikey", [])
        tokens = [bearer[1]] if bearer else keys[:1]
        return self.by_token.get(tokens[0]) if tokens else None

    def issue(self, account: Account, prefix: str) -> str:
        """A new credential: the prefix and 32 hex digits."""
        self.issued += 1
        token = prefix + hashlib.sha256(f"{account.username}/{self.issued}".encode()).hexdigest()[:32]
        self.by_token[token] = account
        return token

    def try_password(self, username: str, password: str) -> Account | None:
        """Raises nothing: how often it was tried is in `tries`."""
        known = {account.username: account for account in self.by_token.values()}
        found = known.get(username) if password == PASSWORD else None
        self.tries[username] = 0 if found else self.tries.get(username, 0) + 1
        return found


def accounts(store: Store) -> Accounts:
    """The demo user, member of both organizations, and one of the partner's only."""
    tokens = {TOKEN: "demo", PARTNER_TOKEN: "partner"}
    users = {row["username"]: row for row in store.all("user")}
    return Accounts({token: _account(users[name]) for token, name in tokens.items()})


def _account(row: Mapping[str, object]) -> Account:
    name = str(row["username"])
    return Account(int(str(row["id"])), name, f"{name}@balena.example", int(str(row["actor"])))
