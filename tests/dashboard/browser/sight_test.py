"""What the model sees: images with their filters, one image, classes, search; and
the way of a newcomer from the overview to a failing class and its images."""
import fixtures
from browser import BrowserTest
from world import tiff


class SightTest(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = fixtures.labelled_world()
        cls.dashboard = fixtures.dashboard(place.trained, *place.flags())
        cls.data = cls.dashboard.get("/api/data")
        cls.classes = cls.dashboard.get("/api/classes")

    @classmethod
    def tearDownClass(cls):
        cls.dashboard.__exit__()
        super().tearDownClass()

    def worst(self):
        rows = [row for row in self.classes["classes"] if row["ap"] is not None]
        return min(rows, key=lambda row: row["ap"])

    def test_a_newcomer_finds_health_failing_classes_and_their_images(self):
        page = self.open(self.dashboard, "#/runs")
        guide = page.locator(".guide")
        run = self.dashboard.get("/api/runs")["runs"][0]
        self.assertIn(run["name"], guide.inner_text())
        headline = run["verdict"]["headline"]
        self.assertIn(headline, page.locator("article.run").inner_text())
        if run["verdict"]["health"] != "healthy":
            self.assertIn(f"({headline[0].lower()}{headline[1:]})", guide.inner_text())
        worst = self.worst()["name"]
        guide.get_by_role("link", name=worst, exact=True).wait_for()
        guide.get_by_role("link", name="All classes").click()
        page.wait_for_selector("h1:has-text('Classes')")
        row = page.locator("tbody tr").first
        self.assertIn(worst, row.inner_text())
        row.get_by_role("link", name="missed").click()
        page.wait_for_selector("h1:has-text('Images')")
        self.assertEqual(page.get_by_label("Missed").input_value(), worst)

    def test_filters_leave_what_the_server_leaves_and_stay_in_the_address(self):
        page = self.open(self.dashboard, "#/images")
        page.locator(".patch").first.wait_for()
        everything = self.data["num_images"]
        status = page.locator("main .buttons [role=status]").first
        self.assertIn(f"{everything} images", status.inner_text())
        name = self.data["class_names"][0]
        wanted = self.dashboard.get(f"/api/images?class={name.replace(' ', '%20')}")["total"]
        page.get_by_label("Class", exact=True).select_option(name)
        page.wait_for_timeout(800)
        self.assertTrue(status.inner_text().startswith(f"{wanted} image"), status.inner_text())
        page.reload()
        self.settle(page)
        page.wait_for_timeout(500)
        self.assertTrue(status.inner_text().startswith(f"{wanted} image"), status.inner_text())

    def test_worst_errors_come_first(self):
        page = self.open(self.dashboard, "#/images?sort=worst")
        page.locator(".patch").first.wait_for()
        errors = [float(text.split("error ")[1].split()[0])
                  for text in page.locator(".patch p.soft").all_inner_texts()]
        self.assertGreater(len(errors), 5)
        self.assertEqual(errors, sorted(errors, reverse=True))

    def test_an_image_shows_bands_views_attention_probabilities_and_neighbours(self):
        page = self.open(self.dashboard, "#/image/2")
        image = self.dashboard.get("/api/images/2")
        self.assertEqual(page.inner_text("h1"), image["name"])
        self.assertEqual(page.locator("table.probabilities tbody tr").count(),
                         len(image["probabilities"]))
        page.locator(".patches .patch").first.wait_for()
        self.assertEqual(page.locator(".patches .patch").count(), 12)
        # Bring every picture into sight: all must load.
        for picture in page.locator(".picture img").all():
            picture.scroll_into_view_if_needed()
        self.wait_until(page, "[...document.querySelectorAll('.picture img')]"
                        ".every((one) => one.complete && one.naturalWidth > 0)", 60)
        names = page.locator(".picture figcaption").all_inner_texts()
        for band in image["bands"]:
            self.assertTrue(any(name.startswith(band["name"]) for name in names), band["name"])
        for head in range(image["num_heads"]):
            self.assertIn(f"head {head + 1}", names)
        first = page.locator(".large img").get_attribute("src")
        page.get_by_role("button", name=self.data["composites"][1]).click()
        self.assertNotEqual(page.locator(".large img").get_attribute("src"), first)
        page.get_by_role("button", name="Epoch after").click()
        self.assertIn("epoch=1", page.locator(".views img").get_attribute("src"))

    def test_classes_sort_by_each_column(self):
        page = self.open(self.dashboard, "#/classes")
        heading = page.get_by_role("button", name="Images")
        heading.click()
        counts = [int(row.locator("td").first.inner_text().replace(",", ""))
                  for row in page.locator("tbody").first.locator("tr").all()]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertEqual(counts, sorted(
            [row["num_positives"] for row in self.classes["classes"]], reverse=True))
        self.assertEqual(page.locator("th[aria-sort=descending]").count(), 1)
        heading.press("Enter")
        self.assertEqual(page.locator("th[aria-sort=ascending]").count(), 1)

    def test_the_curve_of_a_class_is_read_by_keys(self):
        page = self.open(self.dashboard, "#/classes")
        name = self.worst()["name"]
        area = page.locator("[aria-roledescription=chart]")
        self.assertIn(name, area.get_attribute("aria-label"))
        area.focus()
        page.keyboard.press("ArrowRight")
        self.assertRegex(page.locator(".two [aria-live] p[aria-live]").inner_text(),
                         r"Threshold .*precision .*recall")

    def test_the_matrix_has_the_servers_numbers(self):
        page = self.open(self.dashboard, "#/classes")
        rows = page.locator("table.matrix tbody tr")
        self.assertEqual(rows.count(), len(self.classes["classes"]))
        cells = rows.nth(0).locator("td").all_inner_texts()
        wanted = ["–" if share is None else str(int(100 * share + 0.5))
                  for share in self.classes["co_occurrence"][0]]
        self.assertEqual(cells, wanted)

    def test_search_takes_a_window_of_a_geotiff(self):
        page = self.open(self.dashboard, "#/search")
        form = page.get_by_role("form", name="Search by a GeoTIFF")
        chooser = form.get_by_label("Like a GeoTIFF of yours")
        ask = form.get_by_role("button", name="Search")
        chooser.set_input_files({"name": "mine.tif", "mimeType": "image/tiff",
                                 "buffer": tiff(130, ["B04", "B03", "B02"])})
        form.get_by_label("ROW,COL,HEIGHT,WIDTH").fill("5,5,120,120")
        ask.click()
        page.locator(".patch").first.wait_for()
        self.assertIn("like mine.tif", page.locator("main [role=status]").first.inner_text())
        self.allowed_errors = ["400"]
        form.get_by_label("ROW,COL,HEIGHT,WIDTH").fill("50,5,120,120")
        ask.click()
        alert = page.get_by_role("alert")
        alert.wait_for()
        self.assertIn("do not lie in the scene", alert.inner_text())
        form.get_by_label("ROW,COL,HEIGHT,WIDTH").fill("1,2")
        ask.click()
        self.wait_until(page, "document.querySelector('[role=alert]').textContent.includes('LON,LAT,SIDE')")

    def test_search_adds_and_takes_off(self):
        page = self.open(self.dashboard, "#/search?like=2")
        page.locator(".patch").first.wait_for()
        self.assertIn("ms", page.locator("main [role=status]").first.inner_text())
        page.get_by_label("Not like class").select_option(self.data["class_names"][0])
        page.locator(".chips li").nth(1).wait_for()
        page.locator(".patch").nth(3).get_by_role("button", name="More like").click()
        page.locator(".chips li").nth(2).wait_for()
        self.assertEqual(page.url.count("like="), 2)
        self.assertIn("not_class=", page.url)
        page.locator(".chips button").first.click()
        self.wait_until(page, "document.querySelectorAll('.chips li').length === 2")
