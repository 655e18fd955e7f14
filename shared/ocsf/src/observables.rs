//! `observables`: what a row holds that people search for, by what it is. Name, type and type id follow from that.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, StringArray};
use arrow_schema::ArrowError;

use crate::{
    column::ListColumn,
    columns::{list_of, struct_of},
    dictionary::{DictionaryColumn, NONE, dictionary},
    schema,
};

/// What is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observable {
    ActorName,
    UserName,
    SrcIp,
    SrcDomain,
    ActorUid,
    ActorCredential,
    SessionCredential,
    Account,
    UserAgent,
    SrcUid,
    Resource,
}

/// Captions of the types, and their ids in OCSF.
const TYPES: [(&str, i32); 8] = [
    ("User Name", 4),
    ("IP Address", 2),
    ("Hostname", 1),
    ("User Object: uid", 31),
    ("User Credential ID", 19),
    ("Account Object: uid", 35),
    ("HTTP User-Agent", 16),
    ("Network Endpoint Object: uid", 48),
];
const RESOURCE: (&str, i32) = ("Resource UID", 10);

/// Name, and which of the types, in the order of [`Observable`].
const KNOWN: [(&str, usize); 11] = [
    ("actor.user.name", 0),
    ("user.name", 0),
    ("src_endpoint.ip", 1),
    ("src_endpoint.domain", 2),
    ("actor.user.uid", 3),
    ("actor.user.credential_uid", 4),
    ("session.credential_uid", 4),
    ("cloud.account.uid", 5),
    ("http_request.user_agent", 6),
    ("src_endpoint.uid", 7),
    ("resources[].uid", TYPES.len()),
];

fn types() -> impl Iterator<Item = (&'static str, i32)> {
    TYPES.into_iter().chain([RESOURCE])
}

/// The column.
#[derive(Debug)]
pub(crate) struct ObservableList {
    list: ListColumn,
    of: Vec<u8>,
    values: DictionaryColumn,
    /// For each kind, the number of the value that it had last.
    nearest: [i32; KNOWN.len()],
}

impl ObservableList {
    pub(crate) fn new() -> Self {
        Self { list: ListColumn::new(), of: Vec::new(), values: DictionaryColumn::new(), nearest: [NONE; KNOWN.len()] }
    }

    #[inline]
    pub(crate) fn push(&mut self, of: Observable, value: &str) {
        if let Some(near) = self.nearest.get_mut(of as usize) {
            *near = self.values.set_near(self.of.len(), value, *near);
            self.of.push(of as u8);
        }
    }

    pub(crate) fn end_row(&mut self, row: usize) {
        self.list.end_row(row, self.of.len());
    }

    pub(crate) fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.nearest = [NONE; KNOWN.len()];
        let of = std::mem::take(&mut self.of);
        let kind = |of: &u8| KNOWN.get(usize::from(*of)).map_or(0, |(_, kind)| *kind);
        let names = StringArray::from_iter_values(KNOWN.iter().map(|(name, _)| name));
        let captions = StringArray::from_iter_values(types().map(|(caption, _)| caption));
        let ids: Vec<i32> = types().map(|(_, id)| id).collect();
        let type_ids: Int32Array = of.iter().map(|of| ids.get(kind(of)).copied()).collect();
        let columns = vec![
            dictionary(of.iter().map(|of| i32::from(*of)).collect(), None, names)?,
            self.values.take(of.len())?,
            dictionary(of.iter().map(|of| kind(of) as i32).collect(), None, captions)?,
            Arc::new(type_ids) as ArrayRef,
        ];
        let (offsets, nulls) = self.list.take(rows);
        list_of(schema::observable_fields(), struct_of(schema::observable_fields(), columns)?, offsets, nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_the_order_of_their_names() {
        for (of, name) in [
            (Observable::ActorName, "actor.user.name"),
            (Observable::SrcDomain, "src_endpoint.domain"),
            (Observable::Account, "cloud.account.uid"),
            (Observable::Resource, "resources[].uid"),
        ] {
            assert_eq!(KNOWN[of as usize].0, name);
        }
        assert!(KNOWN.iter().all(|(_, kind)| types().nth(*kind).is_some()));
    }
}
