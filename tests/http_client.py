"""Someone with a browser that has no scripts and no pictures: signs in, reads pages, sends forms."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request


class Visitor:
    """A session with a portal. Every method answers (address in the end, status, text)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[str, int, str]:
        return self._ask(urllib.request.Request(self.url + path))  # noqa: S310 - the portal under test

    def post(self, path: str, **fields: str) -> tuple[str, int, str]:
        """Fill in the form of the page at this path and send it."""
        _, _, page = self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1] if token else "", **fields}).encode()
        headers = {"Referer": self.url + path}
        return self._ask(urllib.request.Request(self.url + path, data, headers))  # noqa: S310

    def sign_in(self, who: str) -> None:
        self.post("/sign-in/", username=who, password="demo")

    def _ask(self, request: urllib.request.Request) -> tuple[str, int, str]:
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.url, answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.url or "", refused.code, refused.read().decode()
