//! The whole ledger as a file, written while it is read.

use std::io;

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use civic_core::access::operator::Right;
use futures_util::stream;
use tokio::sync::mpsc;
use tracing::error;

use super::{Console, Operator, error::PageError, ledger::reach, now};
use crate::audit::Action;

/// Pieces that may wait for a slow reader; the ledger waits with them.
const PIECES_MAX: usize = 4;
/// Lines are sent together from this many bytes on.
const PIECE_LEN: usize = 64 * 1024;

pub(super) async fn export(State(console): State<Console>, operator: Operator) -> Result<Response, PageError> {
    let reach = reach(&operator, Right::Export);
    console.work(move |_| operator.did(Action::Export, "jsonl")).await?;
    let (sender, receiver) = mpsc::channel::<io::Result<Vec<u8>>>(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE_LEN);
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "whoever asked has gone");
        let written = console.ledger.export_of(&reach, |line| {
            piece.extend_from_slice(line.to_string().as_bytes());
            piece.push(b'\n');
            if piece.len() < PIECE_LEN {
                return Ok(());
            }
            sender.blocking_send(Ok(std::mem::take(&mut piece))).map_err(|_| gone())
        });
        match written {
            Ok(Ok(())) => drop(sender.blocking_send(Ok(piece))),
            Ok(Err(_)) => {}
            Err(failure) => {
                error!(error = %failure, "The export broke off");
                // Ends the answer as broken, so that nobody takes half a ledger for a whole one.
                let _ = sender.blocking_send(Err(io::Error::other("the export broke off")));
            }
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let name = format!("attachment; filename=\"huiyin-{}.jsonl\"", now().date());
    let headers =
        [(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
