//! The county's codebook at the hub: shown, checked against its successor, and changed for every device.
//!
//! A new edition is an entry of the log that travels by every road (`sync_core::edition`); the hub's own card bears it too,
//! for whoever opens no ledger, and the cards of devices that are let in from then on.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use civic_core::{
    access::Role,
    codebook::{CODEBOOK_LEN_MAX, Codebook, succession::Succession},
};
use ledger::Ledger;
use replica::{dir::DataDir, identity::Identity};
use serde::{Deserialize, Serialize};

use crate::{
    audit::{Action, Audit, By, Event},
    errand::{self, Errand},
    upstream,
};

/// What the command `codebook` asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum CodebookOrder {
    /// The present edition.
    Show,
    /// Work by this text from now on.
    Set {
        /// The codebook, as TOML.
        text: String,
        /// Only say what it would change.
        checks_only: bool,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The edition by which the county works now.
    pub edition: u32,
    /// Its text.
    pub text: String,
    /// What it brings, or would bring, that was not there before.
    pub added: Vec<String>,
    /// Whether this order changed it.
    pub is_new: bool,
}

impl CodebookOrder {
    /// Carries it out in the county in `dir`. The same text twice is one edition.
    pub fn carry_out(&self, dir: &Path, ledger: &Ledger, audit: &Audit) -> anyhow::Result<Answer> {
        let (mut added, before) = (Vec::new(), ledger.edition());
        if let CodebookOrder::Set { text, checks_only } = self {
            let next = Codebook::parse(text)?;
            let Succession { lost, added: brings } = ledger.codebook().succession(&next);
            ensure!(
                lost.is_empty(),
                "this codebook cannot take the place of the present one, by which devices may still be writing:\n  {}",
                lost.join("\n  ")
            );
            ensure!(
                !upstream::is_beneath(&DataDir::look(dir))?,
                "this hub is beneath another one and works by that one's words; give this command there"
            );
            added = brings;
            if *text != before.text && !*checks_only {
                let event = Event::new(By::command_line(), Action::ChangeCodebook);
                audit.note(&event.upon(format!("edition {}", before.number + 1)).because(added.join(", ")))?;
                if !ledger.announce_codebook(text)? {
                    bail!("it is longer than devices can be told, even packed: fewer places, spots or phrases");
                }
                keep(&DataDir::look(dir), ledger)?;
            }
        }
        let now = ledger.edition();
        Ok(Answer { edition: now.number, text: now.text, added, is_new: now.number != before.number })
    }
}

/// Writes the newest edition that the ledger knows on the hub's own card. Cheap if it is there.
pub fn keep(dir: &DataDir, ledger: &Ledger) -> anyhow::Result<()> {
    let edition = ledger.edition();
    let mut card = Identity::load(dir, Role::Hub)?.card;
    if (card.edition, &card.codebook) != (edition.number, &edition.text) {
        (card.edition, card.codebook) = (edition.number, edition.text);
        Identity::save_card(dir, &card)?;
    }
    Ok(())
}

/// The command `codebook show`.
pub fn show(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let answer: Answer = errand::send(dir, &Errand::Codebook(CodebookOrder::Show))?;
    if json {
        println!("{}", serde_json::to_string(&answer)?);
    } else {
        eprintln!("edition {}", answer.edition);
        print!("{}", answer.text);
    }
    Ok(ExitCode::SUCCESS)
}

/// The command `codebook set`: by the hub that is serving, or here if none is.
pub fn set(dir: &Path, file: &Path, checks_only: bool, json: bool) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let order = CodebookOrder::Set { text, checks_only };
    let sent = errand::send(dir, &Errand::Codebook(order));
    let answer: Answer = sent.with_context(|| format!("{} was not taken", file.display()))?;
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(ExitCode::SUCCESS);
    }
    answer.added.iter().for_each(|what| println!("new: {what}"));
    match (checks_only, answer.is_new) {
        (true, _) => println!("it may take the place of edition {}; nothing was changed", answer.edition),
        (false, true) => {
            println!("edition {}; devices take it up as they hear of it, by whatever road", answer.edition)
        }
        (false, false) => println!("edition {} says so already", answer.edition),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a county file; one that is too long is not read at all.
pub fn read(file: &Path) -> anyhow::Result<String> {
    let name = file.display();
    let size = std::fs::metadata(file).with_context(|| format!("Reading {name}"))?.len();
    ensure!(size <= CODEBOOK_LEN_MAX as u64, "{name} is larger than {CODEBOOK_LEN_MAX} bytes");
    std::fs::read_to_string(file).with_context(|| format!("Reading {name}"))
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;
    use replica::clock;

    use super::*;
    use crate::county;

    const COUNTY: &str = include_str!("../../tests/sample/county.toml");

    #[test]
    fn an_edition_is_checked_announced_once_and_kept_over_a_restart() {
        let path = std::env::temp_dir().join(format!("huiyin-codebook-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        county::init(&dir, COUNTY).unwrap();
        let identity = Identity::load(&dir, Role::Hub).unwrap();
        let audit = Audit::open(&dir, &identity.key).unwrap();
        let ledger = Ledger::open(&dir, &identity).unwrap();
        let set = |text: &str, checks_only| {
            CodebookOrder::Set { text: text.to_owned(), checks_only }.carry_out(&path, &ledger, &audit)
        };
        let topic = "[[topic]]\nname = \"养老服务\"\nen = \"Care of the old\"\npicture = \"care\"\n\n[[state]]";
        let next = COUNTY.replacen("[[state]]", topic, 1);

        let tried = set(&next, true).unwrap();
        assert_eq!((tried.edition, tried.is_new, &tried.added[..]), (0, false, &["topic 养老服务".to_owned()][..]));
        let done = set(&next, false).unwrap();
        assert_eq!((done.edition, done.is_new), (1, true));
        assert!(!set(&next, false).unwrap().is_new, "the same twice is one edition");
        let back = set(COUNTY, false).unwrap_err().to_string();
        assert!(back.contains("topic 养老服务 is missing"), "{back}");
        assert!(set("[county]", false).is_err());
        assert!(ledger.codebook().topics.iter().any(|topic| topic.name == "养老服务"));

        drop(ledger);
        let identity = Identity::load(&dir, Role::Hub).unwrap();
        assert_eq!((identity.card.edition, identity.card.codebook.as_str()), (1, next.as_str()));
        assert_eq!(Ledger::rebuild(&dir, &identity).unwrap().edition().number, 1);
        std::fs::remove_dir_all(path).unwrap();
    }
}
