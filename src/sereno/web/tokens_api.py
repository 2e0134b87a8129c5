"""API tokens by program: `/api/v1/tokens`. Everyone with an account has their own; administrators see all."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from sereno.guard import tokens
from sereno.guard.model import Role
from sereno.guard.scopes import DEFAULT_DAYS, LONGEST_DAYS, Scope
from sereno.guard.tokens import NAME_MAX_LENGTH, Maker, Token
from sereno.web.api import PREFIX, Answer, ApiModel, operation
from sereno.web.auth import require
from sereno.web.here import actor, known_identity, now, transact
from sereno.web.i18n import N_

blueprint = Blueprint("tokens_api", __name__, url_prefix=f"{PREFIX}/tokens")

TAG = N_("API tokens")


class TokenOut(ApiModel):
    """A token; nothing of its text."""

    id: int
    name: str
    scopes: list[Scope]
    role: Role
    state: Literal["active", "expired", "revoked"]
    made_by: str
    created_at: datetime
    expires_at: datetime | None = Field(description=N_("null: never."))
    last_used_at: datetime | None = Field(description=N_("Noted at most once a minute."))
    last_address: str | None
    revoked_at: datetime | None
    revoked_by: str | None


class TokenWithText(TokenOut):
    """A token and, this once, its text."""

    token: str = Field(description=N_("Shown only now: send it in the header Authorization: Bearer …"))


class TokenList(ApiModel):
    """Tokens, newest first, those that have ended too."""

    tokens: list[TokenOut]


class NewToken(ApiModel):
    """A token to be made."""

    name: str = Field(
        max_length=NAME_MAX_LENGTH,
        description=N_("1 to 48 of the letters a-z, digits and . _ @ -; capitals are folded."),
    )
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(Scope), description=N_("None that needs more than your own role.")
    )
    expires_days: int | None = Field(
        DEFAULT_DAYS,
        ge=1,
        le=LONGEST_DAYS,
        description=N_("After how many days it ends; null: never, which only administrators may choose."),
    )


@blueprint.get("")
@require(Role.VIEWER, scope="admin")
@operation(TAG, N_("List API tokens"), answers=TokenList)
def show_all() -> TokenList:
    """One's own; an administrator's list has everyone's."""
    maker, moment = _maker(), now()
    found = transact(lambda session: tokens.tokens(session, maker))
    return TokenList(tokens=[TokenOut.model_validate(told(each, moment)) for each in found])


@blueprint.post("")
@require(Role.VIEWER, scope="admin")
@operation(
    TAG,
    N_("Make an API token"),
    body=NewToken,
    answers=TokenWithText,
    status=201,
    problems=(409,),
    holds_secret=True,
)
def make(body: NewToken) -> Answer:
    """Make a token and show it, this once."""
    maker, who, moment = _maker(), actor(), now()
    made, text = transact(
        lambda session: tokens.make(
            session,
            name=body.name,
            scopes=body.scopes,
            days=body.expires_days,
            maker=maker,
            actor=who,
            now=moment,
        )
    )
    shown = TokenWithText.model_validate({**told(made, moment), "token": text})
    return Answer(shown, {"Location": f"{PREFIX}/tokens/{made.id}"})


@blueprint.get("/<int:token_id>")
@require(Role.VIEWER, scope="admin")
@operation(TAG, N_("Show one API token"), answers=TokenOut, problems=(404,))
def show(token_id: int) -> TokenOut:
    """One token, without its text."""
    maker = _maker()
    found = transact(lambda session: tokens.token(session, token_id, maker))
    return TokenOut.model_validate(told(found, now()))


@blueprint.delete("/<int:token_id>")
@require(Role.VIEWER, scope="admin")
@operation(TAG, N_("Revoke an API token"), status=204, problems=(404,))
def revoke(token_id: int) -> None:
    """End it at once and for good."""
    maker, who, moment = _maker(), actor(), now()
    transact(lambda session: tokens.revoke(session, token_id, maker, actor=who, now=moment))


def told(token: Token, moment: datetime) -> dict[str, object]:
    """The token with the members that the API gives it."""
    values = {name: getattr(token, name) for name in TokenOut.model_fields if name not in ("state", "scopes")}
    return values | {"state": token.state(moment), "scopes": list(token.scopes)}


def _maker() -> Maker:
    return Maker.of(known_identity())
