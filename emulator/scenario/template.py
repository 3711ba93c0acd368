"""The files that `tenantlab scenario new` writes: a small scenario that plays both ways."""

FILES = {
    "scenario.yaml": """\
# Keys and verbs: docs/reference/scenarios.md; completion: tenantlab scenario schema > scenario.schema.json
id: X-01
title: A person whom nobody assigned
level: 1
minutes: 10
teaches: [assignments decide who gets through]
world: acme
cast:
  person: {new: person, on: okta, assigned: true}
cause:
  - unassign: $person
play:
  - sync: true
expect:
  - sign_in: $person
    is: {outcome: refused, at: okta}
    say: Okta refuses
check:
  - sign_in: $person
    is: {outcome: signed_in}
    say: The person can sign in to Microsoft 365
    else: Who is assigned to the Office 365 app?
hints:
  - Look at the page's host name. Who refused?
solve:
  - assign: $person
  - sync: true
""",
    "brief.md": """\
Ticket: "I cannot get into Microsoft 365 any more. My colleagues can."
""",
    "solution.md": """\
The person was not assigned to the Office 365 app, so Okta stopped the sign-in; Microsoft was never asked.
Assigning the app makes the connector find or make the account, and the next sign-in passes.
""",
}
