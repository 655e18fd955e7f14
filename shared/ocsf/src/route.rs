//! Which OCSF class and activity a Record is: by event source and name, as Security Lake does it, with the gaps closed.

/// The set of classes to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Classes {
    /// Security Lake's three classes (3001, 3002, 6003), and 2004 for Insights.
    #[default]
    Lake,
    /// Besides those 3004, 3005, 3006 and 6005.
    Fine,
}

/// A class with an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `class_uid`.
    pub class: i32,
    /// `activity_id`; 99 = other.
    pub activity: i32,
}

/// What routing looks at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Signs<'a> {
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
    pub(crate) read_only: bool,
    pub(crate) insight: bool,
    pub(crate) insight_ends: bool,
    pub(crate) data_event: bool,
}

impl Route {
    const fn new(class: i32, activity: i32) -> Self {
        Self { class, activity }
    }

    /// `class_name`.
    pub const fn class_name(self) -> &'static str {
        match self.class {
            3001 => "Account Change",
            3002 => "Authentication",
            3004 => "Entity Management",
            3005 => "User Access Management",
            3006 => "Group Management",
            6005 => "Datastore Activity",
            2004 => "Detection Finding",
            _ => "API Activity",
        }
    }

    /// `category_uid` and `category_name`.
    pub const fn category(self) -> (i32, &'static str) {
        match self.class / 1000 {
            2 => (2, "Findings"),
            3 => (3, "Identity & Access Management"),
            _ => (6, "Application Activity"),
        }
    }

    /// The schema's caption of the activity; `None` for 99, where `activity_name` is the event name.
    pub const fn activity_name(self) -> Option<&'static str> {
        Some(match (self.class, self.activity) {
            (_, 99) => return None,
            (3001, activity) => match activity {
                1 => "Create",
                2 => "Enable",
                3 => "Password Change",
                4 => "Password Reset",
                5 => "Disable",
                6 => "Delete",
                7 => "Attach Policy",
                8 => "Detach Policy",
                10 => "MFA Factor Enable",
                _ => "MFA Factor Disable",
            },
            (3002, 1) => "Logon",
            (3002, 2) => "Logoff",
            (3002, _) => "Account Switch",
            (3004, activity) => match activity {
                1 => "Create",
                3 => "Update",
                4 => "Delete",
                5 => "Move",
                6 => "Enroll",
                _ => "Unenroll",
            },
            (3005 | 3006, 1) => "Assign Privileges",
            (3005 | 3006, 2) => "Revoke Privileges",
            (3006, 3) => "Add User",
            (3006, 4) => "Remove User",
            (3006, 5) => "Delete",
            (3006, _) | (2004 | 6003, 1) | (6005, 6) => "Create",
            (6005, activity) => match activity {
                1 => "Read",
                2 => "Update",
                4 => "Query",
                5 => "Write",
                7 => "Delete",
                _ => "List",
            },
            (2004, _) => "Close",
            (_, 2) => "Read",
            (_, 3) => "Update",
            _ => "Delete",
        })
    }

    /// `type_uid`.
    pub fn type_uid(self) -> i64 {
        i64::from(self.class) * 100 + i64::from(self.activity)
    }
}

/// The service of an event source: `iam.amazonaws.com` is `iam`.
pub(crate) fn service(source: &str) -> &str {
    source.strip_suffix(".amazonaws.com").or_else(|| source.strip_suffix(".amazonaws.com.cn")).unwrap_or(source)
}

/// Class and activity of a Record that has this event source and name.
/// `status` is `requestParameters.status`, which decides what `UpdateAccessKey` does; `group` tells whether an account
/// assignment's `principalType` is `GROUP`. Both are asked for only where they matter.
pub fn route(source: &str, name: &str, read_only: bool, data_event: bool, classes: Classes) -> Route {
    route_signs(&Signs { source, name, read_only, data_event, ..Signs::default() }, classes, |_| None)
}

