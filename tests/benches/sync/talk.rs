//! What the bench tells an end, and what the end answers: one JSON value a line, over standard input and output.
//!
//! Our own ends and the floor's answer the same asks, so that a workload is written once.

use std::{
    io::{BufRead as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What an end is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Enter the records of this import file, in batches or each in a transaction of its own. Answered by their number.
    Load {
        /// The file.
        file: PathBuf,
        /// Whether each has a transaction of its own.
        is_each_alone: bool,
    },
    /// Do what a device does while it waits for a road. Answered by nothing.
    Wait,
    /// Meet the hub at this address once. Answered by [`Met`].
    Meet(SocketAddr),
    /// The same over TCP.
    MeetOverTcp(SocketAddr),
    /// Change each of these documents once, as this person. Answered by nothing.
    Change {
        /// The documents.
        ids: Vec<String>,
        /// Who changes them; a later [`Ask::Hold`] finds the changes by it.
        by: String,
    },
    /// Merge all that is in the log. Answered by nothing.
    Merge,
    /// Tell what is here. Answered by [`Holding`].
    Hold {
        /// Whose changes are to be counted.
        by: Vec<String>,
    },
}

/// A meeting.
#[derive(Debug, Serialize, Deserialize)]
pub struct Met {
    /// From the call until this side knows that all is done, seconds.
    pub wall_s: f64,
    /// What the protocol said, up and down, bytes; `None` if it is not counted.
    pub payload: Option<[u64; 2]>,
    /// What went over the road, up and down, bytes: payload of datagrams, or of the TCP connection.
    pub road: [u64; 2],
    /// Round trips after the handshake.
    pub round_trips: u32,
    /// Whether both sides now hold the same.
    pub is_in_step: bool,
}

impl Met {
    /// A meeting by the report that our device gives of it as JSON.
    pub fn of_report(report: &Value) -> Self {
        let figure = |key: &str| report[key].as_u64();
        let both = |up: &str, down: &str| figure(up).zip(figure(down)).map(|(up, down)| [up, down]);
        Self {
            wall_s: figure("wall_ms").unwrap_or_default() as f64 / 1_000.0,
            payload: both("payload_up", "payload_down"),
            road: both("bytes_up", "bytes_down").unwrap_or_default(),
            round_trips: figure("round_trips").and_then(|trips| trips.try_into().ok()).unwrap_or_default(),
            is_in_step: report["in_step"].as_bool().unwrap_or_default(),
        }
    }
}

/// What an end holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Documents.
    pub documents: u64,
    /// Equal on two ends that hold the same.
    pub digest: String,
    /// For each person asked about, the documents that hold a change of theirs.
    pub changed: Vec<u64>,
}

/// Says that this end is ready and, if it is a hub, where; then answers until nothing more is asked.
pub fn answer(address: Option<SocketAddr>, mut work: impl FnMut(Ask) -> anyhow::Result<Value>) -> anyhow::Result<()> {
    say(&Ok(json!(address)))?;
    for line in std::io::stdin().lock().lines() {
        let ask = serde_json::from_str(&line?).context("Reading what is asked")?;
        say(&work(ask).map_err(|error| format!("{error:#}")))?;
    }
    Ok(())
}

fn say(answer: &Result<Value, String>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Reads an answer.
pub fn read<T: DeserializeOwned>(line: &str) -> anyhow::Result<T> {
    let answer: Result<T, String> =
        serde_json::from_str(line).with_context(|| format!("Reading the answer {line:?}"))?;
    answer.map_err(anyhow::Error::msg)
}
