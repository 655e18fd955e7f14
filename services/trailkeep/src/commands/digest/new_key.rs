//! `trailkeep digest new-key`: a key to sign with.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf};

use anyhow::Context as _;
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;

use super::signing_key::SigningKey;
use crate::{exit::Exit, output::print};

/// Make an RSA key of 3,072 bits to sign digests with, readable by its owner alone. A file that is there is left as it is.
#[derive(Debug, Args)]
pub(crate) struct NewKey {
    /// Where to: a file that is not there yet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl NewKey {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let shown = self.file.display();
        let failed = || format!("failed to make a signing key in {shown}");
        let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| anyhow::anyhow!("no RSA key could be made")).with_context(failed)?;
        let der: Pkcs8V1Der<'_> =
            pair.as_der().map_err(|_| anyhow::anyhow!("the key could not be written as PKCS#8")).with_context(failed)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file).with_context(failed)?;
        file.write_all(pem(der.as_ref()).as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
        let fingerprint = SigningKey::read(&self.file)?.fingerprint()?;
        print(&format!("{shown}: an RSA key of 3,072 bits; its public half has the fingerprint {fingerprint}\n"))?;
        Ok(Exit::Done)
    }
}

fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}
