//! The floor's hub: one thread works for all connections, and what waits is committed together.

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
};

use anyhow::bail;
use automerge::sync::{Message, State, SyncDoc as _};
use serde_json::{Value, json};

use super::{Documents, Id, read_frames, take_batch, write_frame};
use crate::talk::{self, Ask};

/// Frames that may wait for the worker; beyond that TCP holds their senders back.
const WAITING_MAX: usize = 4_096;

enum News {
    Came(usize, TcpStream),
    Said(usize, Id, Vec<u8>),
    Gone(usize),
}

/// The hub in `dir`.
pub fn run(dir: &Path) -> anyhow::Result<()> {
    let documents = Arc::new(Mutex::new(Documents::open(dir)?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (sender, news) = mpsc::sync_channel(WAITING_MAX);
    std::thread::spawn(move || accept(&listener, &sender));
    let worker = documents.clone();
    std::thread::spawn(move || {
        if let Err(error) = work(&worker, &news) {
            eprintln!("error: the floor's hub: {error:#}");
            std::process::exit(1);
        }
    });
    talk::answer(Some(address), |ask| {
        let mut documents = documents.lock().unwrap_or_else(PoisonError::into_inner);
        match ask {
            Ask::Change { ids, by } => Ok(json!(documents.change(&ids, &by)?)),
            Ask::Hold { by } => Ok(json!(documents.hold(&by)?)),
            Ask::Merge => Ok(Value::Null),
            Ask::Load { .. } | Ask::Wait | Ask::Meet(_) | Ask::MeetOverTcp(_) => bail!("only a device does that"),
        }
    })
}

fn accept(listener: &TcpListener, news: &SyncSender<News>) {
    for (number, stream) in (0..).zip(listener.incoming().map_while(Result::ok)) {
        let news = news.clone();
        std::thread::spawn(move || {
            let Ok(writer) = stream.try_clone() else { return };
            let _ = stream.set_nodelay(true);
            if news.send(News::Came(number, writer)).is_ok() {
                // It ends when the device has had enough.
                let _ = read_frames(stream, &news, |id, message| News::Said(number, id, message));
                let _ = news.send(News::Gone(number));
            }
        });
    }
}

fn work(documents: &Mutex<Documents>, news: &Receiver<News>) -> anyhow::Result<()> {
    let mut streams: BTreeMap<usize, BufWriter<TcpStream>> = BTreeMap::new();
    let mut states: BTreeMap<(usize, Id), State> = BTreeMap::new();
    loop {
        let batch = take_batch(news);
        if batch.is_empty() {
            return Ok(());
        }
        let mut documents = documents.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = BTreeMap::new();
        let mut heard = Vec::new();
        for news in batch {
            match news {
                News::Came(number, stream) => {
                    streams.insert(number, BufWriter::with_capacity(64 * 1024, stream));
                }
                News::Said(number, id, message) => {
                    let document = documents.get(id)?;
                    before.entry(id).or_insert_with(|| document.get_heads());
                    let state = states.entry((number, id)).or_default();
                    document.receive_sync_message(state, Message::decode(&message)?)?;
                    heard.push((number, id));
                }
                News::Gone(number) => {
                    streams.remove(&number);
                    states.retain(|(of, _), _| *of != number);
                }
            }
        }
        documents.save(&before)?;
        for key @ (number, id) in heard {
            let (Some(stream), Some(state)) = (streams.get_mut(&number), states.get_mut(&key)) else { continue };
            if let Some(message) = documents.get(id)?.generate_sync_message(state) {
                // A device that has gone meanwhile has had its answer.
                let _ = write_frame(stream, &id, &message.encode());
            }
        }
        for stream in streams.values_mut() {
            let _ = stream.flush();
        }
    }
}
