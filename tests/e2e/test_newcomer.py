"""A newcomer with a browser: opens the docs, registers, signs in, classifies a photo."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from servers import Server

pytestmark = pytest.mark.slow
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
REGISTRATION = {"email": "newcomer@example.com", "password": "ten thousand small lamps"}
REQUEST = "Network.requestWillBeSent"
NETWORK = ("http", "https", "ws", "wss")
PATIENCE_S = 30


@pytest.fixture
def browser(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """Chromium without a window, its profile fresh, its network and console written down."""
    if not (BROWSER.exists() and DRIVER.exists()):
        pytest.skip("Chromium is not installed (Debian: chromium chromium-driver)")
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.save_screenshot(str(tmp_path / "page.png"))  # pytest keeps the folder after a failure
    driver.quit()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small JPEG."""
    content = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(content, "JPEG")
    file = tmp_path / "photo.jpg"
    file.write_bytes(content.getvalue())
    return file


def wait_for(place: Chrome | WebElement, selector: str) -> WebElement:
    """The first visible element of the selector, once there is one."""

    def visible(_: object) -> WebElement | None:
        found = place.find_elements(By.CSS_SELECTOR, selector)
        return next((e for e in found if e.is_displayed()), None)

    return WebDriverWait(place, PATIENCE_S).until(visible, f"{selector} is not shown")


def open_operation(browser: Chrome, operation: str) -> WebElement:
    """One operation of the page, unfolded; it is ready to be tried out."""
    block = wait_for(browser, f"#operations-{operation}")
    browser.execute_script("arguments[0].scrollIntoView()", block)
    wait_for(block, ".opblock-summary-control").click()
    wait_for(block, ".btn.execute")
    return block


def execute(block: WebElement) -> tuple[str, dict]:
    """Press Execute; the status and the JSON that the page shows."""
    wait_for(block, ".btn.execute").click()
    status = wait_for(block, ".live-responses-table tr.response .response-col_status").text
    shown = wait_for(block, ".live-responses-table tr.response .response-col_description pre").text
    return status.split()[0], json.loads(shown)


def type_body(block: WebElement, body: dict) -> None:
    """Replace the example in the body's text field."""
    field = wait_for(block, "textarea.body-param__text")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(json.dumps(body))


def authorize(browser: Chrome, token: str) -> None:
    """Paste the token into the Authorize dialog."""
    wait_for(browser, ".auth-wrapper .btn.authorize").click()
    wait_for(browser, ".modal-ux input[aria-label='auth-bearer-value']").send_keys(token)
    wait_for(browser, ".modal-ux .auth-btn-wrapper .authorize").click()
    wait_for(browser, ".modal-ux .btn-done").click()


def requested_hosts(browser: Chrome) -> set[str]:
    """Every host that a page has sent a request to; chrome:// and data: are no hosts."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"] == REQUEST]
    return {url.hostname or "" for url in map(urlsplit, sent) if url.scheme in NETWORK}


def test_newcomer_classifies_a_photo_in_swagger_ui(
    serve: Callable[..., Server], browser: Chrome, photo: Path
):
    """With nothing but the page at /docs somebody registers, signs in and classifies a photo."""
    browser.get(f"{serve().url}/")
    assert urlsplit(browser.current_url).path == "/docs"

    block = open_operation(browser, "auth-post_auth_register")
    type_body(block, REGISTRATION)
    status, user = execute(block)
    assert (status, user["email"]) == ("201", REGISTRATION["email"])

    block = open_operation(browser, "auth-post_auth_login")
    type_body(block, REGISTRATION)
    status, tokens = execute(block)
    assert status == "200"
    authorize(browser, tokens["access_token"])

    block = open_operation(browser, "classify-post_classify")
    block.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(photo))
    status, answer = execute(block)
    assert status == "200"
    assert len(answer["predictions"]) == 5
    assert all(0 <= p["probability"] <= 1 for p in answer["predictions"])

    assert requested_hosts(browser) == {"127.0.0.1"}
    severe = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert not severe
