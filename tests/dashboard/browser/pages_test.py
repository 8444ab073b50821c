"""Every page, as a desktop and a phone show it, light and dark: no errors, nothing
wider than the page, nothing that axe complains about."""
import fixtures
from browser import BrowserTest

PAGES = ["runs", "run/0", "differences", "images", "image/1", "classes", "atlas", "map",
         "search?like=1"]


class PagesTest(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = fixtures.labelled_world()
        cls.full = fixtures.dashboard(place.trained, fixtures.million(), *place.flags())
        cls.bare = fixtures.dashboard(fixtures.million())

    @classmethod
    def tearDownClass(cls):
        cls.full.__exit__()
        cls.bare.__exit__()
        super().tearDownClass()

    def check_all(self, size, theme):
        for name in PAGES:
            with self.subTest(page=name):
                page = self.open(self.full, f"#/{name}", size, theme)
                page.wait_for_timeout(500)
                self.check_width(page)
                self.shoot(page, f"{name.split('?')[0].replace('/', '-')}-{size}-{theme}")
                self.check_access(page)
                page.context.close()

    def test_desktop_light(self):
        self.check_all("desktop", "light")

    def test_desktop_dark(self):
        self.check_all("desktop", "dark")

    def test_phone_light(self):
        self.check_all("phone", "light")

    def test_phone_dark(self):
        self.check_all("phone", "dark")

    def test_without_data_each_page_says_what_to_do(self):
        for name, flag in [("images", "--data"), ("image/0", "--data"),
                           ("classes", "--predictions"), ("atlas", "--embeddings"),
                           ("map", "--data"), ("search", "--embeddings")]:
            with self.subTest(page=name):
                page = self.open(self.bare, f"#/{name}")
                self.assertIn(flag, page.inner_text(".empty"))
                self.check_access(page)

    def test_a_page_that_is_not_there_says_so(self):
        page = self.open(self.full, "#/nowhere")
        self.assertIn("nowhere", page.inner_text("main"))
        self.allowed_errors = ["404"]
        self.go(page, self.full, "#/image/99999")
        page.wait_for_selector("[role=alert]")
        self.assertIn("99999", page.inner_text("main"))

    def test_the_theme_is_the_readers_and_is_kept(self):
        page = self.open(self.full, "#/runs")
        background = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(background)
        page.get_by_label("Theme").select_option("dark")
        dark = page.evaluate(background)
        self.assertNotEqual(light, dark)
        page.reload()
        self.settle(page)
        self.assertEqual(page.evaluate(background), dark)

    def test_keys_alone_reach_content_and_pages(self):
        page = self.open(self.full, "#/runs")
        page.keyboard.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.id"), "skip")
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.id"), "main")
        # Each link of the navigation, by Tab and Enter alone.
        page.evaluate("document.activeElement.blur()")
        for name in ["Differences", "Images", "Classes", "Atlas", "Map", "Search", "Runs"]:
            page.evaluate("document.querySelector('.brand').focus()")
            for _ in range(12):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.textContent") == name:
                    break
            page.keyboard.press("Enter")
            self.wait_until(page, f"document.title.startsWith('{name}')")
            self.settle(page)
            self.wait_until(page, "document.activeElement.id === 'main'")

    def test_focus_is_visible(self):
        page = self.open(self.full, "#/runs")
        for _ in range(8):
            page.keyboard.press("Tab")
            width = page.evaluate(
                "getComputedStyle(document.activeElement).outlineWidth")
            self.assertGreaterEqual(float(width.removesuffix("px")), 2)
