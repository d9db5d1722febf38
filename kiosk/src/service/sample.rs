//! Service pages of a made-up station: for tests, and for looking at them on a desk. The PIN is [`PIN`].

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{
    Answer, Asks, CannotKeep, Carrying, Enrolling, Fact, Fitting, Letter, Sentence, Service, Stick, Subject, Value, Way,
};
use crate::sample::NEWS_AT;

/// The PIN of the made-up station.
pub const PIN: &str = "271828";

/// What a made-up station was told to do.
#[derive(Clone, Debug, Default)]
pub struct SampleService {
    crosses: usize,
    enrolling: Enrolling,
    kept: Vec<String>,
    sticks: Vec<Stick>,
    /// Rung when something was carried.
    news: Arc<Notify>,
    /// What is carried, and whether somebody has seen that it is at work.
    carried: Option<(Way, Cell<bool>)>,
}

impl SampleService {
    /// With these sticks in it; rings this when something was carried.
    pub fn new(sticks: Vec<Stick>, news: Arc<Notify>) -> Self {
        Self { sticks, news, ..Self::default() }
    }
}

impl Service for SampleService {
    fn open(&mut self, pin: &str, _now: Instant) -> Answer {
        match pin {
            PIN => Answer::Right,
            "000000" => Answer::Wait(Duration::from_secs(30)),
            _ => Answer::Wrong,
        }
    }

    fn facts(&self, subject: Subject) -> Vec<Fact> {
        let plain = |what, text: &str| Fact { what, is: Value::Plain(text.to_owned()) };
        let said = |what, key| Fact { what, is: Value::Sentence(key) };
        match subject {
            Subject::Network => vec![
                plain("fact-device", "eth0"),
                said("fact-cable", "fact-up"),
                plain("fact-address", "192.0.2.17"),
                plain("fact-hub", "hub.example:4433"),
                said("fact-county", "fact-road-closed"),
                plain("fact-why", "the hub does not answer"),
            ],
            Subject::Storage => vec![
                plain("fact-free", "27310 MB"),
                plain("fact-size", "31005 MB"),
                said("fact-card", "fact-writes"),
                plain("fact-own", "214 MB"),
                plain("fact-place", "/var/lib/kiosk"),
            ],
            Subject::Printer => vec![said("fact-printer", "fact-no-paper")],
            Subject::LastSync => vec![
                plain("fact-name", "石桥村代表联络站"),
                plain("here", "0"),
                plain("on-road", "2"),
                plain("received", "16"),
                Fact { what: "fact-receipt", is: Value::Day(NEWS_AT) },
                said("fact-heard", "fact-never"),
            ],
            Subject::Log => vec![plain(
                "",
                "2026-11-20T02:00:00Z  WARN kiosk::sound::aloud: The kiosk goes on without this part of its sound",
            )],
        }
    }

    fn has_panel(&self) -> bool {
        true
    }

    fn cross_touched(&mut self, cross: usize) -> Fitting {
        self.crosses = cross + 1;
        if self.crosses < 4 { Fitting::Next } else { Fitting::Tried }
    }

    fn end_fitting(&mut self, _keep: bool) -> Result<(), CannotKeep> {
        Ok(())
    }

    fn unspoken(&self) -> Vec<Sentence> {
        let all = [("back", "返回"), ("topics-title", "您想说哪方面的事？")];
        let sentence = |(name, says): (&str, &str)| Sentence { name: name.to_owned(), says: says.to_owned() };
        all.into_iter().map(sentence).filter(|one| !self.kept.contains(&one.name)).collect()
    }

    fn keep_voice(&mut self, sentence: &Sentence, _opus: &Arc<[u8]>) -> Result<(), CannotKeep> {
        self.kept.push(sentence.name.clone());
        Ok(())
    }

    fn enrol(&mut self, asks: Asks) {
        let digits = "384610".to_owned();
        self.enrolling = match asks {
            Asks::Hub(_) => Enrolling::Compare(digits),
            Asks::Stick(Some(_)) => Enrolling::Asked(digits, Letter::Written),
            Asks::Stick(None) => Enrolling::Asked(digits, Letter::Unanswered),
            Asks::Phone { .. } => Enrolling::Asked(digits, Letter::WithPhone("陈代表".to_owned())),
        };
    }

    fn enrolling(&self) -> Enrolling {
        self.enrolling.clone()
    }

    fn sticks(&self) -> Vec<Stick> {
        self.sticks.clone()
    }

    fn carry(&mut self, way: Way, _stick: &Stick) {
        self.carried = Some((way, Cell::new(false)));
        self.news.notify_one();
    }

    fn carrying(&self) -> Carrying {
        match &self.carried {
            None => Carrying::Idle,
            Some((_, was_seen)) if !was_seen.replace(true) => Carrying::Working,
            Some((Way::Out, _)) => Carrying::Written { bytes: 48_200 },
            Some((Way::Home, _)) => Carrying::Read { entries: 7, receipts: 2, passed_over: 0 },
        }
    }

    fn switch_off(&mut self) {}
}
