"""A browser without a window, and a photo to send."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import BROWSER, DRIVER, FLAGS
from PIL import Image
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service


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
