"""Swagger UI in Chromium: find an operation, execute it, authorize; what was asked for."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, where the sandbox does not work
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1600",
    # Whatever is asked for elsewhere fails at once, even if the page should ask.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
REQUEST = "Network.requestWillBeSent"
NETWORK = ("http", "https", "ws", "wss")
PATIENCE_S = 30


def wait_for(place: Chrome | WebElement, selector: str) -> WebElement:
    """The first visible element of the selector, once there is one."""

    def visible(_: object) -> WebElement | None:
        found = place.find_elements(By.CSS_SELECTOR, selector)
        return next((e for e in found if e.is_displayed()), None)

    return WebDriverWait(place, PATIENCE_S).until(visible, f"{selector} is not shown")


def open_operation(browser: Chrome, method: str, path: str) -> WebElement:
    """One operation of the page, unfolded; it is ready to be tried out."""

    def shown(_: object) -> WebElement | None:
        blocks = browser.find_elements(By.CSS_SELECTOR, f".opblock-{method}")
        address = ".opblock-summary-path"
        return next(
            (b for b in blocks if b.find_element(By.CSS_SELECTOR, address).text == path), None
        )

    block = WebDriverWait(browser, PATIENCE_S).until(shown, f"{method} {path} is not shown")
    browser.execute_script("arguments[0].scrollIntoView()", block)
    wait_for(block, ".opblock-summary-control").click()
    wait_for(block, ".btn.execute")
    return block


def press_execute(block: WebElement) -> str:
    """Press Execute; the status that the page shows."""
    wait_for(block, ".btn.execute").click()
    status = wait_for(block, ".live-responses-table tr.response .response-col_status").text
    return status.split()[0]


def execute(block: WebElement) -> tuple[str, dict]:
    """Press Execute; the status and the JSON that the page shows."""
    status = press_execute(block)
    shown = wait_for(block, ".live-responses-table tr.response .response-col_description pre").text
    return status, json.loads(shown)


def authorize(browser: Chrome, token: str) -> None:
    """Paste the token into the field of the Authorize dialog that has the focus."""
    wait_for(browser, ".auth-wrapper .btn.authorize").click()
    wait_for(browser, ".modal-ux input")
    field = browser.switch_to.active_element
    assert field.get_attribute("aria-label") == "auth-bearer-value"
    field.send_keys(token)
    wait_for(browser, ".modal-ux .auth-btn-wrapper .authorize").click()
    wait_for(browser, ".modal-ux .btn-done").click()


def requested_hosts(browser: Chrome) -> set[str]:
    """Every host that a page has sent a request to; chrome:// and data: are no hosts."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"] == REQUEST]
    return {url.hostname or "" for url in map(urlsplit, sent) if url.scheme in NETWORK}
