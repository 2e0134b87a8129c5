"""What the intake is measured against: the barest Flask application that stores one alert durably and says so.

Run by Gunicorn with the same processes and threads as the desk: `gunicorn … bench.bare_insert:app`. It checks no token,
knows nothing of what is stored, and inserts the same row that the desk stores for an alert (`AlertRow`).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flask import Flask, Response, jsonify, request
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, MetaData, String, Table, Text, create_engine, insert
from sqlalchemy.dialects.mysql import DATETIME

MOMENT = DATETIME(fsp=6)

bare = Table(
    "bare",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("fingerprint", String(64)),
    Column("began_at", MOMENT),
    Column("starts_at", MOMENT),
    Column("ended_at", MOMENT),
    Column("ended_by", String(16)),
    Column("suppressed", Boolean),
    Column("annotations", JSON),
    Column("generator_url", Text),
    Column("missed_polls", Integer),
    Column("missing_since", MOMENT),
    Column("updated_at", MOMENT),
    Column("incident_id", BigInteger),
    mysql_engine="InnoDB",
)

app = Flask(__name__)
engine = create_engine(os.environ["BARE_DATABASE"], pool_size=8, isolation_level="READ COMMITTED")


@app.post("/api/v1/alertmanager")
def deliver() -> Response:
    """One row for the delivery's first alert, committed before the answer."""
    alert = request.get_json()["alerts"][0]
    now = datetime.now(UTC).replace(tzinfo=None)
    began_at = datetime.fromisoformat(alert["startsAt"][:26])
    with engine.begin() as connection:
        connection.execute(
            insert(bare).values(
                fingerprint=alert["fingerprint"],
                began_at=began_at,
                starts_at=began_at,
                suppressed=False,
                annotations=alert["annotations"],
                generator_url=alert["generatorURL"],
                missed_polls=0,
                updated_at=now,
            )
        )
    return jsonify(received=1)
