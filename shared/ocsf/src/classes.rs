//! What each class has beside the common columns: users, sessions, policies, groups, entities, datastores.

use std::borrow::Cow;

use trailkeep_records::{
    json::Value,
    time::{parse_american, parse_iso},
};

use crate::{
    actor::Identity,
    columns::{Columns, Ints, Lists, Texts},
    record::filled,
    route::Route,
};

type Text<'a> = Option<Cow<'a, str>>;

/// What the class-specific columns are made of.
pub(crate) struct Parts<'r, 'a> {
    pub(crate) route: Route,
    pub(crate) name: &'r str,
    pub(crate) source: &'r str,
    pub(crate) account: Option<&'r str>,
    pub(crate) identity: &'r Identity<'a>,
    pub(crate) request: Option<Value<'a>>,
    pub(crate) response: Option<Value<'a>>,
    /// ARNs of `resources` by type, for datastores.
    pub(crate) bucket_arn: Text<'a>,
    pub(crate) table_arn: Text<'a>,
}

#[derive(Default)]
struct Target<'a> {
    uid: Text<'a>,
    uid_alt: Text<'a>,
    name: Text<'a>,
    kind: Text<'a>,
    account: Text<'a>,
}

impl Target<'_> {
    fn says_nothing(&self) -> bool {
        self.uid.is_none() && self.name.is_none() && self.account.is_none()
    }

    fn write(&self, columns: &mut Columns) {
        columns.text_if(Texts::UserUid, self.uid.as_deref());
        columns.text_if(Texts::UserUidAlt, self.uid_alt.as_deref());
        columns.text_if(Texts::UserName, self.name.as_deref());
        columns.text_if(Texts::UserType, self.kind.as_deref());
        columns.text_if(Texts::UserAccount, self.account.as_deref());
    }
}

/// The user that a row says it is about, for its observables.
pub(crate) struct Written<'a> {
    pub(crate) user_name: Text<'a>,
    pub(crate) session_credential: Text<'a>,
}