pub(crate) fn route_signs<'a>(signs: &Signs<'_>, classes: Classes, request: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>) -> Route {
    if signs.insight {
        return Route::new(2004, if signs.insight_ends { 3 } else { 1 });
    }
    let service = service(signs.source);
    if let Some(activity) = authentication(service, signs.name) {
        return Route::new(3002, activity);
    }
    if classes == Classes::Fine
        && let Some(route) = fine(service, signs, &request)
    {
        return route;
    }
    if matches!(service, "iam" | "signin" | "account")
        && let Some(activity) = account_change(signs.name)
    {
        let activity = match (signs.name, activity) {
            ("UpdateAccessKey", _) => match request("status").as_deref() {
                Some("Active") => 2,
                Some("Inactive") => 5,
                _ => 99,
            },
            (_, activity) => activity,
        };
        return Route::new(3001, activity);
    }
    Route::new(6003, api_activity(signs.name, signs.read_only))
}

fn authentication(service: &str, name: &str) -> Option<i32> {
    Some(match (service, name) {
        ("signin", "ConsoleLogin" | "ExternalIdPDirectoryLogin" | "UserAuthentication")
        | (
            "sts",
            "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" | "AssumeRoot" | "GetFederationToken" | "GetSessionToken",
        )
        | ("rolesanywhere", "CreateSession")
        | ("eks-auth", "AssumeRoleForPodIdentity")
        | ("sso", "Authenticate" | "Federate") => 1,
        ("sso", "Logout") => 2,
        ("signin", "SwitchRole") => 7,
        ("signin", "CheckMfa" | "CredentialChallenge" | "CredentialVerification" | "ExitRole" | "RenewRole" | "GetSigninToken") => 99,
        _ => return None,
    })
}

fn account_change(name: &str) -> Option<i32> {
    Some(match name {
        "CreateUser"
        | "CreateRole"
        | "CreateServiceLinkedRole"
        | "CreateAccessKey"
        | "CreateInstanceProfile"
        | "CreateVirtualMFADevice"
        | "CreateAccountAlias" => 1,
        "DeleteUser" | "DeleteRole" | "DeleteServiceLinkedRole" | "DeleteGroup" | "DeleteInstanceProfile" | "DeletePolicy" => 6,
        "AttachUserPolicy"
        | "AttachRolePolicy"
        | "AttachGroupPolicy"
        | "PutUserPolicy"
        | "PutRolePolicy"
        | "PutGroupPolicy"
        | "PutUserPermissionsBoundary"
        | "PutRolePermissionsBoundary"
        | "AddUserToGroup"
        | "AddRoleToInstanceProfile" => 7,
        "DetachUserPolicy"
        | "DetachRolePolicy"
        | "DetachGroupPolicy"
        | "DeleteUserPolicy"
        | "DeleteRolePolicy"
        | "DeleteGroupPolicy"
        | "DeleteUserPermissionsBoundary"
        | "DeleteRolePermissionsBoundary"
        | "RemoveUserFromGroup"
        | "RemoveRoleFromInstanceProfile" => 8,
        "CreateLoginProfile" => 2,
        "DeleteLoginProfile" => 5,
        "UpdateLoginProfile" => 4,
        "ChangePassword" | "PasswordUpdated" => 3,
        "EnableMFADevice" => 10,
        "DeactivateMFADevice" => 11,
        name if other_account_change(name) => 99,
        _ => return None,
    })
}

/// Changes of users, roles and accounts for which OCSF has no activity.
fn other_account_change(name: &str) -> bool {
    matches!(
        name,
        "UpdateRole"
            | "UpdateRoleDescription"
            | "UpdateAssumeRolePolicy"
            | "UpdateUser"
            | "UpdateGroup"
            | "UpdateAccessKey"
            | "DeleteAccessKey"
            | "ResyncMFADevice"
            | "DeleteVirtualMFADevice"
            | "DeleteAccountAlias"
            | "UpdateAccountPasswordPolicy"
            | "DeleteAccountPasswordPolicy"
            | "TagUser"
            | "UntagUser"
            | "TagRole"
            | "UntagRole"
            | "TagInstanceProfile"
            | "UntagInstanceProfile"
            | "UpdateAccountEmailAddress"
            | "UpdateAccountName"
            | "EmailUpdated"
            | "AccountNameUpdated"
            | "RequestSmsMfaRegistration"
            | "FinalizeSmsMfaRegistration"
    )
}

