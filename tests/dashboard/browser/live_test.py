"""What is shown while a real training runs, and what happens when the server ends."""
import re
import time

import fixtures
import world
from browser import BrowserTest


class LiveTest(BrowserTest):
    def steps(self, page):
        text = page.locator("article.run .soft", has_text="step").first.inner_text()
        return int(re.search(r"step ([\d,]+)", text)[1].replace(",", ""))

    def last_x(self, page):
        """Where the loss ends: the last x of its path."""
        path = page.locator("figure.chart .plot path.line").first.get_attribute("d") or ""
        numbers = re.findall(r"[ML]([-\d.]+) ", path)
        return len(numbers)

    def test_a_real_training(self):
        trained = fixtures.labelled_world()
        run = fixtures.folder() / "live"
        training = trained.start_training(run, epochs=400)
        try:
            end = time.monotonic() + 60
            while not (run / "metrics.jsonl").exists():
                self.assertLess(time.monotonic(), end, "the training never began")
                time.sleep(0.2)
            with fixtures.dashboard(run) as dashboard:
                page = self.open(dashboard, "#/runs")
                self.assertEqual(page.locator("#connection").inner_text(), "Live")
                page.locator("figure.chart .plot path.line").first.wait_for(state="attached")
                requests = []
                page.on("request", lambda request: requests.append(request.url)
                        if "/curves" in request.url else None)
                steps, points = self.steps(page), self.last_x(page)
                start = time.monotonic()
                while self.steps(page) <= steps or self.last_x(page) <= points:
                    self.assertLess(time.monotonic() - start, 30, "nothing moves")
                    page.wait_for_timeout(100)
                page.wait_for_timeout(4000)
                seconds = time.monotonic() - start
                # A group of charts asks at most once a second, and only in sight.
                groups = {url.split("keys=")[1].split("&")[0] for url in requests}
                self.assertLessEqual(len(requests), (seconds + 2) * len(groups))
                self.shoot(page, "live")
                training.terminate()
                training.wait(60)
                page.locator("article.run .soft", has_text=re.compile("stopped|interrupted")) \
                    .first.wait_for()
                page.close()  # it may ask once more, and the server ends first
        finally:
            training.kill()
            training.wait()

    def test_a_server_that_ends_is_told_and_found_again(self):
        self.allowed_errors = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE", "ERR_EMPTY",
                               "ERR_CONNECTION_RESET"]
        with fixtures.dashboard(fixtures.labelled_world().trained) as dashboard:
            page = self.open(dashboard, "#/runs")
            connection = page.locator("#connection")
            self.assertEqual(connection.inner_text(), "Live")
        page.locator("#connection[data-state=waiting]").wait_for()
        self.assertIn("trying again", connection.inner_text())
        port = dashboard.host.rsplit(":", 1)[1]
        with fixtures.dashboard(fixtures.labelled_world().trained, port=port):
            page.locator("#connection[data-state=live]").wait_for()

    def test_events_that_happen_while_one_looks_are_listed(self):
        run = world.write_hostile_run(fixtures.folder() / "eventful")
        with fixtures.dashboard(run) as dashboard:
            page = self.open(dashboard, "#/run/0")
            page.get_by_text("Events (1)").click()
            # The page asks for events ten seconds after it last did, as the run moves.
            page.wait_for_timeout(10500)
            with open(run / "metrics.jsonl", "a") as file:
                file.write('{"step":31,"epoch":3.1,"time_s":31,"loss":7.6}\n'
                           '{"step":31,"event":"checkpoint","text":"while one looks"}\n')
            page.get_by_text("Events (2)").wait_for()
            self.assertTrue(page.get_by_text("while one looks").is_visible())
            page.close()
