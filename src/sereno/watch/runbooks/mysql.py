"""Runbooks for the alerts of `rules/mysql.py`."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import DOCTOR, STATUS, Runbook, logs, restart, step

_RUNNING = step(
    "See what it is doing (as the database's administrator).",
    "Mira qué está haciendo (como administrador de la base de datos).",
    "SHOW FULL PROCESSLIST;",
)
_INNODB = step(
    "Read the engine's own report: sections TRANSACTIONS and LATEST DETECTED DEADLOCK.",
    "Lee el informe del motor: apartados TRANSACTIONS y LATEST DETECTED DEADLOCK.",
    "SHOW ENGINE INNODB STATUS\\G",
)


def _connections(en: str, es: str) -> Runbook:
    return Runbook(
        Text(en, es),
        (_RUNNING, logs("webapp")),
        (
            step(
                "Many that sleep: restart who holds them. Many at work on the same: end the query that blocks.",
                "Si muchas duermen: reinicia a quien las retiene. Si muchas esperan lo mismo: acaba la que bloquea.",
                "KILL QUERY ID;",
            ),
            restart("webapp"),
        ),
    )


MYSQL = {
    "MysqlDown": Runbook(
        Text(
            "The exporter runs and cannot reach the database. The status page shows its last good copy; signing in and "
            "storing alerts do not work until it is back. Alertmanager delivers again what it could not.",
            "El exportador funciona y no alcanza la base de datos. La página de estado muestra su última copia buena; "
            "no se puede entrar ni guardar alertas hasta que vuelva. Alertmanager reentrega lo pendiente.",
        ),
        (STATUS, logs("mysql"), DOCTOR),
        (
            step("Start it.", "Arráncala.", "./sereno start mysql"),
            step(
                "A full disk keeps it from starting: follow DiskAlmostFull first.",
                "Un disco lleno le impide arrancar: sigue antes DiskAlmostFull.",
                "df -h",
            ),
            step(
                "It runs but refuses the exporter: its password was changed. Starting anew writes it again.",
                "Si funciona y rechaza al exportador, cambió su contraseña. Al arrancar de nuevo se reescribe.",
                "./sereno up",
            ),
        ),
    ),
    "MysqlRestarted": Runbook(
        Text(
            "The database has ended and begun anew in the last ten minutes. What it had confirmed is kept; what was "
            "under way was refused.",
            "La base de datos ha terminado y vuelto a empezar en los últimos diez minutos. Lo confirmado se conserva; "
            "lo que estaba en curso se rechazó.",
        ),
        (
            logs("mysql"),
            step(
                "See whether the kernel killed it.",
                "Mira si la mató el núcleo.",
                "sudo dmesg -T | grep -i 'killed process'",
            ),
        ),
        (
            step(
                "Nothing to do if you restarted it. Else mend what its log names; follow OomKill if the kernel did it.",
                "Nada si la reiniciaste tú. Si no, arregla lo que diga su registro; sigue OomKill si fue el núcleo.",
            ),
        ),
    ),
    "MysqlCollectorFailing": Runbook(
        Text(
            "The exporter cannot read a part of the database's numbers, mostly for want of a right. The database "
            "itself works.",
            "El exportador no puede leer parte de los datos, casi siempre por falta de un permiso. La base de datos "
            "funciona.",
        ),
        (logs("mysqld-exporter"),),
        (
            step(
                "Write the exporter's user and rights anew.",
                "Escribe de nuevo el usuario y los permisos del exportador.",
                "./sereno up",
            ),
        ),
    ),
    "MysqlExporterSlow": Runbook(
        Text(
            "Reading the database's numbers takes longer than five seconds: the database or the machine is overloaded.",
            "Leer los datos de la base de datos tarda más de cinco segundos: está saturada, ella o la máquina.",
        ),
        (_RUNNING, logs("mysqld-exporter")),
        (
            step(
                "Follow what else fires: HighCpuUsage, DiskQueueLong, MysqlConnectionsHigh.",
                "Sigue lo demás que salte: HighCpuUsage, DiskQueueLong, MysqlConnectionsHigh.",
            ),
        ),
    ),
    "MysqlConnectionsHigh": _connections(
        "Four of five connections that the database allows are taken. New ones still work.",
        "Están ocupadas cuatro de cada cinco conexiones que admite la base de datos. Aún caben más.",
    ),
    "MysqlConnectionsAlmostUsedUp": _connections(
        "Hardly a connection is left: pages that need the database begin to fail.",
        "Apenas queda una conexión: empiezan a fallar las páginas que necesitan la base de datos.",
    ),
    "MysqlSlowQueries": Runbook(
        Text(
            "More than one query in a hundred takes longer than the database calls slow. Pages wait for them.",
            "Más de una consulta de cada cien tarda más de lo que la base de datos llama lento. Las páginas esperan.",
        ),
        (_RUNNING, logs("mysql")),
        (
            step(
                "Ask the database how it runs the slow one; a full scan of a large table wants an index.",
                "Pregunta cómo ejecuta la consulta lenta; recorrer entera una tabla grande pide un índice.",
                "EXPLAIN SELECT …;",
            ),
        ),
    ),
    "MysqlBufferPoolMisses": Runbook(
        Text(
            "More than one read in twenty goes to disk because the memory set aside for data is too small.",
            "Más de una lectura de cada veinte va al disco porque la memoria reservada para datos es pequeña.",
        ),
        (
            step(
                "Compare the size of the data with the buffer pool's.",
                "Compara el tamaño de los datos con el del buffer pool.",
                "SELECT @@innodb_buffer_pool_size / 1048576 AS pool_mb;",
            ),
        ),
        (
            step(
                "Give the machine more memory and use the profile standard, whose buffer pool is larger.",
                "Da más memoria a la máquina y usa el perfil standard, cuyo buffer pool es mayor.",
            ),
        ),
    ),
    "MysqlDeadlocks": Runbook(
        Text(
            "Transactions often wait for each other in a ring. The database ends one, and its program tries again: "
            "users notice only slowness.",
            "A menudo unas transacciones esperan a otras en círculo. La base de datos corta una y su programa repite: "
            "los usuarios solo notan lentitud.",
        ),
        (_INNODB,),
        (
            step(
                "Let the programs change rows in the same order and keep transactions short.",
                "Haz que los programas cambien las filas en el mismo orden y con transacciones cortas.",
            ),
        ),
    ),
    "MysqlRedoLogAlmostFull": Runbook(
        Text(
            "Changes arrive faster than the database can write them to its tables; when the log is full, all writing "
            "waits.",
            "Los cambios llegan más deprisa de lo que la base de datos los asienta; si el redo log se llena, toda "
            "escritura espera.",
        ),
        (_RUNNING, step("See whether the disk is the reason.", "Mira si la causa es el disco.", "vmstat 1 5")),
        (
            step(
                "Spread bulk changes over time. If the disk is slow, follow DiskQueueLong.",
                "Reparte en el tiempo los cambios masivos. Si el disco es lento, sigue DiskQueueLong.",
            ),
        ),
    ),
    "MysqlHistoryListLong": Runbook(
        Text(
            "Old versions of rows pile up because a transaction is still open that might want them. Queries get slower "
            "and the disk fills.",
            "Se acumulan versiones viejas de filas porque sigue abierta una transacción que podría pedirlas. Las "
            "consultas se hacen lentas y el disco se llena.",
        ),
        (
            step(
                "Find the oldest transaction.",
                "Busca la transacción más antigua.",
                "SELECT trx_started, trx_mysql_thread_id FROM information_schema.innodb_trx ORDER BY 1 LIMIT 5;",
            ),
        ),
        (step("End it, if nobody needs it.", "Termínala si nadie la necesita.", "KILL ID;"),),
    ),
}
