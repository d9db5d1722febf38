//! Errands: what a command asks of the hub that is serving, which alone writes the county's log.
//!
//! They lie in a small database of their own in the hub's directory. The command writes one down and waits; the hub looks
//! for them, carries each out once and writes the answer beside it. A hub that was stopped in the middle does it again at
//! its next start, and each is such that doing it twice is doing it once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use civic_core::{
    access::Role, document::Kind, opening::Deposit, publication::Publication, published::Published as _,
    station::Station, ticket::Ticket, vote::VoteCount,
};
use ledger::{
    Ledger,
    publish::{Line, Outcome},
};
use replica::{clock, dir::DataDir, identity::Identity, store::sqlite::durable::make_durable};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    audit::{Audit, By},
    bundle::{self, BundleErrand},
    codebook::CodebookOrder,
    epochs::{Epochs, KeyOrder},
    erase::{Eraser, Order},
    keys::Keys,
    opening::Opener,
    publishing,
    register::{self, Register},
    upstream,
    vault::Vault,
};

const FILE: &str = "errands.db";
/// How long a command waits for the hub to begin.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a command looks for its answer.
const LOOK: Duration = Duration::from_millis(100);
/// An answer that nobody fetched is thrown away after so long.
const KEPT_S: i64 = 24 * 3_600;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Errand {
    /// Publish what is in this file.
    Publish(String),
    /// Publish these hashes of tokens.
    AddTokens {
        /// The vote's key.
        vote: String,
        /// The hashes of one batch, see [`civic_core::vote::batch_of`].
        batch: String,
    },
    /// Take in bundles, or write them.
    Bundle(BundleErrand),
    /// Publish what came of this vote.
    PublishResult {
        /// The vote's key.
        vote: String,
        /// What came of it.
        result: VoteCount,
    },
    /// Give the slip of this opinion a new opening part.
    Reopen {
        /// The opinion's number.
        ticket: Ticket,
        /// The county's half.
        deposit: Deposit,
    },
    /// Everything up to this row of the log is in a backup that was restored and verified.
    GrantKept {
        /// The row.
        row: i64,
    },
    /// Erase something.
    Erase(Order),
    /// Look after the keys to which devices seal.
    Keys(KeyOrder),
    /// Show or change the county's codebook.
    Codebook(CodebookOrder),
}

/// What errands are carried out with.
#[derive(Clone)]
pub struct Desk {
    /// The county's ledger.
    pub ledger: Ledger,
    /// Erases.
    pub eraser: Eraser,
    /// Looks after the keys.
    pub epochs: Epochs,
}

impl Desk {
    /// The desk of the county in `dir`, whose ledger is `ledger`.
    pub fn open(dir: &DataDir, ledger: &Ledger) -> anyhow::Result<Self> {
        let identity = Identity::load(dir, Role::Hub)?;
        let register = Arc::new(Register::open(&dir.file(register::FILE))?);
        ledger.leave_slips_of(register.numbers_elsewhere()?);
        let audit = Arc::new(Audit::open(dir, &identity.key)?);
        let keys = Arc::new(Keys::open(dir)?);
        let opener = Opener::new(dir, ledger.clone(), keys.clone())?;
        Ok(Self::with(ledger, register, audit, keys, opener, Arc::new(Vault::open(dir)?)))
    }

    /// The same of what a hub that is serving has open already.
    pub fn with(
        ledger: &Ledger,
        register: Arc<Register>,
        audit: Arc<Audit>,
        keys: Arc<Keys>,
        opener: Opener,
        vault: Arc<Vault>,
    ) -> Self {
        let eraser = Eraser {
            ledger: ledger.clone(),
            register: register.clone(),
            audit: audit.clone(),
            opener: opener.clone(),
            vault: vault.clone(),
        };
        let epochs = Epochs { keys, ledger: ledger.clone(), register, audit, opener, vault };
        Self { ledger: ledger.clone(), eraser, epochs }
    }
}

/// What came of it, as JSON: of what was published a line for each record, of an order to erase what was done, of an order
/// about keys how they stand then.
pub type Answer = Result<Value, String>;

