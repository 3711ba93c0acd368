"""Resource Manager's error catalogue. A code here is a key, as at Graph; the wire code stands in `extra.code`.

Source: the texts that its public error reference and clients' issue threads show.
"""

from emulator.kernel.problems import ProblemKind


def _kind(status: int, code: str, text: str) -> ProblemKind:
    return ProblemKind(status, text, {"code": code})


_INVALID = "InvalidAuthenticationToken"
CATALOGUE: dict[str, ProblemKind] = {
    "token_empty": _kind(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
    "token_malformed": _kind(401, _INVALID, "The access token is invalid."),
    "token_key": _kind(401, _INVALID, "The access token is invalid."),
    "token_expired": _kind(401, "ExpiredAuthenticationToken", "The access token has expired."),
    "token_audience": _kind(401, "InvalidAuthenticationTokenAudience", "The access token has been obtained for wrong audience or resource. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'."),
    "token_revoked": _kind(401, _INVALID, "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: {0}"),
    "app_unknown": _kind(401, _INVALID, "The identity of the calling application could not be established."),
    "api_version": _kind(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."),
    "bad_api_version": _kind(400, "InvalidApiVersionParameter", "The api-version '{0}' is invalid. The supported versions are dates, written as year-month-day."),
    "subscription": _kind(404, "SubscriptionNotFound", "The subscription '{0}' could not be found."),
    "bad_subscription": _kind(400, "InvalidSubscriptionId", "The provided subscription identifier '{0}' is malformed or invalid."),
    "unknown": _kind(404, "MissingSubscription", "The request did not have a subscription or a valid tenant level resource provider."),
    "method": _kind(405, "MethodNotAllowed", "The request method '{0}' is not allowed here."),
    "throttled": _kind(429, "TooManyRequests", "The request is being throttled as the limit has been reached for operation type - Read_ObservationWindow_00:05:00."),
    "unavailable": _kind(503, "ServerUnavailable", "The service is unavailable. Please try again later."),
    "internal": _kind(500, "InternalServerError", "The server encountered an internal error. Please retry the request."),
}  # fmt: skip
