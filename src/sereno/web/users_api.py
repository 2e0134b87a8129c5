"""Accounts by program: `/api/v1/users`, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from sereno.guard import service
from sereno.guard.model import NAME_MAX_LENGTH, Role, User, UserChange
from sereno.guard.passwords import MAX_LENGTH
from sereno.web.api import PREFIX, Answer, ApiModel, operation
from sereno.web.auth import require
from sereno.web.here import actor, now, transact
from sereno.web.i18n import N_

blueprint = Blueprint("users_api", __name__, url_prefix=f"{PREFIX}/users")

TAG = N_("Users")
Language = Literal["en", "es"]

_NAME = N_("2 to 64 of the letters a-z, digits and . _ @ -; capitals are folded.")
_LANGUAGE = N_("In which the account is greeted; null: what the browser asks for.")


class UserOut(ApiModel):
    """An account; nothing of its password."""

    id: int
    name: str
    role: Role
    disabled: bool
    must_change_password: bool
    language: Language | None
    created_at: datetime
    password_changed_at: datetime
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, user: User) -> UserOut:
        """The account as the API tells it."""
        return cls.model_validate({name: getattr(user, name) for name in cls.model_fields})


class UserList(ApiModel):
    """All accounts by name."""

    users: list[UserOut]


class NewUser(ApiModel):
    """An account to be added."""

    name: str = Field(max_length=NAME_MAX_LENGTH, description=_NAME)
    role: Role = Role.VIEWER
    language: Language | None = Field(None, description=_LANGUAGE)
    password: str | None = Field(
        None,
        max_length=MAX_LENGTH,
        description=N_("At least 12 characters, to be changed at the first sign-in; null: one is made up."),
    )


class UserPatch(ApiModel):
    """What to change; members left out stay as they are."""

    name: str | None = Field(None, max_length=NAME_MAX_LENGTH, description=_NAME)
    role: Role | None = None
    language: Language | None = Field(None, description=_LANGUAGE)
    disabled: bool | None = Field(None, description=N_("true: closed, and signed out everywhere."))


class UserWithPassword(ApiModel):
    """An account and, this once, the password that was made up for it."""

    user: UserOut
    password: str | None = Field(description=N_("Shown only now; null when you chose it yourself."))


@blueprint.get("")
@require(Role.ADMIN)
@operation(TAG, N_("List all users"), answers=UserList)
def show_all() -> UserList:
    """All accounts."""
    return UserList(users=[UserOut.of(user) for user in transact(service.users)])


@blueprint.post("")
@require(Role.ADMIN)
@operation(
    TAG, N_("Add a user"), body=NewUser, answers=UserWithPassword, status=201, problems=(409,), holds_secret=True
)
def add(body: NewUser) -> Answer:
    """Add an account."""
    who, moment = actor(), now()
    user, password = transact(
        lambda session: service.add_user(
            session,
            name=body.name,
            role=body.role,
            language=body.language,
            password=body.password,
            actor=who,
            now=moment,
        )
    )
    location = {"Location": f"{PREFIX}/users/{user.id}"}
    return Answer(UserWithPassword(user=UserOut.of(user), password=password), location)


@blueprint.get("/<int:user_id>")
@require(Role.ADMIN)
@operation(TAG, N_("Show one user"), answers=UserOut, problems=(404,))
def show(user_id: int) -> UserOut:
    """One account."""
    return UserOut.of(transact(lambda session: service.user(session, user_id)))


@blueprint.patch("/<int:user_id>")
@require(Role.ADMIN)
@operation(TAG, N_("Change, disable or enable a user"), body=UserPatch, answers=UserOut, problems=(404, 409))
def change(user_id: int, body: UserPatch) -> UserOut:
    """Change what the body names."""
    who, moment = actor(), now()
    language = (body.language or "") if "language" in body.model_fields_set else None
    wanted = UserChange(name=body.name, role=body.role, language=language, disabled=body.disabled)
    return UserOut.of(transact(lambda session: service.change_user(session, user_id, wanted, actor=who, now=moment)))


@blueprint.delete("/<int:user_id>")
@require(Role.ADMIN)
@operation(TAG, N_("Delete a user"), status=204, problems=(404, 409))
def delete(user_id: int) -> None:
    """Remove an account and its sessions."""
    who, moment = actor(), now()
    transact(lambda session: service.delete_user(session, user_id, actor=who, now=moment))


@blueprint.post("/<int:user_id>/reset-password")
@require(Role.ADMIN)
@operation(TAG, N_("Reset a password"), answers=UserWithPassword, problems=(404,))
def reset(user_id: int) -> UserWithPassword:
    """Give the account a made-up password and end its sessions."""
    who, moment = actor(), now()
    user, password = transact(lambda session: service.reset_password(session, user_id, actor=who, now=moment))
    return UserWithPassword(user=UserOut.of(user), password=password)
