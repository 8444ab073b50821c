"""Names, labels, notes, settings and events from outside are text, never scripts;
and the page's own policy would stop one that got through."""
import pathlib

import fixtures
import world
from browser import BrowserTest
from world import HOSTILE, HOSTILE_TEXT


class SafetyTest(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = fixtures.folder() / "hostile"
        run = world.write_hostile_run(place)
        pictures = world.write_hostile_images(fixtures.folder() / "hostile-pictures")
        cls.run_folder = run
        other = world.write_hostile_run(fixtures.folder() / "other", "plain")
        cls.dashboard = fixtures.dashboard(run, other, "--data", pictures, "--weights", "none")

    @classmethod
    def tearDownClass(cls):
        cls.dashboard.__exit__()
        super().tearDownClass()

    def check_inert(self, page):
        page.wait_for_timeout(300)
        self.assertIsNone(page.evaluate("window.hacked ?? null"))
        self.assertEqual(page.evaluate(
            "document.querySelectorAll('img[src=x], main script, a[href^=javascript]').length"), 0)

    def test_names_of_runs_events_and_settings_are_text(self):
        for address in ["#/runs", "#/run/0", "#/differences"]:
            with self.subTest(address=address):
                page = self.open(self.dashboard, address)
                self.assertIn(HOSTILE, page.inner_text("main"))
                self.check_inert(page)
        page = self.open(self.dashboard, "#/run/0")
        for summary in page.locator("main details.card > summary").all():
            summary.click()
        self.assertIn(HOSTILE_TEXT, page.inner_text("main"))
        self.check_inert(page)

    def test_names_and_classes_of_images_are_text(self):
        page = self.open(self.dashboard, "#/images")
        page.locator(".patch").first.wait_for()
        text = page.inner_text("main")
        self.assertIn(f"{HOSTILE}-0", text)
        self.check_inert(page)
        page.locator(".patch a").first.click()
        page.wait_for_selector(".patch-name")
        self.assertIn(HOSTILE, page.inner_text("h1"))
        self.check_inert(page)

    def test_an_address_from_outside_is_text(self):
        page = self.open(self.dashboard, f"#/{HOSTILE}")
        self.check_inert(page)
        self.allowed_errors = ["404", "400"]
        for name in ["run", "image", "classes"]:
            self.go(page, self.dashboard, f"#/{name}/{HOSTILE}")
            self.check_inert(page)

    def test_notes_are_text_kept_and_never_lost(self):
        notes = "The teacher is warm.\n" + HOSTILE_TEXT
        page = self.open(self.dashboard, "#/run/0")
        area = page.get_by_label("Notes on", exact=False)
        area.fill(notes)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved", exact=True).wait_for()
        self.assertEqual((pathlib.Path(self.run_folder) / "notes.md").read_text(), notes)
        self.check_inert(page)
        # Somebody else saves in between: neither text is lost.
        other = self.open(self.dashboard, "#/run/0")
        other.get_by_label("Notes on", exact=False).fill("theirs")
        other.get_by_role("button", name="Save", exact=True).click()
        other.get_by_text("Saved", exact=True).wait_for()
        self.allowed_errors = ["409"]
        area.fill("mine")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Somebody else has saved").wait_for()
        self.assertEqual(page.get_by_label("What somebody else has saved").input_value(), "theirs")
        self.assertEqual(area.input_value(), "mine")
        self.assertEqual((pathlib.Path(self.run_folder) / "notes.md").read_text(), "theirs")

    def test_the_policy_of_the_page_stops_scripts_put_into_it(self):
        page = self.open(self.dashboard, "#/runs")
        self.allowed_errors = ["Content Security Policy", "Content-Security-Policy"]
        page.evaluate("""() => {
          const script = document.createElement('script');
          script.textContent = 'window.hacked = 1';
          document.body.append(script);
        }""")
        self.check_inert(page)