/// The errands of one county.
pub struct Errands {
    db: Connection,
    dir: PathBuf,
}

impl Errands {
    /// Opens the errands in `dir`.
    pub fn open(dir: &DataDir) -> Result<Self, rusqlite::Error> {
        let db = Connection::open(dir.file(FILE))?;
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA busy_timeout=10000;
             CREATE TABLE IF NOT EXISTS errand (
                 id      INTEGER PRIMARY KEY AUTOINCREMENT,
                 at      INTEGER NOT NULL,
                 errand  TEXT NOT NULL,              -- JSON
                 begun   INTEGER NOT NULL DEFAULT 0, -- 1 once the hub has taken it up
                 answer  TEXT                        -- JSON, once there is one
             ) STRICT;",
        )?;
        make_durable(&db)?;
        Ok(Self { db, dir: dir.path().to_owned() })
    }

    /// Carries out whatever waits, at `desk`; returns how many. What was begun and not ended is begun again if
    /// `is_start`.
    pub fn run(&self, desk: &Desk, is_start: bool) -> Result<usize, rusqlite::Error> {
        if is_start {
            self.db.execute("UPDATE errand SET begun = 0 WHERE answer IS NULL", [])?;
            self.db.execute("DELETE FROM errand WHERE at < ?1", params![clock::now().0 - KEPT_S])?;
        }
        let mut done = 0;
        let next =
            "UPDATE errand SET begun = 1 WHERE id = (SELECT min(id) FROM errand WHERE begun = 0) RETURNING id, errand";
        loop {
            let errand: Option<(i64, String)> =
                self.db.query_row(next, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((id, errand)) = errand else { return Ok(done) };
            let answer: Answer = match serde_json::from_str::<Errand>(&errand) {
                Ok(errand) => carry_out(&self.dir, desk, &errand).map_err(|failure| format!("{failure:#}")),
                Err(failure) => Err(failure.to_string()),
            };
            let answer = serde_json::to_string(&answer).unwrap_or_default();
            self.db.execute("UPDATE errand SET answer = ?2 WHERE id = ?1", params![id, answer])?;
            done += 1;
        }
    }

    /// Asks the hub that is serving, and waits for its answer.
    fn ask(&self, errand: &Errand) -> anyhow::Result<Answer> {
        let text = serde_json::to_string(errand)?;
        self.db.execute("INSERT INTO errand (at, errand) VALUES (?1, ?2)", params![clock::now().0, text])?;
        let id = self.db.last_insert_rowid();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer: Option<String> =
                self.db.query_row("SELECT answer FROM errand WHERE id = ?1", params![id], |row| row.get(0))?;
            if let Some(answer) = answer {
                self.db.execute("DELETE FROM errand WHERE id = ?1", params![id])?;
                return serde_json::from_str(&answer).context("Reading the hub's answer");
            }
            // Once the hub has begun, only its answer tells what came of it.
            if Instant::now() > deadline
                && self.db.execute("DELETE FROM errand WHERE id = ?1 AND begun = 0", params![id])? == 1
            {
                bail!("the program that holds this directory does not answer; nothing was done");
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Carries an errand out: here, if nobody holds the directory, and otherwise by the hub that is serving.
pub fn send<T: DeserializeOwned>(dir: &Path, errand: &Errand) -> anyhow::Result<T> {
    let answer = match publishing::held(dir)? {
        Some((held, ledger)) => {
            let answer = carry_out(dir, &Desk::open(&held, &ledger)?, errand)?;
            ledger.catch_up()?;
            answer
        }
        None => Errands::open(&DataDir::look(dir))?.ask(errand)?.map_err(anyhow::Error::msg)?,
    };
    serde_json::from_value(answer).context("Reading the hub's answer")
}

/// Does what is asked.
fn carry_out(dir: &Path, desk: &Desk, errand: &Errand) -> anyhow::Result<Value> {
    let ledger = &desk.ledger;
    let lines: Vec<Line> = match errand {
        Errand::Publish(text) => {
            let stations = ledger.published::<Station>()?.iter().map(|(_, station)| station.key().to_owned()).collect();
            let publication = Publication::parse(text, ledger.codebook(), &stations)?;
            anyhow::ensure!(!publication.is_empty(), "it holds nothing to publish");
            ledger.publish(&publication)?
        }
        Errand::AddTokens { vote, batch } => vec![ledger.add_tokens(vote, batch)?],
        Errand::PublishResult { vote, result } => vec![ledger.publish_result(vote, result.clone())?],
        Errand::Bundle(errand) => return Ok(serde_json::to_value(bundle::carry_out(dir, ledger, errand)?)?),
        Errand::Reopen { ticket, deposit } => {
            let id = ledger.by_ticket(ticket)?.context("no opinion with this number is at the hub")?;
            ledger.reopen(&id, deposit)?;
            vec![Line { kind: Kind::Slip, key: ticket.digits(), outcome: Outcome::New }]
        }
        Errand::Erase(order) => {
            anyhow::ensure!(
                !upstream::is_beneath(&DataDir::look(dir))?,
                "this hub is beneath another one, which holds it as well and erases for both; give this command there"
            );
            return Ok(serde_json::to_value(desk.eraser.erase(order, By::command_line())?)?);
        }
        Errand::Keys(order) => return Ok(serde_json::to_value(order.carry_out(&desk.epochs, clock::now())?)?),
        Errand::Codebook(order) => {
            return Ok(serde_json::to_value(order.carry_out(dir, ledger, &desk.epochs.audit)?)?);
        }
        Errand::GrantKept { row } => {
            let runtime = tokio::runtime::Builder::new_current_thread().build().context("Starting the runtime")?;
            runtime.block_on(ledger.log().grant_kept(*row))?;
            Vec::new()
        }
    };
    Ok(serde_json::to_value(lines)?)
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;

    use super::*;
    use crate::county;

    const NOTICE: &str = "[[notice]]\nkey = \"a\"\ntitle = \"一\"\ntext = \"一\"\nareas = [\"990127\"]\n";

    fn publish(text: &str) -> String {
        serde_json::to_string(&Errand::Publish(text.to_owned())).unwrap()
    }

    #[test]
    fn an_errand_is_done_once_and_one_that_was_cut_off_is_done_at_the_next_start() {
        let path = std::env::temp_dir().join(format!("huiyin-errand-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        county::init(&dir, include_str!("../../tests/sample/county.toml")).unwrap();
        let ledger = Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap();
        let desk = Desk::open(&dir, &ledger).unwrap();
        let errands = Errands::open(&dir).unwrap();
        let put = |errand: &str, begun: u8| {
            let sql = "INSERT INTO errand (at, errand, begun) VALUES (?1, ?2, ?3)";
            errands.db.execute(sql, params![clock::now().0, errand, begun]).unwrap();
            errands.db.last_insert_rowid()
        };
        let answer = |id: i64| -> Result<Vec<Line>, String> {
            let sql = "SELECT answer FROM errand WHERE id = ?1";
            let answer: String = errands.db.query_row(sql, params![id], |row| row.get(0)).unwrap();
            serde_json::from_str(&answer).unwrap()
        };
        let (cut_off, good) = (put(&publish(NOTICE), 1), put(&publish(NOTICE), 0));
        assert_eq!(errands.run(&desk, false).unwrap(), 1);
        assert_eq!(answer(good).unwrap()[0].outcome, Outcome::New);
        assert_eq!(errands.run(&desk, true).unwrap(), 1);
        assert_eq!(answer(cut_off).unwrap()[0].outcome, Outcome::Same);
        let (wrong, strange) = (put(&publish("[[notice]]\n"), 0), put("\"dance\"", 0));
        assert_eq!(errands.run(&desk, true).unwrap(), 2);
        assert!(answer(wrong).unwrap_err().contains("line 1: [[notice]]") && answer(strange).is_err());
        assert_eq!(errands.run(&desk, true).unwrap(), 0);
        drop((desk, ledger));
        std::fs::remove_dir_all(path).unwrap();
    }
}
