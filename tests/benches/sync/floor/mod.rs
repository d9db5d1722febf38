//! The floor: plain Automerge sync for every document, pipelined on one TCP connection, SQLite (WAL, synchronous=FULL) at
//! both ends, and every answer sent only after the commit.
//!
//! A frame is the length of what follows (four bytes, big-endian), the document's id (16 bytes) and one Automerge sync
//! message. There is no encryption, no signature and nobody to be let in. Names and phone numbers stand in the documents
//! in the clear.

pub mod device;
pub mod hub;

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TryRecvError},
};

use anyhow::Context as _;
use automerge::Automerge;
use civic_core::{
    document::{Document, Stamp},
    id::{Actor, DocId},
    opinion,
    time::UnixSeconds,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{edit::Edits, talk::Holding};

/// Frames that are worked off in one transaction.
const BATCH: usize = 512;
const ID_LEN: usize = 16;
const HEAD_LEN: usize = 4 + ID_LEN;
/// Longest message that is read at all.
const MESSAGE_LEN_MAX: usize = 16 * 1024 * 1024;

/// A document's id.
type Id = [u8; ID_LEN];

/// Documents on disk, and those of them that are open.
struct Documents {
    db: Connection,
    open: BTreeMap<Id, Automerge>,
    actor: Actor,
}

impl Documents {
    fn open(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let db = Connection::open(dir.join("floor.db"))?;
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, saved BLOB NOT NULL) STRICT;",
        )?;
        // Of the directory's name, so that no two ends write as one.
        let name = blake3::hash(dir.as_os_str().as_encoded_bytes());
        let actor = Actor::from_slice(&name.as_bytes()[..ID_LEN]).context("Making an actor")?;
        Ok(Self { db, open: BTreeMap::new(), actor })
    }

    fn names(&self) -> anyhow::Result<Vec<Id>> {
        let mut query = self.db.prepare("SELECT name FROM document ORDER BY id")?;
        let names = query.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    fn saved(&self, id: &Id) -> anyhow::Result<Option<Vec<u8>>> {
        let mut query = self.db.prepare_cached("SELECT saved FROM document WHERE name = ?1")?;
        Ok(query.query_row(params![id], |row| row.get(0)).optional()?)
    }

    /// The document, from disk if it is not open, empty if it is not there.
    fn get(&mut self, id: Id) -> anyhow::Result<&mut Automerge> {
        let found = match self.open.remove(&id) {
            Some(open) => open,
            None => match self.saved(&id)? {
                Some(saved) => Automerge::load(&saved)?,
                None => Automerge::new(),
            },
        };
        Ok(self.open.entry(id).or_insert(found))
    }

    fn put(&self, id: &Id, saved: &[u8]) -> anyhow::Result<()> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO document (name, saved) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET saved = excluded.saved",
        )?;
        insert.execute(params![id, saved])?;
        Ok(())
    }

    /// Carries out some puts in one transaction.
    fn commit(&self, puts: impl FnOnce(&Self) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        puts(self)?;
        Ok(transaction.commit()?)
    }

    /// Writes those of these open documents that have other heads than before, in one transaction.
    fn save(&self, before: &BTreeMap<Id, Vec<automerge::ChangeHash>>) -> anyhow::Result<()> {
        let grown = before.iter().filter_map(|(id, heads)| {
            let document = self.open.get(id)?;
            (document.get_heads() != *heads).then(|| (id, document.save()))
        });
        let grown: Vec<_> = grown.collect();
        if grown.is_empty() {
            return Ok(());
        }
        self.commit(|documents| grown.iter().try_for_each(|(id, saved)| documents.put(id, saved)))
    }

    /// The same changes that our own ends make to the same documents.
    fn change(&mut self, ids: &[String], by: &str) -> anyhow::Result<()> {
        let stamp = Stamp::new(by, UnixSeconds(1_790_000_000));
        for (id, edit) in ids.iter().zip(Edits::by(by)?) {
            let id = *DocId::parse(id).context("Reading the name of a document")?.as_bytes();
            let saved = self.saved(&id)?.context("The document is not here")?;
            let mut document = Document::load(&saved)?;
            opinion::edit(&mut document, self.actor, &stamp, &edit)?.context("Nothing was changed")?;
            let saved = document.snapshot();
            self.commit(|documents| documents.put(&id, &saved))?;
            self.open.insert(id, Automerge::load(&saved)?);
        }
        Ok(())
    }

    fn hold(&mut self, by: &[String]) -> anyhow::Result<Holding> {
        let mut names = self.names()?;
        names.sort_unstable();
        let mut changed = vec![0; by.len()];
        let mut digest = blake3::Hasher::new();
        for id in &names {
            let document = Automerge::load(&self.saved(id)?.unwrap_or_default())?;
            digest.update(id);
            let mut heads = document.get_heads();
            heads.sort_unstable();
            for head in heads {
                digest.update(&head.0);
            }
            let authors: Vec<_> = document.get_changes_meta(&[]).into_iter().filter_map(|meta| meta.message).collect();
            for (by, changed) in by.iter().zip(&mut changed) {
                *changed += u64::from(authors.iter().any(|author| author.as_ref() == by));
            }
        }
        Ok(Holding { documents: names.len() as u64, digest: digest.finalize().to_string(), changed })
    }
}

fn write_frame(out: &mut impl Write, id: &Id, message: &[u8]) -> io::Result<()> {
    let len = u32::try_from(message.len()).map_err(io::Error::other)?;
    out.write_all(&len.to_be_bytes())?;
    out.write_all(id)?;
    out.write_all(message)
}

/// Reads frames until the connection ends, and hands them on.
fn read_frames<T>(stream: TcpStream, frames: &SyncSender<T>, of: impl Fn(Id, Vec<u8>) -> T) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    loop {
        let (mut len, mut id) = ([0; 4], [0; ID_LEN]);
        stream.read_exact(&mut len)?;
        stream.read_exact(&mut id)?;
        let len = u32::from_be_bytes(len) as usize;
        if len > MESSAGE_LEN_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut message = vec![0; len];
        stream.read_exact(&mut message)?;
        if frames.send(of(id, message)).is_err() {
            return Ok(());
        }
    }
}

/// Waits for the next thing and takes what else is there already; empty at the end.
fn take_batch<T>(from: &Receiver<T>) -> Vec<T> {
    let mut batch: Vec<T> = from.recv().into_iter().collect();
    while !batch.is_empty() && batch.len() < BATCH {
        match from.try_recv() {
            Ok(more) => batch.push(more),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    batch
}
