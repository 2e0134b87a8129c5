"""Is the database well? The list follows Pigsty's rules for MySQL, chosen and scaled for one machine.

Metrics are those of mysqld-exporter 0.14 and 0.18, on MySQL 8.4 and on MariaDB 10.11 and 11.8; where the two databases
name a thing differently, `or` takes whichever is there.
"""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile

_COMPONENT = "mysql"
_QUERIES = "rate(mysql_global_status_questions[5m])"
_CONNECTIONS = "100 * mysql_global_status_threads_connected / mysql_global_variables_max_connections"


def mysql() -> RuleFile:
    """`mysql.yml`."""
    return RuleFile("mysql.yml", "Is the database well?", (*_reachable(), *_connections(), *_work(), *_engine()))


def _reachable() -> tuple[Alert, ...]:
    """The database down, its exporter down (InstanceDown) and its exporter in trouble are three different things."""
    return (
        Alert(
            "MysqlDown",
            "mysql_up == 0",
            Severity.CRITICAL,
            Text("The database does not answer", "La base de datos no responde"),
            Text(
                "The exporter {{ $labels.instance }} runs but cannot reach the database.",
                "El exportador {{ $labels.instance }} funciona, pero no alcanza la base de datos.",
            ),
            lasting="30s",
            component=_COMPONENT,
        ),
        Alert(
            "MysqlRestarted",
            # Only a restart: a database that was not there a quarter of an hour ago has simply been started.
            "mysql_global_status_uptime < 600 and on (instance) mysql_up offset 15m == 1",
            Severity.INFO,
            Text("The database has restarted", "La base de datos se ha reiniciado"),
            Text(
                "The database behind {{ $labels.instance }} has run for {{ $value | humanizeDuration }} only.",
                "La base de datos tras {{ $labels.instance }} lleva en marcha solo {{ $value | humanizeDuration }}.",
            ),
            component=_COMPONENT,
        ),
        Alert(
            "MysqlCollectorFailing",
            # Exporters up to 0.14 count errors, later ones tell of each collector whether it succeeded.
            "max by (instance, collector) (mysql_exporter_collector_success == bool 0) > 0\n"
            "or max by (instance, collector) (increase(mysql_exporter_scrape_errors_total[5m])) > 0",
            Severity.WARNING,
            Text("Part of the database is not measured", "Parte de la base de datos no se mide"),
            Text(
                "{{ $labels.instance }} has failed to read {{ $labels.collector }} for 10 minutes.",
                "{{ $labels.instance }} no consigue leer {{ $labels.collector }} desde hace 10 minutos.",
            ),
            lasting="10m",
            component="mysqld-exporter",
        ),
        Alert(
            "MysqlExporterSlow",
            'scrape_duration_seconds{job="mysql"} > 5',
            Severity.WARNING,
            Text("Measuring the database takes long", "Medir la base de datos tarda mucho"),
            Text(
                "A scrape of {{ $labels.instance }} takes {{ $value | humanizeDuration }}.",
                "Leer {{ $labels.instance }} tarda {{ $value | humanizeDuration }}.",
            ),
            lasting="5m",
            component="mysqld-exporter",
        ),
    )


def _connections() -> tuple[Alert, ...]:
    def connections(name: str, percent: int, lasting: str, severity: Severity) -> Alert:
        return Alert(
            name,
            f"{_CONNECTIONS} > {percent}",
            severity,
            Text(
                f"More than {percent} % of the database's connections are taken",
                f"Más del {percent} % de las conexiones de la base de datos están ocupadas",
            ),
            Text(
                '{{ $value | printf "%.0f" }} % of the connections that the database allows are taken.',
                'Está ocupado el {{ $value | printf "%.0f" }} % de las conexiones que admite la base de datos.',
            ),
            lasting=lasting,
            component=_COMPONENT,
        )

    return (
        connections("MysqlConnectionsHigh", 80, "10m", Severity.WARNING),
        connections("MysqlConnectionsAlmostUsedUp", 95, "3m", Severity.CRITICAL),
    )


def _work() -> tuple[Alert, ...]:
    """Ratios need enough queries to mean something, hence the second condition of each."""
    return (
        Alert(
            "MysqlSlowQueries",
            f"100 * rate(mysql_global_status_slow_queries[5m]) / {_QUERIES} > 1\nand {_QUERIES} > 10",
            Severity.WARNING,
            Text("Many queries are slow", "Muchas consultas son lentas"),
            Text(
                '{{ $value | printf "%.1f" }} % of all queries take longer than the database calls slow.',
                'El {{ $value | printf "%.1f" }} % de las consultas tarda más de lo que la base de datos llama lento.',
            ),
            lasting="5m",
            component=_COMPONENT,
        ),
        Alert(
            "MysqlBufferPoolMisses",
            "100 * (1 - rate(mysql_global_status_innodb_buffer_pool_reads[5m])\n"
            "  / rate(mysql_global_status_innodb_buffer_pool_read_requests[5m])) < 95\n"
            f"and {_QUERIES} > 100",
            Severity.INFO,
            Text("The database often reads from disk", "La base de datos lee a menudo del disco"),
            Text(
                'Only {{ $value | printf "%.1f" }} % of what queries need is found in the buffer pool.',
                'Solo el {{ $value | printf "%.1f" }} % de lo que piden las consultas está en el buffer pool.',
            ),
            lasting="15m",
            component=_COMPONENT,
        ),
        Alert(
            "MysqlDeadlocks",
            "increase(mysql_global_status_innodb_deadlocks[10m]) > 5\n"
            "or increase(mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total[10m]) > 5",
            Severity.INFO,
            Text("Transactions stand in each other's way", "Las transacciones se estorban"),
            Text(
                '{{ $value | printf "%.0f" }} deadlocks in 10 minutes; each made one transaction start again.',
                '{{ $value | printf "%.0f" }} interbloqueos en 10 minutos; cada uno obligó a repetir una transacción.',
            ),
            component=_COMPONENT,
        ),
    )


def _engine() -> tuple[Alert, ...]:
    return (
        Alert(
            "MysqlRedoLogAlmostFull",
            "100 * mysql_global_status_innodb_checkpoint_age / mysql_global_status_innodb_checkpoint_max_age > 80\n"
            "or 100 * (mysql_global_status_innodb_redo_log_current_lsn\n"
            "  - mysql_global_status_innodb_redo_log_checkpoint_lsn)\n"
            "  / mysql_global_status_innodb_redo_log_capacity_resized > 80",
            Severity.WARNING,
            Text("The database writes faster than it can settle", "La base de datos escribe más de lo que asienta"),
            Text(
                '{{ $value | printf "%.0f" }} % of the redo log is not yet written to the tables; when it is full, '
                "writing waits.",
                'El {{ $value | printf "%.0f" }} % del redo log aún no está en las tablas; cuando se llena, las '
                "escrituras esperan.",
            ),
            lasting="5m",
            component=_COMPONENT,
        ),
        Alert(
            "MysqlHistoryListLong",
            "mysql_global_status_innodb_history_list_length > 1e6\n"
            "or mysql_info_schema_innodb_metrics_transaction_trx_rseg_history_len > 1e6",
            Severity.WARNING,
            Text("A transaction has been open for very long", "Hay una transacción abierta desde hace mucho"),
            Text(
                "{{ $value | humanize }} old row versions wait to be removed, usually because a transaction is still "
                "open.",
                "{{ $value | humanize }} versiones antiguas de filas esperan a ser borradas, casi siempre porque sigue "
                "abierta una transacción.",
            ),
            lasting="15m",
            component=_COMPONENT,
        ),
    )
