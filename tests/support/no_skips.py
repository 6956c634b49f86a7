"""A pytest plugin for continuous integration: a skipped test is a failed run.

Loaded by .ci/run with `-p no_skips`. Where everything is installed, nothing has a reason to skip.
"""

import pytest


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turns success into failure when anything was skipped."""
    if exitstatus == pytest.ExitCode.OK and _skipped(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so; -ra names the tests and their reasons."""
    if count := len(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(f"{count} skipped, which counts as failed here.", red=True)


def _skipped(session: pytest.Session) -> bool:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    # The processes that run the tests report to the one that has the terminal.
    return reporter is not None and bool(reporter.stats.get("skipped"))
