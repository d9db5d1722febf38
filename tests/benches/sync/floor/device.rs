//! The floor's device.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufWriter, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    path::Path,
    sync::mpsc,
    time::Instant,
};

use anyhow::{Context as _, bail};
use automerge::sync::{Message, State, SyncDoc as _};
use civic_core::{bulk::Record, id::Actor, ticket::Ticket};
use serde_json::{Value, json};

use super::{Documents, HEAD_LEN, Id, read_frames, take_batch, write_frame};
use crate::talk::{self, Ask, Met};

/// A device in `dir`.
pub fn run(dir: &Path) -> anyhow::Result<()> {
    let mut documents = Documents::open(dir)?;
    // Open before it calls, as every program is whose documents are Automerge's; not counted.
    for id in documents.names()? {
        documents.get(id)?;
    }
    talk::answer(None, |ask| match ask {
        Ask::Load { file, is_each_alone: _ } => load(&mut documents, &file),
        // Nothing that it could do would make its meetings shorter.
        Ask::Wait => Ok(Value::Null),
        Ask::Meet(hub) | Ask::MeetOverTcp(hub) => Ok(json!(meet(&mut documents, hub)?)),
        Ask::Change { ids, by } => Ok(json!(documents.change(&ids, &by)?)),
        Ask::Merge => Ok(Value::Null),
        Ask::Hold { by } => Ok(json!(documents.hold(&by)?)),
    })
}

fn load(documents: &mut Documents, file: &Path) -> anyhow::Result<Value> {
    let lines = fs::read_to_string(file).with_context(|| format!("Reading {}", file.display()))?;
    let actor = documents.actor;
    let made = lines.lines().zip(0..).map(|(line, number)| make(actor, line, number));
    let made = made.collect::<anyhow::Result<Vec<_>>>()?;
    documents.commit(|documents| made.iter().try_for_each(|(id, saved)| documents.put(id, saved)))?;
    Ok(json!(made.len()))
}

/// The same document that our own device would make, with the contact in it.
fn make(actor: Actor, line: &str, number: u32) -> anyhow::Result<(Id, Vec<u8>)> {
    let mut record = Record::parse(line).map_err(anyhow::Error::msg)?;
    let contact = [("submitter", &record.contact.name), ("phone", &record.contact.phone)];
    record.new.extra.extend(contact.map(|(key, value)| (key.to_owned(), json!(value).to_string())));
    let (document, _) = record.build(actor, Ticket::new(1, number))?;
    Ok((*record.id.as_bytes(), document.snapshot()))
}

fn meet(documents: &mut Documents, hub: SocketAddr) -> anyhow::Result<Met> {
    let ids: Vec<Id> = documents.open.keys().copied().collect();
    let started = Instant::now();
    let stream = TcpStream::connect(hub)?;
    stream.set_nodelay(true)?;
    // The hub answers each message once, so this queue holds all that can ever wait.
    let (sender, answers) = mpsc::sync_channel(ids.len() + 1);
    let reader = stream.try_clone()?;
    let listener = std::thread::spawn(move || read_frames(reader, &sender, |id, message| (id, message)));
    let mut out = BufWriter::with_capacity(64 * 1024, &stream);
    let mut states: BTreeMap<Id, (State, u32)> = ids.iter().map(|id| (*id, (State::new(), 0))).collect();
    let (mut sent, mut received) = (0, 0);
    let mut say = |documents: &mut Documents, states: &mut BTreeMap<Id, (State, u32)>, ids: &[Id]| {
        for id in ids {
            let (state, _) = states.entry(*id).or_insert_with(|| (State::new(), 0));
            if let Some(message) = documents.get(*id)?.generate_sync_message(state) {
                let message = message.encode();
                sent += (HEAD_LEN + message.len()) as u64;
                write_frame(&mut out, id, &message)?;
            }
        }
        out.flush().context("Writing to the hub")
    };
    say(documents, &mut states, &ids)?;
    let mut open: BTreeSet<Id> = ids.iter().copied().collect();
    while !open.is_empty() {
        let batch = take_batch(&answers);
        if batch.is_empty() {
            bail!("the hub ended the connection");
        }
        let mut before = BTreeMap::new();
        let mut heard = Vec::new();
        for (id, message) in batch {
            received += (HEAD_LEN + message.len()) as u64;
            let document = documents.get(id)?;
            before.entry(id).or_insert_with(|| document.get_heads());
            let (state, rounds) = states.entry(id).or_insert_with(|| (State::new(), 0));
            document.receive_sync_message(state, Message::decode(&message)?)?;
            *rounds += 1;
            if state.their_heads.as_ref() == Some(&document.get_heads()) {
                open.remove(&id);
            }
            heard.push(id);
        }
        documents.save(&before)?;
        say(documents, &mut states, &heard)?;
    }
    let wall_s = started.elapsed().as_secs_f64();
    stream.shutdown(Shutdown::Both)?;
    // It ends with an error, for the stream was shut under it.
    let _ = listener.join();
    let round_trips = states.values().map(|(_, rounds)| *rounds).max().unwrap_or_default();
    let road = [sent, received];
    Ok(Met { wall_s, payload: Some(road), road, round_trips, is_in_step: true })
}
