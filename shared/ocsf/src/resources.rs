//! `resources` of a Record: what a call touched.

use std::borrow::Cow;

use trailkeep_records::json::Value;

use crate::record::filled;

/// Id, type and owner of a resource.
pub(crate) type Known<'a> = (Cow<'a, str>, Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// The resources of one row.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    /// Those that stand in the row.
    pub(crate) written: Vec<Known<'a>>,
    pub(crate) bucket_arn: Option<Cow<'a, str>>,
    pub(crate) table_arn: Option<Cow<'a, str>>,
}

impl<'a> Resources<'a> {
    /// Keeps the ARNs that datastores are named by.
    pub(crate) fn remember(&mut self, resource: &Resource<'a>) {
        match resource.kind.as_deref() {
            Some("AWS::S3::Bucket") if self.bucket_arn.is_none() => self.bucket_arn.clone_from(&resource.uid),
            Some("AWS::DynamoDB::Table") if self.table_arn.is_none() => self.table_arn.clone_from(&resource.uid),
            _ => {}
        }
    }
}

/// One element of `resources`.
pub(crate) struct Resource<'a> {
    pub(crate) uid: Option<Cow<'a, str>>,
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) account: Option<Cow<'a, str>>,
    /// Everything in it has a column.
    pub(crate) complete: bool,
}

impl<'a> Resource<'a> {
    pub(crate) fn read(value: Value<'a>) -> Self {
        let mut this = Self { uid: None, kind: None, account: None, complete: value.is_object() };
        for (name, member) in value.members() {
            let slot = match name.decoded().as_ref() {
                "ARN" | "ARNPrefix" | "arn" if this.uid.is_none() => &mut this.uid,
                "type" => &mut this.kind,
                "accountId" => &mut this.account,
                _ => {
                    this.complete &= member.is_null();
                    continue;
                }
            };
            *slot = filled(member);
            this.complete &= slot.is_some() || member.is_null() || member.text == "\"\"";
        }
        this.complete &= this.uid.is_some() || (this.kind.is_none() && this.account.is_none());
        this
    }
}
