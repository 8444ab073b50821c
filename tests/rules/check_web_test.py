#!/usr/bin/env python3
"""tools/check_web.py finds what the dashboard's page must not do."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_web.py"


def check(name, text):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / name).write_text(text)
        done = subprocess.run(
            [sys.executable, str(TOOL), folder], capture_output=True, text=True
        )
        return done.returncode, done.stdout


class CheckWebTest(unittest.TestCase):
    def test_takes_what_is_right(self):
        for name, text in [
            ("a.js", "const kSvg = 'http://www.w3.org/2000/svg';\n// no innerHTML here\n"),
            ("a.js", "h('button', {onclick: () => go()}, name);\nelement.style.left = '3px';\n"),
            ("a.html", '<script type="module" src="/app/main.js"></script>\n'),
        ]:
            self.assertEqual(check(name, text)[0], 0, text)

    def test_refuses_what_is_not(self):
        for name, text in [
            ("a.js", "element.innerHTML = name;\n"),
            ("a.js", "x.insertAdjacentHTML('beforeend', note);\n"),
            ("a.js", "eval(note);\n"),
            ("a.js", "setTimeout('go()', 1);\n"),
            ("a.js", "fetch('https://cdn.example.com/x.js');\n"),
            ("a.css", "@import url(//fonts.example.com/a.css);\n"),
            ("a.html", "<script>go()</script>\n"),
            ("a.html", '<p onclick="go()">x</p>\n'),
            ("a.html", '<p style="color:red">x</p>\n'),
        ]:
            status, output = check(name, text)
            self.assertEqual(status, 1, text)
            self.assertIn(f"{name}:1:", output)

    def test_an_empty_folder_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, str(TOOL), folder], capture_output=True)
            self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
