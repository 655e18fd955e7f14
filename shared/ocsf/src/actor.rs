//! `userIdentity`: who called. What a column holds is taken out of it; the rest goes to the leftovers.

use std::borrow::Cow;

use trailkeep_records::{json::Value, time::parse_iso};

use crate::{
    columns::{Bools, Columns, Ints, Texts},
    flatten::Leftovers,
    record::filled,
    redact::Redaction,
};

type Text<'a> = Option<Cow<'a, str>>;

/// The parts of `userIdentity` that columns are made of.
#[derive(Debug, Default)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: Text<'a>,
    pub(crate) principal_id: Text<'a>,
    pub(crate) arn: Text<'a>,
    pub(crate) account_id: Text<'a>,
    pub(crate) access_key_id: Text<'a>,
    user_name: Text<'a>,
    pub(crate) invoked_by: Text<'a>,
    identity_provider: Text<'a>,
    credential_id: Text<'a>,
    on_behalf_of_user: Text<'a>,
    identity_store: Text<'a>,
    issuer_arn: Text<'a>,
    issuer_user: Text<'a>,
    federated_provider: Text<'a>,
    created_ms: Option<i64>,
    mfa: Option<bool>,
    /// What `actor.user.name` becomes.
    pub(crate) name: Text<'a>,
}

impl<'a> Identity<'a> {
    /// Takes `userIdentity` apart. `sso_user` = `additionalEventData.UserName`.
    pub(crate) fn read(identity: Value<'a>, sso_user: impl FnOnce() -> Text<'a>, left: &mut Leftovers, redaction: &Redaction) -> Self {
        let mut this = Self::default();
        if !identity.is_object() {
            left.add("userIdentity", identity, redaction);
        }
        for (name, value) in identity.members() {
            let decoded = name.decoded();
            let slot = match decoded.as_ref() {
                "type" => &mut this.kind,
                "principalId" => &mut this.principal_id,
                "arn" => &mut this.arn,
                "accountId" => &mut this.account_id,
                "accessKeyId" => &mut this.access_key_id,
                "userName" => &mut this.user_name,
                "invokedBy" => &mut this.invoked_by,
                "identityProvider" => &mut this.identity_provider,
                "credentialId" => &mut this.credential_id,
                "sessionContext" if value.is_object() => {
                    this.read_session(value, left, redaction);
                    continue;
                }
                "onBehalfOf" => {
                    this.on_behalf_of_user = value.get("userId").and_then(filled);
                    this.identity_store = value.get("identityStoreArn").and_then(filled);
                    left.add("userIdentity.onBehalfOf", value, redaction);
                    continue;
                }
                other => {
                    left.add_member("userIdentity", other, value, redaction);
                    continue;
                }
            };
            *slot = filled(value);
            if slot.is_none() && value.as_str().is_none() {
                left.add_member("userIdentity", &decoded, value, redaction);
            }
        }
        this.name = this.display_name(sso_user);
        this
    }

    fn read_session(&mut self, session: Value<'a>, left: &mut Leftovers, redaction: &Redaction) {
        for (name, value) in session.members() {
            let name = name.decoded();
            match name.as_ref() {
                "attributes" if value.is_object() => self.read_attributes(value, left, redaction),
                "sessionIssuer" if value.is_object() => {
                    for (name, member) in value.members() {
                        let name = name.decoded();
                        if name == "userName" {
                            self.issuer_user = filled(member);
                        }
                        if name == "arn" && filled(member).is_some() {
                            self.issuer_arn = filled(member);
                        } else {
                            left.add_member("userIdentity.sessionContext.sessionIssuer", &name, member, redaction);
                        }
                    }
                }
                "webIdFederationData" => {
                    self.federated_provider = value.get("federatedProvider").and_then(filled);
                    left.add("userIdentity.sessionContext.webIdFederationData", value, redaction);
                }
                other => left.add_member("userIdentity.sessionContext", other, value, redaction),
            }
        }
    }

    fn read_attributes(&mut self, attributes: Value<'a>, left: &mut Leftovers, redaction: &Redaction) {
        for (name, value) in attributes.members() {
            let name = name.decoded();
            let mapped = match name.as_ref() {
                "creationDate" => {
                    self.created_ms = value.as_str().and_then(|text| parse_iso(&text));
                    self.created_ms.is_some()
                }
                "mfaAuthenticated" => {
                    self.mfa = match value.text.trim_matches('"') {
                        "true" | "True" => Some(true),
                        "false" | "False" => Some(false),
                        _ => None,
                    };
                    self.mfa.is_some()
                }
                _ => false,
            };
            if !mapped {
                left.add_member("userIdentity.sessionContext.attributes", &name, value, redaction);
            }
        }
    }

