"""Charts of a run of 1,000,000 steps: open at once, zoom, become exact, are read by
keys, show holes and marks."""
import re
import time
from xml.etree import ElementTree

import fixtures
from browser import BrowserTest
from world import NUM_MILLION

# From asking for the page to drawn curves; the best of three, because the machine may
# have other tests to run.
OPEN_S = 2.0
SVG = "{http://www.w3.org/2000/svg}"


class ChartsTest(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = fixtures.dashboard(fixtures.million())

    @classmethod
    def tearDownClass(cls):
        cls.dashboard.__exit__()
        super().tearDownClass()

    def chart(self, page, title="Loss"):
        return page.locator("figure.chart").filter(has=page.get_by_role(
            "heading", name=title, exact=True))

    def open_chart(self, title="Loss"):
        page = self.open(self.dashboard, "#/run/0")
        chart = self.chart(page, title)
        chart.locator(".plot path.line").first.wait_for(state="attached")
        chart.scroll_into_view_if_needed()
        return page, chart

    def drag(self, page, chart, start, end):
        """From and to as shares of the plot's width."""
        box = chart.locator(".plot-area").bounding_box()
        left, right = box["x"] + 56, box["x"] + box["width"] - 12
        y = box["y"] + 90
        page.mouse.move(left + start * (right - left), y)
        page.mouse.down()
        page.mouse.move(left + (start + end) / 2 * (right - left), y, steps=4)
        page.mouse.move(left + end * (right - left), y, steps=4)
        page.mouse.up()

    def shown_range(self, page):
        text = page.inner_text(".range-note")
        factor = {"": 1, "k": 1e3, "M": 1e6}
        return [float(number) * factor[unit]
                for number, unit in re.findall(r"([-\d.e]+)([kM]?)", text)[:2]]

    def test_a_million_steps_open_in_about_a_second(self):
        page = self.open(self.dashboard, "#/differences")  # the program is loaded
        taken_s = []
        while not taken_s or (min(taken_s) >= OPEN_S and len(taken_s) < 3):
            page.goto("about:blank")
            start = time.monotonic()
            page.goto(f"{self.dashboard.url}/#/runs")
            page.locator("figure.chart .plot path.line").first.wait_for(state="attached")
            taken_s.append(time.monotonic() - start)
        print(f"[1,000,000 steps open in {min(taken_s):.2f} s] ", end="", flush=True)
        self.assertLess(min(taken_s), OPEN_S)

    def test_a_chart_is_saved_as_a_picture_that_stands_alone(self):
        page, chart = self.open_chart()
        with page.expect_download() as download:
            chart.get_by_role("button", name="Save Loss as SVG").click()
        self.assertEqual(download.value.suggested_filename, "loss.svg")
        root = ElementTree.parse(download.value.path()).getroot()
        self.assertEqual(root.tag, SVG + "svg")
        self.assertIn("Loss", [text.text for text in root.iter(SVG + "text")])
        lines = [path for path in root.iter(SVG + "path") if "line " in path.get("class", "")]
        self.assertTrue(lines)
        for line in lines:  # with no style sheet beside it
            self.assertRegex(line.get("stroke"), r"^rgb")
            self.assertEqual(line.get("fill"), "none")

    def test_no_curve_has_more_points_than_a_chart_can_show(self):
        sizes = []
        page = self.open(self.dashboard, "#/differences")

        def note(response):
            if "/curves?" in response.url:
                for curve in response.json()["curves"].values():
                    sizes.append(len(curve["x"]))
        page.on("response", note)
        self.go(page, self.dashboard, "#/run/0")
        self.chart(page).locator(".plot path.line").first.wait_for(state="attached")
        page.wait_for_timeout(500)
        self.assertTrue(sizes)
        self.assertLessEqual(max(sizes), 800)

    def test_zoom_is_shared_becomes_exact_and_is_undone(self):
        page, chart = self.open_chart()
        self.assertGreater(chart.locator("path.band").count(), 0)
        self.drag(page, chart, 0.25, 0.75)
        low, high = self.shown_range(page)
        self.assertAlmostEqual(low, 0.25 * NUM_MILLION, delta=0.02 * NUM_MILLION)
        self.assertAlmostEqual(high, 0.75 * NUM_MILLION, delta=0.02 * NUM_MILLION)
        # The other charts show the same stretch.
        other = self.chart(page, "Learning rate")
        other.scroll_into_view_if_needed()
        other.locator(".plot path.line").first.wait_for(state="attached")
        ticks = other.locator("text.tick").all_text_contents()
        self.assertIn("400k", ticks)
        self.assertNotIn("0.2M", ticks)
        self.assertNotIn("900k", ticks)
        # Zoomed to some hundred steps all values are there: no band is left.
        chart.scroll_into_view_if_needed()
        for _ in range(20):
            chart.locator(".plot-area").focus()
            page.keyboard.press("+")
            low, high = self.shown_range(page)
            if high - low < 400:
                break
        page.wait_for_timeout(1500)
        self.assertEqual(chart.locator("path.band").count(), 0)
        page.keyboard.press("0")
        self.assertEqual(page.inner_text(".range-note"), "")
        self.drag(page, chart, 0.1, 0.2)
        self.assertNotEqual(page.inner_text(".range-note"), "")
        chart.locator(".plot-area").dblclick(position={"x": 200, "y": 60})
        self.assertEqual(page.inner_text(".range-note"), "")

    def test_keys_read_values_and_say_them(self):
        page, chart = self.open_chart()
        area = chart.locator(".plot-area")
        self.assertRegex(area.get_attribute("aria-label"), r"Loss by step\. .*from 7\.9\d")
        area.focus()
        page.keyboard.press("Home")
        first = chart.locator("[aria-live]").inner_text()
        self.assertRegex(first, r"step \d+.*loss (7|8)")
        page.keyboard.press("ArrowRight")
        second = chart.locator("[aria-live]").inner_text()
        self.assertNotEqual(first, second)
        self.assertTrue(chart.locator(".tip").is_visible())
        page.keyboard.press("End")
        self.assertRegex(chart.locator("[aria-live]").inner_text(), r"loss 4\.")
        page.keyboard.press("Escape")
        self.assertFalse(chart.locator(".tip").is_visible())

    def test_the_mouse_reads_values_of_the_nearest_step(self):
        page, chart = self.open_chart()
        box = chart.locator(".plot-area").bounding_box()
        page.mouse.move(box["x"] + 56 + (box["width"] - 68) / 2, box["y"] + 60)
        self.assertRegex(chart.locator(".tip").inner_text(), r"step (49|50)\d[.\d]*k")
        # One line through all charts.
        self.assertGreater(page.locator("path.cursor").count(), 1)

    def test_a_hole_in_the_losses_stays_a_hole(self):
        _, chart = self.open_chart()
        line = chart.locator(".plot path.line").first.get_attribute("d")
        self.assertEqual(line.count("M"), 2)

    def test_marks_show_resumes_warnings_and_checkpoints(self):
        page, chart = self.open_chart()
        chart.locator("path.marker.resume").first.wait_for(state="attached")
        self.assertEqual(chart.locator("path.marker.warning").count(), 1)
        self.assertGreater(chart.locator("path.marker.checkpoint").count(), 5)
        page.get_by_label("Horizontal axis").select_option("time_s")
        page.wait_for_timeout(1500)
        self.assertEqual(chart.locator("path.marker.resume").count(), 1)
        self.assertIn("time (h)", chart.locator("text.tick").all_text_contents())

    def test_smoothing_shows_the_raw_curve_beside(self):
        page, chart = self.open_chart()
        self.assertEqual(chart.locator("path.raw").count(), 0)
        page.get_by_label("Smoothing").fill("0.9")
        self.assertEqual(chart.locator("path.raw").count(), 1)
        self.assertNotEqual(chart.locator("path.raw").get_attribute("d"),
                            chart.locator(".plot path.line:not(.raw)").get_attribute("d"))

    def test_logarithmic_axes(self):
        page, chart = self.open_chart("Learning rate")
        page.get_by_label("log y").check()
        ticks = chart.locator("text.tick").all_text_contents()
        self.assertTrue({"1e-5", "1e-6", "1e-4"} & set(ticks), ticks)
        page.get_by_label("log x").check()
        ticks = chart.locator("text.tick").all_text_contents()
        self.assertTrue({"100", "10k"} <= set(ticks), ticks)