fn fine<'a>(service: &str, signs: &Signs<'_>, request: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>) -> Option<Route> {
    if matches!(service, "iam" | "identitystore" | "sso-directory")
        && let Some(activity) = group_management(signs.name)
    {
        return Some(Route::new(3006, activity));
    }
    if let Some(activity) = entity_management(service, signs.name) {
        return Some(Route::new(3004, activity));
    }
    let assignment = match (service, signs.name) {
        ("sso", "CreateAccountAssignment") => Some(1),
        ("sso", "DeleteAccountAssignment") => Some(2),
        _ => None,
    };
    if let Some(activity) = assignment {
        let class = if request("principalType").as_deref() == Some("GROUP") { 3006 } else { 3005 };
        return Some(Route::new(class, activity));
    }
    if !signs.data_event {
        return None;
    }
    datastore(service, signs.name).map(|activity| Route::new(6005, activity))
}

fn group_management(name: &str) -> Option<i32> {
    Some(match name {
        "CreateGroup" => 6,
        "DeleteGroup" => 5,
        "UpdateGroup" => 99,
        "AddUserToGroup" | "CreateGroupMembership" => 3,
        "RemoveUserFromGroup" | "DeleteGroupMembership" => 4,
        "AttachGroupPolicy" | "PutGroupPolicy" => 1,
        "DetachGroupPolicy" | "DeleteGroupPolicy" => 2,
        _ => return None,
    })
}

fn entity_management(service: &str, name: &str) -> Option<i32> {
    Some(match (service, name) {
        ("organizations", "CreateAccount" | "CreateGovCloudAccount" | "CreateOrganizationalUnit" | "CreatePolicy")
        | ("iam", "CreatePolicy" | "CreateSAMLProvider" | "CreateOpenIDConnectProvider") => 1,
        ("organizations", "UpdatePolicy") | ("iam", "CreatePolicyVersion" | "SetDefaultPolicyVersion" | "UpdateSAMLProvider") => 3,
        ("organizations", "CloseAccount" | "DeleteOrganizationalUnit" | "DeletePolicy")
        | ("iam", "DeletePolicy" | "DeleteSAMLProvider" | "DeleteOpenIDConnectProvider") => 4,
        ("organizations", "MoveAccount") => 5,
        ("organizations", "InviteAccountToOrganization") => 6,
        ("organizations", "LeaveOrganization" | "RemoveAccountFromOrganization") => 7,
        _ => return None,
    })
}

fn datastore(service: &str, name: &str) -> Option<i32> {
    Some(match (service, name) {
        ("s3", "GetObject" | "HeadObject") | ("dynamodb", "GetItem" | "BatchGetItem") => 1,
        ("dynamodb", "UpdateItem") => 2,
        ("dynamodb", "Query" | "Scan") => 4,
        ("s3", "PutObject" | "CopyObject" | "CompleteMultipartUpload") | ("dynamodb", "PutItem" | "BatchWriteItem") => 5,
        ("s3", "DeleteObject" | "DeleteObjects") | ("dynamodb", "DeleteItem") => 7,
        ("s3", "ListObjects" | "ListObjectVersions") => 8,
        _ => return None,
    })
}

/// Create, read, update or delete by the first word of an event name (two words for `Batch…`); cryptographic verbs are 99
/// although CloudTrail calls them read-only.
fn api_activity(name: &str, read_only: bool) -> i32 {
    const CRYPTOGRAPHIC: [&str; 9] =
        ["Decrypt", "Encrypt", "ReEncrypt", "Sign", "Verify", "GenerateDataKey", "GenerateMac", "GenerateRandom", "DeriveSharedSecret"];
    if CRYPTOGRAPHIC.iter().any(|verb| name.starts_with(verb)) {
        return 99;
    }
    let first = word_end(name, 0);
    let second = word_end(name, first);
    let by_verb = name.get(..second).and_then(verb).or_else(|| name.get(..first).and_then(verb));
    by_verb.unwrap_or(if read_only { 2 } else { 99 })
}

