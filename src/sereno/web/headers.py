"""Headers that only the desk can choose. Nginx adds those that are the same for every answer.

Division of work: the desk sets the content security policy and caching; Nginx sets nosniff, HSTS, referrer,
permissions and hides versions. Nginx logs the route that the desk names, and keeps it to itself.
"""

from __future__ import annotations

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Everything from our own origin, nothing inline, nobody frames us."""


def init_app(app: Flask) -> None:
    """Set the policy on every answer, and `no-store` on each that says nothing of caching itself."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        # A page may show whose it is; only a view that knows better (the public status page) says otherwise.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Sereno-Route"] = request.url_rule.rule if request.url_rule is not None else "unmatched"
        return response
