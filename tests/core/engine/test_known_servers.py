"""The address of a well-known server, from its own variables."""

from __future__ import annotations

import pytest

from core.engine.known_servers import known_server


@pytest.mark.parametrize(
    ("name", "env", "url"),
    [
        ("postgres", {"POSTGRES_PASSWORD": "a b"}, "postgresql://postgres:a%20b@it:9/postgres"),
        ("postgres", {"POSTGRES_USER": "me", "POSTGRES_DB": "a/b"}, "postgresql://me@it:9/a%2Fb"),
        ("postgres", {"POSTGRES_USER": "me"}, "postgresql://me@it:9/me"),
        ("mysql", {"MYSQL_ROOT_PASSWORD": "r", "MYSQL_DATABASE": "shop"}, "mysql://root:r@it:9/shop"),
        ("mariadb", {"MARIADB_USER": "u", "MARIADB_PASSWORD": "p", "MARIADB_ROOT_PASSWORD": "r"}, "mysql://u:p@it:9"),
        ("redis", {}, "redis://it:9"),
        ("redis", {"REDIS_PASSWORD": "p@"}, "redis://:p%40@it:9"),
        ("mongo", {}, "mongodb://it:9/"),
        (
            "mongo",
            {"MONGO_INITDB_ROOT_USERNAME": "u", "MONGO_INITDB_ROOT_PASSWORD": "p"},
            "mongodb://u:p@it:9/",
        ),
        ("rabbitmq", {}, "amqp://guest:guest@it:9/"),
        ("rabbitmq", {"RABBITMQ_DEFAULT_USER": "u", "RABBITMQ_DEFAULT_PASS": "p"}, "amqp://u:p@it:9/"),
        ("memcached", {}, ""),
    ],
)
def test_an_address_has_the_login_and_the_database_that_the_server_was_given(
    name: str, env: dict[str, str], url: str
) -> None:
    server = known_server(name)
    assert server is not None
    assert server.url("it", 9, env) == url


def test_of_other_images_nothing_is_known() -> None:
    assert known_server("my-app") is None
