"""What the kernel's table of sockets and the first words of an answer say."""

from __future__ import annotations

import pytest

from core.backends.docker.looking import open_ports, status_in


@pytest.mark.parametrize(
    ("address", "ports"),
    [
        ("00000000:1538", {5432}),
        ("0200A8C0:1538", {5432}),
        ("00000000000000000000000000000000:18EB", {6379}),
        ("0100007F:1538", set[int]()),
        ("0B00007F:A0F1", set[int]()),
        ("7F000001:1538", set[int]()),
        ("00000000000000000000000001000000:1538", set[int]()),
        ("0000000000000000FFFF00000100007F:1538", set[int]()),
        ("local_address", set[int]()),
        ("", set[int]()),
    ],
)
def test_a_port_is_open_unless_it_is_open_to_its_own_container_alone(address: str, ports: set[int]) -> None:
    assert open_ports(f"{address}\n") == ports


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("HTTP/1.1 204 No Content\r\n", 204),
        ("Connecting to web:80\n  HTTP/1.1 302 Found\n  HTTP/1.1 200 OK\n", 302),
        ("HTTP/1 000", 0),
        ("HTTP/2 200", 200),
        ("wget: can't connect to remote host: Connection refused", 0),
        ("", 0),
    ],
)
def test_the_first_status_counts(text: str, status: int) -> None:
    assert status_in(text) == status
