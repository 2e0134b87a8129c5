"""The signed token that tells Grafana who comes: short-lived, so a copied one is soon worth nothing.

Grafana checks the signature with the public key (`[auth.jwt] key_file`), knows the account again by `sub`, and takes
its login from `login` and its role from `role`; see the documentation of its JWT authentication (9.5 to 13).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt

from sereno.guard.model import Identity, Role

LIFETIME = timedelta(minutes=1)
ISSUER = "sereno-desk"
AUDIENCE = "grafana"
GRAFANA_ROLES = {Role.VIEWER: "Viewer", Role.OPERATOR: "Editor", Role.ADMIN: "Admin"}


def grafana_token(identity: Identity, private_key: str, *, now: datetime) -> str:
    """A token for `identity`, signed with the PEM `private_key`, valid for a minute from `now`."""
    claims = {
        "sub": str(identity.user_id),
        # Never the login of an account of Grafana's own: its `admin` may do what no role of ours allows.
        "login": f"{identity.name}@desk",
        "name": identity.name,
        # Grafana wants an address to tell accounts apart; this one can't exist.
        "email": f"{identity.name}@desk.invalid",
        "role": GRAFANA_ROLES[identity.role],
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(claims, private_key, algorithm="RS256")
