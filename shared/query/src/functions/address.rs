//! Addresses and names that stand in for them.

use std::net::IpAddr;

use arrow_schema::DataType;
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ScalarUDF,
};

use super::{
    CIDR_CONTAINS, EVENT_CATEGORY, SOURCE_ADDRESS,
    text_function::{Cell, Row, TextFunction},
};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        TextFunction::udf(CIDR_CONTAINS, 2, DataType::Boolean, cidr_contains),
        TextFunction::udf(SOURCE_ADDRESS, 0, DataType::Utf8, |_| Ok(first_of())),
        TextFunction::udf(EVENT_CATEGORY, 1, DataType::Utf8, |_| Ok(event_category())),
    ]
}

/// A block of addresses, `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    network: IpAddr,
    bits: u8,
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let (network, bits) = text.split_once('/')?;
        let network: IpAddr = network.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        (bits <= if network.is_ipv4() { 32 } else { 128 }).then_some(Self { network, bits })
    }

    /// An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is that IPv4 address.
    fn contains(self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_bits(u32::from(network).into(), u32::from(address).into(), self.bits, 32),
            (IpAddr::V6(network), IpAddr::V6(address)) => same_bits(network.into(), address.into(), self.bits, 128),
            _ => false,
        }
    }
}

fn same_bits(left: u128, right: u128, bits: u8, width: u8) -> bool {
    (left ^ right).checked_shr(u32::from(width - bits)).unwrap_or(0) == 0
}

fn cidr_contains(constants: &[Option<String>]) -> Result<Row> {
    let constant = match constants.first() {
        Some(Some(text)) => match Block::parse(text) {
            Some(block) => Some(block),
            None => return exec_err!("{text:?} is no block of addresses such as 10.0.0.0/8"),
        },
        _ => None,
    };
    Ok(Box::new(move |values| {
        let [Some(block), Some(address)] = values else { return Cell::Null };
        match (constant.or_else(|| Block::parse(block)), address.parse::<IpAddr>()) {
            (Some(block), Ok(address)) => Cell::Flag(block.contains(address)),
            _ => Cell::Null,
        }
    }))
}

fn first_of() -> Row {
    Box::new(|values| values.iter().flatten().next().map(|text| (*text).to_owned()).into())
}

fn event_category() -> Row {
    Box::new(|values| values.first().copied().flatten().map(|category| spelled_by_cloudtrail(category).to_owned()).into())
}

/// `eventCategory` as CloudTrail writes it. Source: CloudTrail User Guide, "CloudTrail record contents".
pub(crate) fn spelled_by_cloudtrail(category: &str) -> &str {
    match category {
        "management" => "Management",
        "data" => "Data",
        "insight" => "Insight",
        "network" => "NetworkActivity",
        "aggregated" => "Aggregated",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn holds(block: &str, address: &str) -> bool {
        Block::parse(block).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn blocks_hold_their_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("172.16.0.0/12", "172.31.9.9") && !holds("172.16.0.0/12", "172.32.0.0"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("203.0.113.9/32", "203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3") && !holds("::/0", "10.1.2.3"));
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "10/8", "/8", "10.0.0.0/-1"] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }
}
