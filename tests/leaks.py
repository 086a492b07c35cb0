"""No number, text, password or key in the logs: the suite's output is searched for what tests put in.

A pytest plugin. What a test wrote to stderr, where all log lines go, is
searched when the test is over, and the logs of processes that tests started
when the run is: for telephone numbers, keys and secrets by their form, for the
passwords of the cast, and for each text that stands in a test as a message's,
a person's or a request's. Whatever is found fails the test, or the run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterable
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
#: Arguments and keys in tests whose values are what people said, or who they are.
TELLING = {"text", "text_content", "content", "body", "subject", "texts", "password", "msisdn", "fullname"}
#: Shorter ones, and single words, may be words of the program.
LEAST = 8
FORMS = {
    # The national part of the numbers of all tests; ids are hexadecimal with hyphens between.
    "a telephone number": re.compile(r"(?<![\w.-])(?:\+|%2B|00)?(?:2782|4479|1212)[0-9]{7}(?![\w-])"),
    "a key": re.compile(r"(?<![0-9a-fA-F-])[0-9a-f]{40}(?![0-9a-fA-F-])|whsec_[A-Za-z0-9+/]{20}"),
    "a password": re.compile(r"\b(?:alice|bob|eve|carol|clerk|staff|root|editor)-password\b|correct horse"),
    "a session": re.compile(r"(?:sessionid|csrftoken|SSESS[0-9a-f]{32})[=:]\s*\S{16}"),
}
#: Logs of the program's own processes; other programs (smsd, PostgreSQL) write what they like.
FOREIGN = {"smsd.log", "server.log", "commands.log", "redis.log"}


@cache
def texts() -> re.Pattern[str]:
    """All texts that tests put in, as one pattern."""
    found = {text for path in TESTS.rglob("*.py") for text in _texts(path)}
    return re.compile("|".join(re.escape(text) for text in sorted(found, key=len, reverse=True)))


def _texts(path: Path) -> Iterable[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in TELLING:
            yield from _constants(node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in TELLING:
                    yield from _constants(value)


def _constants(value: ast.expr) -> Iterable[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        text = value.value
        if len(text) >= LEAST and " " in text.strip() and text.isprintable():
            yield text


def leaks(output: str) -> dict[str, str]:
    """What was found of each kind, with what stands around it."""
    if not output:
        return {}
    found = {kind: form.search(output) for kind, form in {**FORMS, "a text": texts()}.items()}
    return {kind: _around(output, hit) for kind, hit in found.items() if hit}


def _around(output: str, hit: re.Match[str]) -> str:
    begin = output.rfind("\n", 0, hit.start()) + 1
    end = output.find("\n", hit.end())
    return output[begin : end if end >= 0 else None][:500]


def judge(report: pytest.TestReport) -> None:
    """Fail a test whose log lines tell what they must not."""
    found = leaks(report.capstderr)
    if found and report.passed:
        report.outcome = "failed"
        told = "\n".join(f"{kind}: {line}" for kind, line in found.items())
        report.longrepr = f"the log tells what it must not:\n{told}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # The last of a test's three reports has the output of all.
    if report.when == "teardown" and not item.get_closest_marker("tells"):
        judge(report)
    return report


def in_files(folder: Path) -> dict[str, dict[str, str]]:
    """What the logs of started processes tell, by path."""
    paths = [path for path in folder.rglob("*.log") if path.is_file() and path.name not in FOREIGN]
    found = {str(path): leaks(path.read_text(encoding="utf-8", errors="replace")) for path in paths}
    return {path: told for path, told in found.items() if told}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    factory = getattr(session.config, "_tmp_path_factory", None)
    base = getattr(factory, "_basetemp", None)
    if base is None or not base.exists():
        return
    found = in_files(base)
    if found:
        for path, told in found.items():
            print(f"\n{path} tells what it must not: {told}")  # noqa: T201 - the run's own words
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
