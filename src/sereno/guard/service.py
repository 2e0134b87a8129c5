"""What the room can do with accounts. Each function works in the caller's transaction; the door commits.

Every change is told to the audit trail in the same transaction, so neither can be without the other.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sereno.guard import audit, hashing, sessions, store, tokens
from sereno.guard.errors import NameTaken, NoSuchUser, PasswordsDiffer, PasswordUnchanged
from sereno.guard.model import (
    Actor,
    Identity,
    Role,
    User,
    UserChange,
    accepted_language,
    accepted_name,
    after,
    refuse_loss,
)
from sereno.guard.passwords import check_new_password, generate_password
from sereno.guard.sign_in import account_fingerprint
from sereno.guard.tables import UserRow

FIRST_ADMINISTRATOR = "admin"
SYSTEM = Actor("sereno", "local")


def users(session: Session) -> list[User]:
    """All accounts by name."""
    return store.users(session)


def user(session: Session, user_id: int) -> User:
    """The account with that number. Raises NoSuchUser."""
    return store.to_user(_row(session, user_id))


def user_named(session: Session, name: str) -> User:
    """The account with that name, whatever its capitals. Raises NoSuchUser."""
    row = store.user_row_by_name(session, name.strip().lower())
    if row is None:
        raise NoSuchUser(f"there is no user {name!r}", next_step="./sereno user list shows all of them")
    return store.to_user(row)


def add_user(
    session: Session,
    *,
    name: str,
    role: Role,
    language: str | None = None,
    password: str | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[User, str | None]:
    """Add an account; answers it and, when no `password` was given, the one made up for it, to be changed at once.

    Raises NameRefused, PasswordRefused, or NameTaken.
    """
    name = accepted_name(name)
    generated = None
    if password is None:
        password = generated = generate_password()
    else:
        check_new_password(password, user_name=name)
    row = UserRow(
        name=name,
        role=role.value,
        password_hash=hashing.hash_password(password),
        # Whoever sets a password for somebody else knows it, so its owner chooses another.
        must_change_password=True,
        disabled=False,
        language=accepted_language(language),
        created_at=now,
        password_changed_at=now,
    )
    _insert(session, row)
    added = store.to_user(row)
    audit.record(session, actor, "user.add", f"user:{name}", now=now, new=audit.visible(added))
    return added, generated


def change_user(session: Session, user_id: int, change: UserChange, *, actor: Actor, now: datetime) -> User:
    """Change name, role, language or state of an account; what is disabled is signed out, its tokens revoked.

    Raises NoSuchUser, NameRefused, NameTaken, OwnAccount or LastAdministrator.
    """
    administrators = store.lock_active_administrators(session)
    row = _row(session, user_id)
    if change.name is not None:
        change = UserChange(accepted_name(change.name), change.role, change.language, change.disabled)
    before = store.to_user(row)
    becomes = after(before, change)
    if becomes == before:
        return before
    refuse_loss(
        before, becomes, actor=actor, other_active_administrators=sum(number != user_id for number in administrators)
    )
    if becomes.name != before.name and store.user_row_by_name(session, becomes.name) is not None:
        raise _taken(becomes.name)
    row.name, row.role = becomes.name, becomes.role.value
    row.language, row.disabled = becomes.language, becomes.disabled
    if becomes.disabled:
        store.end_sessions(session, user_id)
        tokens.revoke_all_of(session, user_id, actor=actor, now=now)
    _flush(session, becomes.name)
    old, new = audit.difference(before, becomes)
    audit.record(session, actor, _action(before, becomes), f"user:{before.name}", now=now, old=old, new=new)
    return becomes


def delete_user(session: Session, user_id: int, *, actor: Actor, now: datetime) -> User:
    """Remove an account, its sessions and its tokens; answers what it was. The audit trail keeps its name.

    Raises NoSuchUser, OwnAccount or LastAdministrator.
    """
    administrators = store.lock_active_administrators(session)
    row = _row(session, user_id)
    gone = store.to_user(row)
    refuse_loss(
        gone, None, actor=actor, other_active_administrators=sum(number != user_id for number in administrators)
    )
    store.end_sessions(session, user_id)
    tokens.revoke_all_of(session, user_id, actor=actor, now=now)
    session.delete(row)
    audit.record(session, actor, "user.delete", f"user:{gone.name}", now=now, old=audit.visible(gone))
    return gone


def reset_password(session: Session, user_id: int, *, actor: Actor, now: datetime) -> tuple[User, str]:
    """Give the account a made-up password to be changed at once; answers both. Ends its sessions, ends its waiting.

    Raises NoSuchUser.
    """
    row = _row(session, user_id)
    password = generate_password()
    _set_password(row, password, must_change=True, now=now)
    store.end_sessions(session, user_id)
    store.forget_all_failures(session, account_sha256=account_fingerprint(row.name))
    audit.record(session, actor, "user.reset-password", f"user:{row.name}", now=now)
    return store.to_user(row), password


def change_password(
    session: Session, identity: Identity, *, present: str, new: str, repeated: str, actor: Actor, now: datetime
) -> str:
    """Change one's own password, end one's other sessions, and go on under the token that is answered.

    `present` has been confirmed (`sign_in.confirm`). Raises PasswordsDiffer, PasswordUnchanged or another
    PasswordRefused.
    """
    row = _row(session, identity.user_id)
    if new != repeated:
        raise PasswordsDiffer("the two new passwords differ", next_step="type the new password twice")
    if new == present:
        raise PasswordUnchanged("the new password is the present one", next_step="choose another one")
    check_new_password(new, user_name=row.name)
    _set_password(row, new, must_change=False, now=now)
    store.end_sessions(session, row.id, but=identity.session_id)
    audit.record(session, actor, "user.change-password", f"user:{row.name}", now=now)
    return sessions.renew(session, identity)


def choose_language(session: Session, identity: Identity, language: str, *, actor: Actor, now: datetime) -> User:
    """Keep the language that one wants to be greeted in; anything that Sereno does not speak means no preference."""
    row = _row(session, identity.user_id)
    before = store.to_user(row)
    row.language = accepted_language(language)
    becomes = store.to_user(row)
    if becomes != before:
        old, new = audit.difference(before, becomes)
        audit.record(session, actor, "user.edit", f"user:{row.name}", now=now, old=old, new=new)
    return becomes


def ensure_first_administrator(session: Session, password: str, *, now: datetime) -> bool:
    """Add the administrator `admin` with `password`, to be changed at the first sign-in, if there are no users at all.

    Whether it was added. Two processes may call it at the same moment: the name is unique, the second finds it taken.
    """
    if store.has_users(session):
        return False
    row = UserRow(
        name=FIRST_ADMINISTRATOR,
        role=Role.ADMIN.value,
        password_hash=hashing.hash_password(password),
        must_change_password=True,
        disabled=False,
        created_at=now,
        password_changed_at=now,
    )
    try:
        with session.begin_nested():
            _insert(session, row)
    except NameTaken:
        return False
    added = audit.visible(store.to_user(row))
    audit.record(session, SYSTEM, "user.add", f"user:{FIRST_ADMINISTRATOR}", now=now, new=added)
    return True


def _row(session: Session, user_id: int) -> UserRow:
    row = store.user_row(session, user_id)
    if row is None:
        raise NoSuchUser(f"there is no user number {user_id}", next_step="reload the list of users")
    return row


def _set_password(row: UserRow, password: str, *, must_change: bool, now: datetime) -> None:
    row.password_hash = hashing.hash_password(password)
    row.must_change_password = must_change
    row.password_changed_at = now


def _insert(session: Session, row: UserRow) -> None:
    if store.user_row_by_name(session, row.name) is not None:
        raise _taken(row.name)
    session.add(row)
    _flush(session, row.name)


def _flush(session: Session, name: str) -> None:
    """Send the change; the unique key decides when somebody else took the name in the same moment."""
    if not store.flush_unless_taken(session):
        raise _taken(name)


def _taken(name: str) -> NameTaken:
    return NameTaken(f"the user name {name} is taken", next_step="choose another name")


def _action(before: User, becomes: User) -> str:
    if before.disabled != becomes.disabled:
        return "user.disable" if becomes.disabled else "user.enable"
    return "user.edit"
