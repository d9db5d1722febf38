//! What the county on the desk has published, so that the kiosks have something to show: the files of
//! `tests/sample/publish`, tokens for the vote in `tokens.txt`, and matters from each kiosk's village.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;

use super::plan::Seat;
use crate::{
    sample,
    world::{Part, World},
};

/// Households that can vote on the desk.
const TOKENS: &str = "12";
/// The vote that they vote in, in `tests/sample/publish/vote.toml`.
const VOTE: &str = "2027-projects";
/// Matters from each kiosk's village.
const MATTERS: usize = 2;
/// How long it is waited between two tries to publish a matter whose opinion is still on its way.
const AGAIN: Duration = Duration::from_secs(2);
const MATTERS_FILE: &str = "matters.toml";
const TOKENS_FILE: &str = "tokens.txt";

/// Publishes the sample's files, and makes tokens unless some were made; returns how many records there are.
pub fn publish(world: &World, dir: &Path) -> anyhow::Result<usize> {
    let mut records = 0;
    for (name, text) in sample::PUBLISHED {
        records += world.publish(name, text)?.good()?.lines().count();
    }
    let tokens = dir.join(TOKENS_FILE);
    if !tokens.exists() {
        let made = world.tell("hub", &["tokens", "--vote", VOTE, "--count", TOKENS])?.good()?;
        fs::write(&tokens, made).with_context(|| format!("Writing {}", tokens.display()))?;
    }
    Ok(records)
}

/// Notes the first opinions of a kiosk's file as matters; they are published once they have come to the hub.
pub fn note_matters(dir: &Path, seat: &Seat, lines: &str) -> anyhow::Result<()> {
    if seat.part != Part::Kiosk {
        return Ok(());
    }
    let file = dir.join(MATTERS_FILE);
    let mut text = fs::read_to_string(&file).unwrap_or_default();
    for line in lines.lines().take(MATTERS) {
        let line: Value = serde_json::from_str(line).context("Reading a sample line")?;
        let (id, title) = (&line["id"], &line["init"]["title"]);
        let areas = seat.areas.join("\", \"");
        write!(text, "[[matter]]\nopinion = {id}\ntitle = {title}\nareas = [\"{areas}\"]\ntells_answer = true\n\n")?;
    }
    fs::write(&file, text).with_context(|| format!("Writing {}", file.display()))
}

/// Publishes the matters, again and again until the hub has all their opinions.
pub fn publish_matters(world: &World, dir: &Path, is_stopping: &AtomicBool) {
    let Ok(text) = fs::read_to_string(dir.join(MATTERS_FILE)) else { return };
    while !is_stopping.load(Ordering::SeqCst) {
        if world.publish(MATTERS_FILE, &text).is_ok_and(|done| done.code == 0) {
            return;
        }
        std::thread::sleep(AGAIN);
    }
}
