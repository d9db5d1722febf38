//! Trains the dictionary with which small runs are packed (`sync_core::pack`), on the invented county's opinions.
//!
//! ```text
//! cargo run --release -p tests --bin dictionary -- sync-core/dictionary/records-1.dict
//! ```
//!
//! A dictionary in use is never replaced: logs on disk are packed with it. Train a better one into a new file with the next
//! number, and give it a variant of `sync_core::pack::Packing`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use civic_core::{
    bulk::Record,
    codebook::Codebook,
    id::{Actor, DocId},
};
use clap::Parser;
use sync_core::entry::{BodyWriter, Entry, EntryKind};
use tests::sample;

/// How large a dictionary may become, bytes. Twice as much made single documents 3 % shorter.
const DICTIONARY_LEN: usize = 48 * 1024;
const RECORDS: usize = 3_000;
const SEED: u64 = 2026;

#[derive(Parser)]
struct Arguments {
    /// Where it is written; the file must not exist.
    file: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let file = Arguments::parse().file;
    if file.exists() {
        bail!("{} is there already, and a dictionary in use is never replaced", file.display());
    }
    let dictionary = zstd::dict::from_samples(&samples()?, DICTIONARY_LEN).context("training failed")?;
    std::fs::write(&file, &dictionary).with_context(|| format!("{} cannot be written", file.display()))?;
    println!("{}: {} bytes", file.display(), dictionary.len());
    Ok(())
}

/// What runs hold: a new opinion, one later step, a few steps together.
fn samples() -> anyhow::Result<Vec<Vec<u8>>> {
    let codebook = Codebook::parse(sample::COUNTY)?;
    let villages = codebook.places.iter().filter(|place| place.area.code().len() == 12).collect();
    let channels: Vec<&str> = codebook.channels.iter().map(|channel| channel.name.as_str()).collect();
    let ear = sample::Ear { villages, channels: &channels, deputy: None };
    let mut samples = Vec::new();
    for (number, line) in sample::lines(&codebook, &ear, SEED, RECORDS).iter().enumerate() {
        let record = Record::parse(line).map_err(anyhow::Error::msg)?;
        let actor = Actor::new(*blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().context("16 bytes")?);
        let (_, changes) = record.build(actor, None)?;
        let doc: DocId = record.id;
        let entries: Vec<_> = changes
            .iter()
            .map(|(stamp, payload)| Entry { doc, kind: EntryKind::Change, at: stamp.at, payload, is_erased: false })
            .collect();
        let alone = entries.chunks(1);
        let together = entries.get(1..).unwrap_or_default().chunks(4);
        for piece in alone.chain(together) {
            let mut body = BodyWriter::default();
            piece.iter().for_each(|entry| body.push(entry));
            samples.push(body.finish());
        }
    }
    Ok(samples)
}
