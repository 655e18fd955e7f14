//! Whole runs over archives in memory, whose Digests are signed by keys made for the test.

#[path = "../../../digests/tests/chains/forge.rs"]
#[expect(dead_code, reason = "shared with the tests of chains, which use more of it")]
mod forge;

mod estate;
mod evidence;
mod incremental;
mod kept_keys;
mod leaves;
mod rounds;
