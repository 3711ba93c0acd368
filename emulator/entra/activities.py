"""Activities of the audit log by workload: category, operation, and who logs it. Source: graph-entra.md 1.19.

The names are those of the portal's list of audit activities.
"""

_CORE_TEXT = """
    AdministrativeUnit   Add       Add administrative unit
    AdministrativeUnit   Update    Update administrative unit
    AdministrativeUnit   Delete    Delete administrative unit
    AdministrativeUnit   Assign    Add member to administrative unit
    AdministrativeUnit   Unassign  Remove member from administrative unit
    RoleManagement       Assign    Add scoped member to role
    RoleManagement       Unassign  Remove scoped member from role
    RoleManagement       Add       Add role definition
    RoleManagement       Update    Update role definition
    RoleManagement       Delete    Delete role definition
    Device               Add       Add device
    Device               Update    Update device
    Device               Delete    Delete device
    Device               Assign    Add registered owner to device
    Device               Unassign  Remove registered owner from device
    Device               Assign    Add registered users to device
    Device               Unassign  Remove registered users from device
    DirectoryManagement  Delete    Force delete domain
    DirectoryManagement  Update    Promote company sub domain to root domain
    DirectoryManagement  Update    Set directory feature on tenant
    ApplicationManagement Assign   Add owner to application
    ApplicationManagement Unassign Remove owner from application
    ApplicationManagement Assign   Add owner to service principal
    ApplicationManagement Unassign Remove owner from service principal
    ApplicationManagement Add      Add service principal credentials
    ApplicationManagement Delete   Remove service principal credentials
    ApplicationManagement Update   Restore application
    ApplicationManagement Delete   Hard Delete application
    ApplicationManagement Update   Restore service principal
    ApplicationManagement Delete   Hard delete service principal
    ApplicationManagement Add      Add federated identity credential
    ApplicationManagement Update   Update federated identity credential
    ApplicationManagement Delete   Remove federated identity credential
    ApplicationManagement Add      Add delegated permission classification
    ApplicationManagement Delete   Remove delegated permission classification
    Policy               Add       Add policy
    Policy               Update    Update policy
    Policy               Delete    Delete policy
    Policy               Assign    Add policy to service principal
    Policy               Unassign  Remove policy from service principal
    Policy               Add       Add feature rollout policy
    Policy               Update    Update feature rollout policy
    Policy               Delete    Remove feature rollout policy
    Policy               Assign    Add rollout policy to users of feature
    Policy               Unassign  Remove users from feature rollout
    AuthorizationPolicy  Update    Update authorization policy
    Policy               Update    Update security defaults
    KerberosDomain       Update    Set on-premises directory synchronization
    UserManagement       Update    Disable Strong Authentication
    UserManagement       Update    Enable Strong Authentication
    GroupManagement      Add       Create group settings
    GroupManagement      Update    Update group settings
    GroupManagement      Delete    Delete group settings
    GroupManagement      Update    Renew group
    ApplicationManagement Update   Add verified publisher
    ApplicationManagement Update   Remove verified publisher
    AttributeManagement  Add       Add an attribute set
    AttributeManagement  Update    Update attribute set
    AttributeManagement  Add       Add custom security attribute definition in an attribute set
    AttributeManagement  Update    Update custom security attribute definition in an attribute set
    AttributeManagement  Update    Assign custom security attribute values to a user
    AttributeManagement  Update    Assign custom security attribute values to a service principal
    DirectoryManagement  Add       Add identity provider
    DirectoryManagement  Update    Update identity provider
    DirectoryManagement  Delete    Remove identity provider
    UserManagement       Add       Synchronize user from on-premises
    GroupManagement      Add       Synchronize group from on-premises
    UserManagement       Delete    Remove user by synchronization
    GroupManagement      Delete    Remove group by synchronization
    ContactManagement    Add       Add contact
    ContactManagement    Update    Update contact
    ContactManagement    Delete    Delete contact
"""
_SERVICES_TEXT = {
    "Conditional Access": """
        Policy  Add     Add conditional access policy
        Policy  Update  Update conditional access policy
        Policy  Delete  Delete conditional access policy
        Policy  Add     Add named location
        Policy  Update  Update named location
        Policy  Delete  Delete named location
        Policy  Update  Update authentication context class reference
        Policy  Delete  Delete authentication context class reference
    """,
    "Authentication Methods": """
        Policy          Add     Create authentication strength
        Policy          Update  Update authentication strength
        Policy          Delete  Delete authentication strength
        Policy          Update  Authentication Methods Policy Update
        Policy          Update  Authentication Methods Policy Reset
        UserManagement  Add     Admin registered security info
        UserManagement  Update  Admin updated security info
        UserManagement  Delete  Admin deleted security info
        UserManagement  Add     User registered security info
        UserManagement  Update  User changed default security info
        UserManagement  Delete  User deleted security info
    """,
    "Device Registration Service": """
        Device  Add     Register device
        Device  Delete  Unregister device
    """,
    "Self-service Password Management": """
        UserManagement  Update  Reset password (by admin)
    """,
    "Identity Protection": """
        UserManagement  Update  DismissUser
        UserManagement  Update  ConfirmAccountCompromised
        UserManagement  Update  ConfirmAccountSafe
        UserManagement  Update  ConfirmSigninSafe
        UserManagement  Update  ConfirmSigninCompromised
        UserManagement  Update  DismissServicePrincipal
        UserManagement  Update  ConfirmServicePrincipalCompromised
    """,
}  # fmt: skip


def _rows(text: str, service: str) -> dict[str, tuple[str, str, str]]:
    found = {}
    for line in text.strip().splitlines():
        category, operation, name = line.split(None, 2)
        found[name.strip()] = (category, operation, service)
    return found


CORE = "Core Directory"
FURTHER: dict[str, tuple[str, str, str]] = _rows(_CORE_TEXT, CORE)
for _service, _text in _SERVICES_TEXT.items():
    FURTHER.update(_rows(_text, _service))