    /// The user's name; the session's name for IAM Identity Center's roles, else the role's.
    fn display_name(&self, sso_user: impl FnOnce() -> Text<'a>) -> Text<'a> {
        if self.user_name.is_some() {
            return self.user_name.clone();
        }
        let reserved = self.issuer_user.as_deref().is_some_and(|role| role.starts_with("AWSReservedSSO_"));
        let session = self.principal_id.as_deref().filter(|_| reserved).and_then(|id| id.split_once(':')).map(|(_, session)| session);
        let session = session.filter(|session| !session.is_empty()).map(|session| Cow::Owned(session.to_owned()));
        session
            .or_else(|| self.issuer_user.clone())
            .or_else(sso_user)
            .or_else(|| (self.kind.as_deref() == Some("Root")).then_some(Cow::Borrowed("root")))
    }

    /// OCSF's user object needs a name, an id or an account.
    pub(crate) fn is_user(&self) -> bool {
        self.name.is_some() || self.arn.is_some() || self.account_id.is_some()
    }

    pub(crate) fn key(&self) -> Option<&str> {
        self.access_key_id.as_deref().or(self.credential_id.as_deref())
    }

    pub(crate) fn uid_alt(&self) -> Option<&str> {
        self.on_behalf_of_user.as_deref().or(self.principal_id.as_deref())
    }

    /// Writes `actor`. `fallback` names the caller where nothing else does: OCSF wants an actor that says something.
    pub(crate) fn write(&self, columns: &mut Columns, left: &mut Leftovers, fallback: &str) {
        if self.is_user() {
            self.write_user(columns);
        } else {
            for (path, text) in [
                ("userIdentity.type", &self.kind),
                ("userIdentity.principalId", &self.principal_id),
                ("userIdentity.accessKeyId", &self.access_key_id),
            ] {
                if let Some(text) = text {
                    left.add_text(path, text);
                }
            }
        }
        if self.on_behalf_of_user.is_some()
            && let Some(id) = &self.principal_id
        {
            left.add_text("userIdentity.principalId", id);
        }
        if (self.access_key_id.is_some() || !self.is_user())
            && let Some(id) = &self.credential_id
        {
            left.add_text("userIdentity.credentialId", id);
        }
        columns.text_if(Texts::InvokedBy, self.invoked_by.as_deref());
        self.write_session(columns);
        columns.text_if(Texts::IdpName, self.federated_provider.as_deref().or(self.identity_provider.as_deref()));
        if self.federated_provider.is_some()
            && let Some(provider) = &self.identity_provider
        {
            left.add_text("userIdentity.identityProvider", provider);
        }
        columns.text_if(Texts::IdpUid, self.identity_store.as_deref());
        let app = self.invoked_by.as_deref().or_else(|| (!self.is_user()).then_some(fallback));
        columns.text_if(Texts::AppName, app);
    }

    fn write_user(&self, columns: &mut Columns) {
        columns.text_if(Texts::ActorType, self.kind.as_deref());
        columns.text_if(Texts::ActorName, self.name.as_deref());
        columns.text_if(Texts::ActorUid, self.arn.as_deref());
        columns.text_if(Texts::ActorUidAlt, self.uid_alt());
        columns.text_if(Texts::ActorAccount, self.account_id.as_deref());
        if let Some(key) = self.key() {
            columns.text(Texts::ActorCredential, key);
            columns.credential(key, if self.credential_id.is_some() { "AWS Identity Center credential" } else { "AWS Access Key" });
        }
    }

    fn write_session(&self, columns: &mut Columns) {
        if let Some(ms) = self.created_ms {
            columns.int(Ints::SessionCreated, ms);
        }
        if let Some(mfa) = self.mfa {
            columns.bool(Bools::SessionMfa, mfa);
        }
        columns.text_if(Texts::ActorIssuer, self.issuer_arn.as_deref());
        if self.kind.as_deref() == Some("AssumedRole") {
            columns.text_if(Texts::ActorSession, self.arn.as_deref());
        }
        columns.text_if(Texts::ActorSessionCredential, self.key().filter(|key| key.starts_with("ASIA")));
    }
}
