"""make demo says that there is nothing to do only when the last build came to its end."""

from __future__ import annotations

import contextlib

import pytest

import demo


@pytest.fixture
def demo_server(server, database) -> object:
    """What demo.build needs of a server, over a database that demo.py has built once."""

    class Server:
        def connect(self, role: str, name: str):
            return server.connect(name, role)

        def environment(self, role: str, name: str) -> dict[str, str]:
            return server.environment(name, role)

    with contextlib.closing(server.connect(database, "transformer")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create schema dev_marts")
    return Server()


def test_a_build_that_was_interrupted_is_done_again(demo_server, database, monkeypatch, capsys):
    monkeypatch.setattr(demo, "invoke_dbt", lambda *_: None)
    assert demo.build(demo_server, database)
    assert not demo.build(demo_server, database), "built twice for nothing"
    old = demo.hash_definitions()

    def interrupt(*_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "hash_definitions", lambda: "those of a changed seed")
    monkeypatch.setattr(demo, "invoke_dbt", interrupt)
    with pytest.raises(KeyboardInterrupt):
        demo.build(demo_server, database)
    # The seed is put back: the marts may stand in either definition now.
    monkeypatch.setattr(demo, "hash_definitions", lambda: old)
    commands = []
    monkeypatch.setattr(demo, "invoke_dbt", lambda *command: commands.append(command))
    assert demo.build(demo_server, database)
    assert commands == [("build", "--full-refresh")]
