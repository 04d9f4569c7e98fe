"""Tests of the CI job. CHECKS_FAIL=1 adds one that fails, to see a red build."""

import os
import unittest

import versions


class VersionTests(unittest.TestCase):
    def test_parts_are_numbers(self) -> None:
        self.assertEqual(versions.parse("1.10.2"), (1, 10, 2))  # noqa: PT009 - unittest is all this image has

    def test_ten_is_newer_than_nine(self) -> None:
        self.assertEqual(versions.newest(["1.9", "1.10"]), "1.10")  # noqa: PT009

    @unittest.skipUnless(os.environ.get("CHECKS_FAIL"), "CHECKS_FAIL is not set")
    def test_fails_when_asked_to(self) -> None:
        self.fail("CHECKS_FAIL is set")


if __name__ == "__main__":
    unittest.main(verbosity=2)
