"""The history is written by several processes at once, and read as each wrote it."""

from pathlib import Path

from tests.chaos.history import History, read


def test_lines_of_several_writers_are_whole(tmp_path: Path) -> None:
    """A history written by two is read line by line; a last line cut short is left out."""
    path = tmp_path / "history.jsonl"
    stage = History(path)
    driver = stage.named("driver")
    for number in range(50):
        stage.write("fault", "invoke", str(number))
        driver.write("send", "ok", str(number), text="x" * number)
    stage.close()
    driver.close()
    with path.open("ab") as file:
        file.write(b'{"at": 1')
    lines = read(path)
    assert [line.process for line in lines] == ["stage", "driver"] * 50
    assert lines[-1].data == {"text": "x" * 49}