/// The end of the CamelCase word that begins at `start`.
fn word_end(name: &str, start: usize) -> usize {
    let bytes = name.as_bytes();
    let lower = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let mut end = start;
    if bytes.get(end).is_some_and(u8::is_ascii_uppercase) {
        end += 1;
    }
    while lower(end) {
        end += 1;
    }
    end
}

fn verb(word: &str) -> Option<i32> {
    Some(match word {
        "Create" | "Run" | "Generate" | "Allocate" | "Import" | "Copy" | "Restore" | "Launch" | "Provision" | "Issue" => 1,
        "Get" | "List" | "Describe" | "Search" | "Lookup" | "BatchGet" | "Head" | "View" | "Query" | "Scan" | "Select" => 2,
        "Update" | "Put" | "Modify" | "Add" | "Remove" | "Start" | "Stop" | "Attach" | "Detach" | "Associate" | "Disassociate" | "Tag"
        | "Untag" | "Enable" | "Disable" | "Register" | "Deregister" | "Set" | "Reset" | "Replace" | "Reboot" | "Authorize" | "Revoke"
        | "Change" | "Move" | "Rotate" | "Activate" | "Deactivate" | "Apply" => 3,
        "Delete" | "Terminate" | "Purge" => 4,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_their_class_only_from_their_source() {
        let lake = |source: &str, name: &str, read_only| route(source, name, read_only, false, Classes::Lake).type_uid();
        for (source, name, read_only, type_uid) in [
            ("signin.amazonaws.com", "ConsoleLogin", false, 300_201),
            ("sts.amazonaws.com", "AssumeRole", true, 300_201),
            ("sts.amazonaws.com", "GetCallerIdentity", true, 600_302),
            ("iam.amazonaws.com", "CreateUser", false, 300_101),
            ("transfer.amazonaws.com", "CreateUser", false, 600_301),
            ("resource-groups.amazonaws.com", "DeleteGroup", false, 600_304),
            ("iam.amazonaws.com", "DeletePolicy", false, 300_106),
            ("iam.amazonaws.com", "CreatePolicy", false, 600_301),
            ("kms.amazonaws.com", "Decrypt", true, 600_399),
            ("kms.amazonaws.com", "GenerateDataKeyWithoutPlaintext", true, 600_399),
            ("ec2.amazonaws.com", "AllocateAddress", false, 600_301),
            ("ec2.amazonaws.com", "ReleaseAddress", false, 600_399),
            ("dynamodb.amazonaws.com", "BatchGetItem", true, 600_302),
            ("ecr.amazonaws.com", "BatchCheckLayerAvailability", true, 600_302),
            ("ec2.amazonaws.com", "DeleteTags", false, 600_304),
            ("", "", false, 600_399),
        ] {
            assert_eq!(lake(source, name, read_only), type_uid, "{source} {name}");
        }
    }

    #[test]
    fn fine_classes_are_an_option() {
        let fine = |source: &str, name: &str, data| route(source, name, false, data, Classes::Fine).type_uid();
        assert_eq!(fine("iam.amazonaws.com", "AddUserToGroup", false), 300_603);
        assert_eq!(fine("organizations.amazonaws.com", "MoveAccount", false), 300_405);
        assert_eq!(fine("sso.amazonaws.com", "CreateAccountAssignment", false), 300_501);
        assert_eq!(fine("s3.amazonaws.com", "PutObject", true), 600_505);
        assert_eq!(fine("s3.amazonaws.com", "PutObject", false), 600_303);
    }

    #[test]
    fn the_request_decides_where_the_name_does_not() {
        let signs = Signs { source: "iam.amazonaws.com", name: "UpdateAccessKey", ..Signs::default() };
        assert_eq!(route_signs(&signs, Classes::Lake, |_| Some("Inactive".into())).type_uid(), 300_105);
        assert_eq!(route_signs(&signs, Classes::Lake, |_| None).type_uid(), 300_199);
        let signs = Signs { source: "sso.amazonaws.com", name: "DeleteAccountAssignment", ..Signs::default() };
        assert_eq!(route_signs(&signs, Classes::Fine, |_| Some("GROUP".into())).type_uid(), 300_602);
    }
}
