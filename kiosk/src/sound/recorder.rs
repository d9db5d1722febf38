//! The thread that records: frame by frame from the microphone into the encoder, obeying between two frames.

use std::{
    sync::mpsc::{Receiver, TryRecvError},
    time::Duration,
};

use hardware::sound::{Hearing, Microphone, level};

use super::{End, Event, RECORDING_EXTENDED, RECORDING_USUAL, Recorded, Tell, opus::Writer};
use crate::station::Piece;

/// What the thread can be told.
#[derive(Clone, Copy)]
pub enum Command {
    Record,
    Extend,
    Stop,
    ThrowAway,
}

/// Frames between two words about how loud it is: a tenth of a second.
const TOLD_EVERY: usize = 5;

/// Works until nobody can give orders any more.
pub fn run(mut microphone: Box<dyn Microphone>, commands: &Receiver<Command>, tell: &Tell) {
    // Opening is the only way to know whether there is one.
    if let Err(error) = microphone.open() {
        tell(Event::MicrophoneFailed(error));
    }
    while let Ok(command) = commands.recv() {
        match command {
            Command::Record => match microphone.open() {
                Ok(hearing) => {
                    if record(hearing, commands, tell).is_err() {
                        return;
                    }
                }
                Err(error) => tell(Event::MicrophoneFailed(error)),
            },
            // The recording they were meant for has ended by itself.
            Command::Extend | Command::Stop | Command::ThrowAway => {}
        }
    }
}

/// Nobody can give orders any more.
struct Abandoned;

fn record(mut hearing: Box<dyn Hearing>, commands: &Receiver<Command>, tell: &Tell) -> Result<(), Abandoned> {
    let mut writer = Writer::new();
    let mut longest = RECORDING_USUAL;
    let mut loudest = 0;
    let mut tenth = Vec::new();
    let mut pieces = 0..;
    let end = loop {
        match commands.try_recv() {
            Ok(Command::Stop) => break End::Stopped,
            Ok(Command::ThrowAway) => return Ok(()),
            Ok(Command::Extend) => longest = RECORDING_EXTENDED,
            // It is being recorded.
            Ok(Command::Record) => {}
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err(Abandoned),
        }
        let frame = match hearing.hear() {
            Ok(Some(frame)) => frame,
            // The end of a file that stands in for a microphone.
            Ok(None) => break End::Stopped,
            Err(error) if writer.length() == Duration::ZERO => {
                tell(Event::MicrophoneFailed(error));
                return Ok(());
            }
            Err(error) => {
                tracing::error!(%error, "The microphone failed during a recording");
                break End::Broken;
            }
        };
        if writer.length() >= longest || writer.add(&frame).is_err() {
            break End::Full;
        }
        if let Some(grown) = writer.grown() {
            let number = pieces.next().unwrap_or(u32::MAX);
            tell(Event::Piece(Piece { number, opus: grown.into() }));
        }
        tenth.extend(frame);
        if tenth.len() == TOLD_EVERY * frame.len() {
            let level = level(&tenth);
            loudest = loudest.max(level);
            tell(Event::Recording { level, length: writer.length() });
            tenth.clear();
        }
    };
    // The card is free before the app hears of the end and may want to play what was recorded.
    drop(hearing);
    let length = writer.length();
    tell(Event::Recorded(Recorded { sound: writer.finish().into(), length, loudest, end }));
    Ok(())
}
