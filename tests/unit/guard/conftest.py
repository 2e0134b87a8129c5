from __future__ import annotations

import pytest
from tests.equipment.desk import memory_database

from sereno.database.session import Database


@pytest.fixture
def database() -> Database:
    return memory_database()