impl<'a> Parts<'_, 'a> {
    fn request(&self, name: &str) -> Text<'a> {
        self.request.and_then(|value| value.get(name)).and_then(filled)
    }

    fn response(&self, path: &[&str]) -> Text<'a> {
        path.iter().try_fold(self.response?, |value, name| value.get(name)).and_then(filled)
    }

    /// Writes what the row's class has of its own.
    pub(crate) fn write(&self, columns: &mut Columns) -> Written<'a> {
        let mut written = Written { user_name: None, session_credential: None };
        match self.route.class {
            3002 => {
                written.user_name = self.authentication(columns);
                written.session_credential = self.session(columns);
            }
            3001 => {
                let target = self.changed_user();
                written.user_name = self.write_target(columns, target);
                self.policy(columns);
            }
            3005 => {
                let target = Target { uid: self.request("principalId"), kind: self.request("principalType"), ..Target::default() };
                written.user_name = self.write_target(columns, target);
                self.privilege(columns);
            }
            3006 => written.user_name = self.group(columns),
            3004 => self.entity(columns),
            6005 => self.datastore(columns),
            _ => {}
        }
        written
    }

    fn actor_as_target(&self) -> Target<'a> {
        if !self.identity.is_user() {
            return Target::default();
        }
        let own = |text: Option<&str>| text.map(|t| Cow::Owned(t.to_owned()));
        Target {
            uid: self.identity.arn.clone(),
            uid_alt: own(self.identity.uid_alt()),
            name: self.identity.name.clone(),
            kind: self.identity.kind.clone(),
            account: self.identity.account_id.clone(),
        }
    }

    /// Writes a target; one that says nothing becomes the account it was in.
    fn write_target(&self, columns: &mut Columns, target: Target<'a>) -> Text<'a> {
        if target.says_nothing() {
            match self.account {
                Some(account) => columns.text(Texts::UserAccount, account),
                None => columns.text(Texts::UserName, "Unknown"),
            }
            return None;
        }
        target.write(columns);
        target.name
    }

    fn authentication(&self, columns: &mut Columns) -> Text<'a> {
        let target = if self.name.starts_with("Assume") {
            Target {
                uid: self.request("roleArn").or_else(|| self.request("targetPrincipal")),
                name: self.request("roleSessionName"),
                uid_alt: self.identity.principal_id.clone(),
                ..Target::default()
            }
        } else {
            self.actor_as_target()
        };
        let name = self.write_target(columns, target);
        columns.text(Texts::Service, self.source);
        let protocol = match self.name {
            "AssumeRoleWithSAML" => Some((5, "SAML")),
            "AssumeRoleWithWebIdentity" => Some((4, "OpenID")),
            _ => None,
        };
        if let Some((id, caption)) = protocol {
            columns.int(Ints::AuthProtocol, id);
            columns.text(Texts::AuthProtocol, caption);
        }
        if self.route.activity == 7 {
            columns.text(Texts::AccountSwitchType, "Impersonate");
        }
        name
    }

    /// The session that STS handed out.
    fn session(&self, columns: &mut Columns) -> Text<'a> {
        columns.text_if(Texts::SessionUid, self.response(&["assumedRoleUser", "arn"]).as_deref());
        columns.text_if(Texts::SessionUidAlt, self.response(&["assumedRoleUser", "assumedRoleId"]).as_deref());
        let credential = self.response(&["credentials", "accessKeyId"]);
        columns.text_if(Texts::SessionCredential, credential.as_deref());
        columns.text_if(Texts::SessionIssuer, self.response(&["issuer"]).or_else(|| self.response(&["provider"])).as_deref());
        let expiration = self.response(&["credentials", "expiration"]);
        if let Some(ms) = expiration.and_then(|text| parse_american(&text).or_else(|| parse_iso(&text))) {
            columns.int(Ints::SessionExpires, ms);
        }
        credential
    }

    fn changed_user(&self) -> Target<'a> {
        let either = |user: &str, role: &str| self.response(&["user", user]).or_else(|| self.response(&["role", role]));
        let name = self.response(&["user", "userName"]).or_else(|| self.request("userName")).or_else(|| self.request("roleName"));
        if name.is_none() && matches!(self.name, "ChangePassword" | "PasswordUpdated") {
            return Target { kind: None, account: None, ..self.actor_as_target() };
        }
        Target { uid: either("arn", "arn"), uid_alt: either("userId", "roleId"), name, ..Target::default() }
    }

    fn policy(&self, columns: &mut Columns) {
        let uid = self.request("policyArn").or_else(|| self.request("permissionsBoundary"));
        let name = self.request("policyName");
        if uid.is_some() || name.is_some() {
            columns.policy(uid.as_deref(), name.as_deref());
            columns.text_if(Texts::PolicyUid, uid.as_deref());
        }
    }

    fn privilege(&self, columns: &mut Columns) {
        let privilege = ["permissionSetArn", "policyArn", "permissionsBoundary", "policyName"].iter().find_map(|name| self.request(name));
        columns.list(Lists::Privileges, privilege.as_deref().unwrap_or("unknown"));
    }

    fn group(&self, columns: &mut Columns) -> Text<'a> {
        let mut name = None;
        if matches!(self.route.activity, 3 | 4) {
            let member = self.request.and_then(|r| r.get("memberId")).and_then(|m| m.get("userId")).and_then(filled);
            let target = if member.is_some() { Target { uid: member, ..Target::default() } } else { self.changed_user() };
            name = self.write_target(columns, target);
        }
        let uid = self.response(&["group", "arn"]).or_else(|| self.request("groupId")).or_else(|| self.request("principalId"));
        let group_name = self.request("groupName").or_else(|| self.request("displayName"));
        columns.text_if(Texts::GroupName, group_name.as_deref());
        columns.text_if(Texts::GroupUidAlt, self.response(&["group", "groupId"]).as_deref());
        let unknown = (uid.is_none() && group_name.is_none()).then_some("unknown");
        columns.text_if(Texts::GroupUid, uid.as_deref().or(unknown));
        if matches!(self.route.activity, 1 | 2) {
            self.privilege(columns);
        }
        name
    }

    fn entity(&self, columns: &mut Columns) {
        const IDS: [&str; 6] =
            ["accountId", "policyArn", "policyId", "organizationalUnitId", "sAMLProviderArn", "openIDConnectProviderArn"];
        let uid = IDS.iter().find_map(|name| self.request(name)).or_else(|| self.response(&["policy", "arn"]));
        let name = ["accountName", "policyName", "name"].iter().find_map(|name| self.request(name));
        columns.text_if(Texts::EntityName, name.as_deref());
        let fallback = if uid.is_none() && name.is_none() { Some(self.account.unwrap_or("unknown")) } else { None };
        columns.text_if(Texts::EntityUid, uid.as_deref().or(fallback));
        let (type_id, caption) = match self.name {
            name if name.contains("Policy") => (5, "Policy"),
            name if name.contains("Account") => (99, "Account"),
            name if name.contains("Unit") => (99, "Organizational Unit"),
            _ => (99, "Identity Provider"),
        };
        columns.int(Ints::EntityType, type_id);
        columns.text(Texts::EntityType, caption);
    }

    fn datastore(&self, columns: &mut Columns) {
        if self.source.starts_with("s3.") {
            columns.text_if(Texts::DatabucketName, self.request("bucketName").as_deref());
            columns.text_if(Texts::DatabucketUid, self.bucket_arn.as_deref());
            columns.text(Texts::DatabucketType, "S3");
        } else {
            let uid = self.table_arn.as_deref();
            let name = self.request("tableName");
            let unknown = (uid.is_none() && name.is_none()).then_some("unknown");
            columns.text_if(Texts::TableName, name.as_deref().or(unknown));
            columns.text_if(Texts::TableUid, uid);
        }
    }
}
