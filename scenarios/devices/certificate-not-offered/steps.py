"""The org's features go by ids; these find the one by its name."""

NAME = "Smart Card Authenticator"


def switch_off(stage, features):
    """The cell has not got the feature."""
    stage.okta.post(f"/api/v1/features/{_id(features)}/disable")


def switch_on(stage, features):
    """The administrator switches the feature on."""
    stage.okta.post(f"/api/v1/features/{_id(features)}/enable")


def _id(features):
    return next(feature["id"] for feature in features if feature["name"] == NAME)
