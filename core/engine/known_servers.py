"""Servers whose images are well known: the port they serve, and the address a client is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Login:
    """Who a client is, as a server's own variables say.

    Attributes:
        user: May be empty.
        password: May be empty.
    """

    user: str = ""
    password: str = ""

    def text(self) -> str:
        """As it stands in front of the host; empty if there is neither."""
        if not (self.user or self.password):
            return ""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"{quote(self.user, safe='')}{secret}@"


@dataclass(frozen=True, slots=True)
class KnownServer:
    """What is known of a server.

    Attributes:
        port: Where it listens.
        scheme: Of its address; empty if there is no usual one.
        users: Variables that name the user, the first that is set counting.
        passwords: Variables that hold that user's password.
        user: The user if none is named.
        admin_passwords: Variables that hold the password of ``user`` only.
        databases: Variables that name the database.
        path: Behind the host if no database is named; ``{user}`` stands for the user.
        password: The password if none is given.
    """

    port: int
    scheme: str = ""
    users: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()
    user: str = ""
    admin_passwords: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    path: str = ""
    password: str = ""

    def login(self, env: Mapping[str, str]) -> Login:
        """Who a client is, by the service's own variables."""
        user = _first(self.users, env)
        password = _first(self.passwords, env)
        if not user and not password:
            return Login(self.user, _first(self.admin_passwords, env) or self.password)
        return Login(user or self.user, password)

    def url(self, host: str, port: int, env: Mapping[str, str]) -> str:
        """The address for a client; empty if there is no usual one.

        Args:
            host: The service's name in the network.
            port: Where it listens.
            env: The service's own variables.
        """
        if not self.scheme:
            return ""
        login = self.login(env)
        database = _first(self.databases, env)
        path = f"/{quote(database, safe='')}" if database else self.path.format(user=quote(login.user, safe=""))
        return f"{self.scheme}://{login.text()}{host}:{port}{path}"


def _first(names: tuple[str, ...], env: Mapping[str, str]) -> str:
    return next((env[name] for name in names if env.get(name)), "")


_POSTGRES: Final = KnownServer(
    5432,
    "postgresql",
    users=("POSTGRES_USER", "POSTGRESQL_USERNAME"),
    passwords=("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"),
    user="postgres",
    databases=("POSTGRES_DB", "POSTGRESQL_DATABASE"),
    path="/{user}",
)
_MYSQL: Final = KnownServer(
    3306,
    "mysql",
    users=("MYSQL_USER", "MARIADB_USER"),
    passwords=("MYSQL_PASSWORD", "MARIADB_PASSWORD"),
    user="root",
    admin_passwords=("MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"),
    databases=("MYSQL_DATABASE", "MARIADB_DATABASE"),
)
_REDIS: Final = KnownServer(6379, "redis", passwords=("REDIS_PASSWORD", "VALKEY_PASSWORD"))
_MONGO: Final = KnownServer(
    27017,
    "mongodb",
    users=("MONGO_INITDB_ROOT_USERNAME", "MONGODB_ROOT_USER"),
    passwords=("MONGO_INITDB_ROOT_PASSWORD", "MONGODB_ROOT_PASSWORD"),
    path="/",
)
_RABBITMQ: Final = KnownServer(
    5672,
    "amqp",
    users=("RABBITMQ_DEFAULT_USER", "RABBITMQ_USERNAME"),
    passwords=("RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD"),
    user="guest",
    path="/",
    password="guest",  # noqa: S106 - what the image itself makes, not a secret
)
_KNOWN: Final[Mapping[str, KnownServer]] = {
    "clickhouse-server": KnownServer(8123, "http"),
    "elasticsearch": KnownServer(9200, "http"),
    "keydb": _REDIS,
    "localstack": KnownServer(4566, "http"),
    "mariadb": _MYSQL,
    "memcached": KnownServer(11211),
    "minio": KnownServer(9000, "http"),
    "mongo": _MONGO,
    "mongodb": _MONGO,
    "mysql": _MYSQL,
    "nats": KnownServer(4222, "nats"),
    "nginx": KnownServer(80, "http"),
    "opensearch": KnownServer(9200, "http"),
    "pgvector": _POSTGRES,
    "postgis": _POSTGRES,
    "postgres": _POSTGRES,
    "postgresql": _POSTGRES,
    "rabbitmq": _RABBITMQ,
    "redis": _REDIS,
    "redis-stack-server": _REDIS,
    "timescaledb": _POSTGRES,
    "valkey": _REDIS,
}


def known_server(name: str) -> KnownServer | None:
    """What is known of an image by the last part of its name, without tag and digest; None for nothing."""
    return _KNOWN.get(name)
