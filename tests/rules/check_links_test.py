"""tools/check_links.py on small trees, each with one bad link or none."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_links.py"


class CheckLinksTest(unittest.TestCase):
    def check(self, files):
        """Exit code and output for a checkout of `files`."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "checkout"
            root.mkdir()
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            result = subprocess.run(
                [sys.executable, TOOL, root], capture_output=True, text=True
            )
        return result.returncode, result.stdout

    def assert_bad(self, files, where, what):
        code, output = self.check(files)
        self.assertEqual(code, 1, output)
        self.assertIn(where, output)
        self.assertIn(what, output)
        self.assertTrue(output.endswith(" 1 bad\n"), output)

    def assert_good(self, files):
        code, output = self.check(files)
        self.assertEqual(code, 0, output)

    def test_accepts_files_folders_and_addresses(self):
        self.assert_good(
            {
                "README.md": "[a](docs/a.md) [b](docs) ![c](c.png)\n"
                "[d](https://example.org/none) [e]\n\n[e]: docs/a.md\n",
                "docs/a.md": "[up](../README.md)",
                "c.png": "",
            }
        )

    def test_refuses_a_file_that_is_not_there(self):
        self.assert_bad(
            {"docs/a.md": "x\n[b](b.md)\n"}, "docs/a.md:2: b.md", "no such file"
        )

    def test_refuses_a_picture_that_is_not_there(self):
        self.assert_bad({"a.md": "![b](b.png)"}, "a.md:1: b.png", "no such file")

    def test_refuses_a_reference_that_leads_nowhere(self):
        self.assert_bad({"a.md": "[b]\n\n[b]: b.md"}, "a.md:3: b.md", "no such file")

    def test_refuses_a_link_behind_code_on_its_line(self):
        self.assert_bad({"a.md": "`x` [`b`](b.md)"}, "a.md:1: b.md", "no such file")

    def test_refuses_a_link_out_of_the_checkout(self):
        self.assert_bad({"a.md": "[b](..)"}, "a.md:1: ..", "leads out")

    def test_refuses_a_heading_that_is_not_there(self):
        self.assert_bad(
            {"a.md": "# One\n[b](#two)"}, "a.md:2: #two", "no such heading"
        )

    def test_finds_headings_as_they_are_linked(self):
        self.assert_good(
            {
                "a.md": "[a](b.md#10-what-we-do) [b](b.md#the-run-folder) "
                "[c](b.md#one-1)",
                "b.md": "# 10. What *we* do\n## The `run` folder\n# One\n# One\n",
            }
        )

    def test_passes_over_code(self):
        self.assert_good({"a.md": "`[b](b.md)`\n```\n[c](c.md)\n# d\n```\n"})

    def test_refuses_a_heading_inside_code(self):
        self.assert_bad(
            {"a.md": "[d](#d)\n```\n# d\n```\n"}, "a.md:1: #d", "no such heading"
        )

    def test_passes_over_hidden_and_built_folders(self):
        self.assert_good(
            {"a.md": "", ".deps/b.md": "[x](x.md)", "build/c.md": "[x](x.md)"}
        )

    def test_refuses_a_checkout_without_documents(self):
        code, output = self.check({"a.txt": "[x](x.md)"})
        self.assertEqual((code, output), (1, "0 links in 0 files, 0 bad\n"))


if __name__ == "__main__":
    unittest.main()
