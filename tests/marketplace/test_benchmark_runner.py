"""`./run bench`: finding a benchmark, showing its table, keeping its figures."""

import json

import pytest

from benchmarks import __main__ as runner
from benchmarks import report


@pytest.fixture
def benchmark_folder(tmp_path, monkeypatch):
    """A benchmark `example` beside the real ones."""
    source = (
        "from benchmarks.report import print_table\n"
        "def main():\n"
        "    print_table('An example', ['step', 'milliseconds'], [['ask the bot', 1234.5], ['all', 2]])\n"
        "    return {'all_milliseconds': 2}\n"
    )
    (tmp_path / "example.py").write_text(source)
    monkeypatch.setattr("benchmarks.__path__", [*runner.benchmarks.__path__, str(tmp_path)])


@pytest.mark.usefixtures("benchmark_folder")
def test_the_figures_of_the_table_are_written_as_json(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert runner.main(["example", "--json", str(file)]) == 0
    record = json.loads(file.read_text())
    assert record["benchmark"] == "example"
    assert record["all_milliseconds"] == 2
    assert record["machine"] == report.machine()
    shown = capsys.readouterr().out
    assert report.machine_line() in shown
    assert "ask the bot         1,234\n" in shown
    assert "all                     2\n" in shown


@pytest.mark.usefixtures("benchmark_folder")
def test_an_unknown_name_lists_what_there_is(capsys):
    with pytest.raises(SystemExit) as caught:
        runner.main(["nothing"])
    assert caught.value.code == 2
    assert "there is no benchmark 'nothing'; there are: example" in capsys.readouterr().err.replace("latency, ", "")


def test_the_helpers_are_no_benchmarks():
    assert not {"report", "__main__"} & set(runner.names())


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (1.26, "1.3"), (12345.6, "12,346"), (1000, "1,000"), ("p95", "p95"), (0.0, "0")],
)
def test_numbers_show_as_many_digits_as_tell_something(value, text):
    assert report.cell(value) == text
