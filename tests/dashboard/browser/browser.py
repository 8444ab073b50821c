"""A Chromium for tests of the dashboard: it notes console errors and requests
that leave the host, and takes screenshots."""
import pathlib
import re
import shutil
import time
import unittest

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}
# Without a GPU WebGL is drawn in software.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
         "--enable-unsafe-swiftshader"]


def find_chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Settings:
    """From the command line of browser_test.py."""

    program = ""
    chromium = ""
    screenshots = None


class BrowserTest(unittest.TestCase):
    """A test class with one browser; each test opens pages of its own, and fails
    if any had an error or asked another host for anything."""

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(
            executable_path=Settings.chromium, args=FLAGS)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()

    def setUp(self):
        self.contexts = []
        self.errors = []
        self.foreign = []
        self.allowed_errors = []  # patterns of errors that a test provokes

    def tearDown(self):
        for context in self.contexts:
            context.close()
        errors = [error for error in self.errors
                  if not any(re.search(one, error) for one in self.allowed_errors)]
        self.assertEqual(errors, [], "errors of the pages")
        self.assertEqual(self.foreign, [], "requests that left the host")

    def open(self, dashboard, address="", size="desktop", theme="light", **options):
        context = self.browser.new_context(
            viewport=SIZES[size], color_scheme=theme, accept_downloads=True, **options)
        context.set_default_timeout(15000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.errors.append(
            f"{message.text} {message.location.get('url', '')}")
            if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(f"{error} {error.stack}"))
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"),
                                          dialog.dismiss()))
        own = dashboard.url + "/"

        def note(request):
            if not request.url.startswith((own, "data:", f"blob:{own}")):
                self.foreign.append(request.url)
        page.on("request", note)
        self.go(page, dashboard, address)
        return page

    def go(self, page, dashboard, address):
        page.goto(f"{dashboard.url}/{address}")
        self.settle(page)

    def settle(self, page):
        """Waits until the page has its content and has asked for all it needs."""
        page.wait_for_selector("main h1")
        self.wait_until(page, "!document.querySelector('main > p[role=status]')")
        # The stream of events never ends, so that the network is never idle:
        # what counts is that no answer is awaited that the page shows.
        page.wait_for_timeout(400)
        self.wait_until(page, "[...document.images].every((image) => "
                        "image.loading === 'lazy' || image.complete)")

    def wait_until(self, page, expression, patience_s=15):
        """Playwright's own wait evaluates in the page, which its policy forbids."""
        end = time.monotonic() + patience_s
        while not page.evaluate(expression):
            self.assertLess(time.monotonic(), end, f"never true: {expression}")
            page.wait_for_timeout(50)

    def check_width(self, page):
        """Nothing makes the page scroll sideways."""
        wide = page.evaluate("""() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > width + 1)
            .map((one) => `${one.tagName}.${one.getAttribute('class')}`).slice(0, 5);
        }""")
        self.assertEqual(wide, [], "wider than the page")

    def check_access(self, page):
        """What axe finds: names, roles, contrast, order of headings."""
        results = Axe().run(page, options={"resultTypes": ["violations"]})
        found = [f"{one['id']}: {node['target']} {node['failureSummary']}"
                 for one in results.response["violations"] for node in one["nodes"][:3]]
        self.assertEqual(found, [])

    def shoot(self, page, name):
        if Settings.screenshots:
            folder = pathlib.Path(Settings.screenshots)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png")
