#!/usr/bin/env python3
"""The dashboard in headless Chromium, driven by Playwright.

    browser_test.py PROGRAM [--screenshots DIR] [--chromium PATH] [TEST...]

Needs the Python packages playwright and axe-playwright-python and a Chromium
(Debian's, found on PATH); without them it ends with 77, which CTest takes for
skipped. TESTs are names such as PagesTest or LiveTest.test_a_real_training.
"""
import argparse
import os
import pathlib
import sys
import unittest

SKIPPED = 77
MODULES = ["pages_test", "charts_test", "sight_test", "plane_test", "live_test", "safety_test"]


def skip(reason):
    print(f"browser_test: skipped: {reason}")
    sys.exit(SKIPPED)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--screenshots")
    parser.add_argument("--chromium")
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_intermixed_args()
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    try:
        import browser
    except ImportError as error:
        skip(f"{error}; pip install playwright axe-playwright-python")
    chromium = arguments.chromium or browser.find_chromium()
    if not chromium or not os.path.exists(chromium):
        skip("there is no chromium on PATH; apt-get install chromium")
    settings = browser.Settings
    settings.program = os.path.abspath(arguments.program)
    settings.chromium = chromium
    settings.screenshots = arguments.screenshots
    loader = unittest.TestLoader()
    suites = []
    for name in MODULES:
        module = __import__(name)
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == name and issubclass(
                    one, unittest.TestCase):
                for case in loader.loadTestsFromTestCase(one):
                    words = case.id().split(".")[1:]
                    if not arguments.tests or words[0] in arguments.tests or \
                            ".".join(words) in arguments.tests:
                        suites.append(case)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(suites))
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
