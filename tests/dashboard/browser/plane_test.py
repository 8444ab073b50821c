"""The planes of points: the atlas with lasso and UMAP, the map, and the list of
images that goes from one to the other."""
import json
import re

import fixtures
from browser import BrowserTest


class PlaneTest(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = fixtures.labelled_world()
        cls.dashboard = fixtures.dashboard(place.trained, *place.flags())
        cls.num_images = cls.dashboard.get("/api/data")["num_images"]

    @classmethod
    def tearDownClass(cls):
        cls.dashboard.__exit__()
        super().tearDownClass()

    def open_atlas(self, query=""):
        page = self.open(self.dashboard, f"#/atlas{query}")
        page.locator(".legend-list label").first.wait_for()
        page.wait_for_timeout(400)
        return page

    def lasso_all(self, page):
        page.get_by_role("button", name="Lasso").click()
        box = page.locator(".scatter").bounding_box()
        corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2),
                   (2, box["height"] - 2), (2, 4)]
        page.mouse.move(box["x"] + 2, box["y"] + 2)
        page.mouse.down()
        for x, y in corners[1:]:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
        page.mouse.up()

    def picked(self, page):
        heading = page.locator(".selected h2").inner_text()
        found = re.search(r"([\d,]+) image", heading)
        return int(found[1].replace(",", "")) if found else 0

    def test_a_lasso_makes_a_list_that_the_map_shows_and_saves(self):
        page = self.open_atlas()
        self.lasso_all(page)
        self.assertEqual(self.picked(page), self.num_images)
        page.get_by_role("link", name="Show on the map").click()
        page.wait_for_selector("h1:has-text('Map')")
        page.locator(".legend-list label").first.wait_for()
        self.assertEqual(self.picked(page), self.num_images)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the list as GeoJSON").click()
        features = json.loads(open(download.value.path()).read())
        self.assertEqual(features["type"], "FeatureCollection")
        self.assertEqual(len(features["features"]), self.num_images)
        page.get_by_role("button", name="Clear").click()
        self.assertEqual(self.picked(page), 0)

    def test_hidden_values_are_not_picked(self):
        page = self.open_atlas()
        label = page.locator(".legend-list label").first
        count = int(label.locator("small").inner_text().replace(",", ""))
        label.locator("input").uncheck()
        page.get_by_role("button", name="Pick all in view").click()
        self.assertEqual(self.picked(page), self.num_images - count)

    def test_keys_move_and_zoom(self):
        page = self.open_atlas()
        page.locator(".scatter").focus()
        for _ in range(12):
            page.keyboard.press("+")
        page.get_by_role("button", name="Pick all in view").click()
        self.assertLess(self.picked(page), self.num_images)
        page.keyboard.press("Tab")
        page.locator(".scatter").focus()
        page.keyboard.press("0")
        page.get_by_role("button", name="Pick all in view").click()
        self.assertEqual(self.picked(page), self.num_images)

    def test_pointing_shows_the_image_and_a_click_opens_it(self):
        page = self.open_atlas()
        # Where a point is: the first that the pixels under the mouse belong to.
        box = page.locator(".scatter").bounding_box()
        found = None
        for step in range(0, 400):
            x = box["x"] + (step * 37) % box["width"]
            y = box["y"] + (step * 53) % box["height"]
            page.mouse.move(x, y)
            if page.locator(".point-tip").is_visible():
                found = x, y
                break
        self.assertIsNotNone(found)
        self.assertTrue(page.locator(".point-tip img").is_visible())
        page.mouse.click(*found)
        page.wait_for_selector(".patch-name")

    def num_drawn(self, page):
        """Pixels of the next frame that are not empty."""
        return page.evaluate("""async () => {
          const plot = document.querySelector('.scatter');
          const canvas = plot.querySelector('canvas');
          plot.dispatchEvent(new KeyboardEvent('keydown', {key: '0', bubbles: true}));
          await new Promise(requestAnimationFrame);  // after the plot's own frame
          const size = [canvas.width, canvas.height];
          const gl = canvas.getContext('webgl');
          let data = new Uint8Array(4 * size[0] * size[1]);
          if (gl) gl.readPixels(0, 0, ...size, gl.RGBA, gl.UNSIGNED_BYTE, data);
          else ({data} = canvas.getContext('2d').getImageData(0, 0, ...size));
          let count = 0;
          for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
          return count;
        }""")

    def test_webgl_and_canvas_draw_the_same_points(self):
        drawn = {}
        for name, shown in [("webgl", "WebGL"), ("canvas", "canvas")]:
            page = self.open_atlas(f"?draw={name}")
            self.assertIn(f"drawn with {shown}", page.inner_text("main"))
            drawn[name] = self.num_drawn(page)
        # A point is a disc of the one and a square of the other, about 4 pixels wide.
        self.assertGreater(drawn["webgl"], 2 * self.num_images)
        self.assertAlmostEqual(drawn["webgl"], drawn["canvas"], delta=0.5 * drawn["canvas"])

    def test_umap_runs_in_the_background_and_is_shown(self):
        page = self.open_atlas()
        page.get_by_role("button", name="Compute UMAP").click()
        page.get_by_text(re.compile(r"images? by UMAP")).wait_for(timeout=60000)
        umap = page.get_by_role("button", name="UMAP", exact=True)
        self.assertEqual(umap.get_attribute("aria-pressed"), "true")

    def test_the_map_opens_images_and_shows_footprints(self):
        page = self.open(self.dashboard, "#/map?image=3")
        image = self.dashboard.get("/api/images/3")
        page.locator(".leaflet-popup-content .patch").wait_for()
        self.assertIn(image["name"], page.locator(".leaflet-popup-content").inner_text())
        self.shoot(page, "map-image")
        page.locator(".leaflet-popup-content a").first.click()
        page.wait_for_selector(".patch-name")
        self.assertEqual(page.inner_text("h1"), image["name"])

    def test_the_map_shows_what_a_class_misses(self):
        classes = self.dashboard.get("/api/classes")["classes"]
        for row in classes:
            name = row["name"].replace(" ", "%20").replace(",", "%2C")
            total = self.dashboard.get(f"/api/images?missed={name}")["total"]
            if total:
                break
        self.assertGreater(total, 0)
        page = self.open(self.dashboard, f"#/map?missed={name}")
        page.get_by_text("is missed; the others are faded").wait_for()
        self.assertEqual(self.picked(page), total)

    def test_keys_reach_images_near_the_centre_of_the_map(self):
        page = self.open(self.dashboard, "#/map")
        page.locator(".legend-list label").first.wait_for()
        link = page.locator("h2:has-text('Near the centre') + .thumbnails a").first
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".patch-name")
