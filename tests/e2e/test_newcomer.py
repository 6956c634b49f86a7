"""A newcomer with a browser: registers, signs in, classifies a photo and hears speech."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import authorize, execute, open_operation, press_execute, requested_hosts, wait_for
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from servers import Server

pytestmark = pytest.mark.slow


def test_newcomer_in_swagger_ui(serve: Callable[..., Server], browser: Chrome, photo: Path) -> None:
    """With nothing but the page at /docs, its examples and a photo, somebody registers, signs in,
    classifies the photo and hears speech.
    """
    browser.get(f"{serve().url}/")
    assert urlsplit(browser.current_url).path == "/docs"

    status, user = execute(open_operation(browser, "post", "/auth/register"))
    assert (status, user["active"]) == ("201", True)
    status, tokens = execute(open_operation(browser, "post", "/auth/login"))
    assert status == "200"
    authorize(browser, tokens["access_token"])

    block = open_operation(browser, "post", "/classify")
    block.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(photo))
    status, answer = execute(block)
    assert status == "200"
    assert len(answer["predictions"]) == 5
    assert all(0 <= p["probability"] <= 1 for p in answer["predictions"])

    block = open_operation(browser, "post", "/tts")
    assert press_execute(block) == "200"
    player = wait_for(block, ".live-responses-table audio")
    length = "return arguments[0].duration"
    assert WebDriverWait(browser, 10).until(lambda _: browser.execute_script(length, player)) > 1
    link = wait_for(block, ".live-responses-table a[download]")
    assert link.get_attribute("download").endswith("-output.wav")

    assert requested_hosts(browser) == {"127.0.0.1"}
    severe = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert not severe
