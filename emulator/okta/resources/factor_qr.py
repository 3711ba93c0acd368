"""The QR code of a factor that is being enrolled: /api/v1/users/{userId}/factors/{factorId}/qr/{token}.

Source: the vendor's reference of the factors API, which links to it; its refusals are inferred.
"""

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta.mfa import qr_codes
from emulator.okta.mfa.factors import FACTORS
from emulator.okta.problems import not_found
from emulator.okta.resources.user_factors import AT
from emulator.okta.user_docs import USERS


@operation("GET", AT + "/{factorId}/qr/{token}", source=DOCUMENTED, auth="none")
def get_factor_qr_code(call: Call) -> Answer:
    """The picture for the phone, to whoever has the address. Raises 404."""
    factor = call.store.get(FACTORS, call.path["factorId"])
    user = call.store.get(USERS, call.path["userId"])
    if factor is not None and user is not None and factor["_userId"] == user["id"]:
        picture = qr_codes.picture(call, factor, user["profile"]["login"], call.path["token"])
        if picture is not None:
            return Answer(200, [*call.headers, ("Content-Type", "image/png")], picture)
    raise not_found(call.path["factorId"], "UserFactor")
