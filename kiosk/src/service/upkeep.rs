//! The service pages of a station on disk.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use embedded_graphics::prelude::Point;
use hardware::{fit::Edges, touch::Panel};
use ledger::Ledger;
use replica::{device::Device, dir::DataDir};
use tokio::{runtime::Handle, sync::Notify, time::sleep};

use super::{
    Answer, Asks, CannotKeep, Carrying, Enrolling, Fact, Fitting, Sentence, Service, Stick, Subject, Value, Way,
    enrolment::Enrolment,
    facts,
    pin::Lock,
    stick::{self, Carrier},
};
use crate::{
    heard::Heard,
    prompts::{self, Prompts, State, pack::Pack, record::trimmed},
    settings::Language,
    trouble::{Reports, Trouble},
    wiring,
};

/// So long the last words stay on the screen before the program ends.
const GOODBYE: Duration = Duration::from_millis(1_500);

/// A station, as its officer sees it.
pub struct Upkeep {
    directory: Arc<DataDir>,
    lock: Lock,
    panel: Option<Panel>,
    reports: Reports,
    /// `None` while the machine is no device of any county.
    county: Option<(Ledger, Arc<Device>)>,
    enrolment: Option<Enrolment>,
    carrier: Option<Carrier>,
    touched: Vec<Point>,
    runtime: Handle,
    off: Arc<Notify>,
}

impl Upkeep {
    /// The station with this directory and panel; call it inside a runtime. `off` is rung when it is to be switched off.
    pub fn new(directory: Arc<DataDir>, panel: Option<Panel>, reports: Reports, off: Arc<Notify>) -> Self {
        Self {
            directory,
            lock: Lock::new(Instant::now()),
            panel,
            reports,
            county: None,
            enrolment: None,
            carrier: None,
            touched: Vec::new(),
            runtime: Handle::current(),
            off,
        }
    }

    /// The same station as a device of the county.
    #[must_use]
    pub fn enrolled(self, ledger: Ledger, device: Arc<Device>, carrier: Carrier) -> Self {
        Self { county: Some((ledger, device)), carrier: Some(carrier), ..self }
    }

    /// The same station, which can become a device.
    #[must_use]
    pub fn to_enrol(self, enrolment: Enrolment) -> Self {
        Self { enrolment: Some(enrolment), ..self }
    }

    fn road(&self) -> Vec<Fact> {
        let county = |key| Fact { what: "fact-county", is: Value::Sentence(key) };
        let Some((ledger, device)) = &self.county else {
            return [vec![county("fact-not-enrolled")], facts::network("")].concat();
        };
        let (hub, road) = (ledger.card().hub.clone(), device.road().borrow().clone());
        let mut facts = vec![county(if road.is_open { "fact-road-open" } else { "fact-road-closed" })];
        if !road.trouble.is_empty() {
            facts.push(Fact { what: "fact-why", is: Value::Plain(road.trouble) });
        }
        facts.extend(facts::network(&hub));
        facts.push(Fact { what: "fact-hub", is: Value::Plain(hub) });
        facts
    }

    fn last_sync(&self) -> Vec<Fact> {
        let Some((ledger, device)) = &self.county else {
            return vec![Fact { what: "fact-county", is: Value::Sentence("fact-not-enrolled") }];
        };
        let mut facts = vec![Fact { what: "fact-name", is: Value::Plain(ledger.card().name.clone()) }];
        match device.counts() {
            Ok(counts) => {
                for (what, count) in [("here", counts.here), ("on-road", counts.on_road), ("received", counts.received)]
                {
                    facts.push(Fact { what, is: Value::Plain(count.to_string()) });
                }
                let last = counts.last_receipt.map_or(Value::Sentence("fact-never"), Value::Day);
                facts.push(Fact { what: "fact-receipt", is: last });
            }
            Err(error) => tracing::error!(%error, "The counts could not be read"),
        }
        let heard = Heard::new(self.directory.path()).last().map_or(Value::Sentence("fact-never"), Value::Day);
        facts.push(Fact { what: "fact-heard", is: heard });
        facts
    }

    fn printer(&self) -> Vec<Fact> {
        let troubles = self.reports.all();
        let is = if troubles.contains(&Trouble::NoPrinter) {
            "fact-no-printer"
        } else if troubles.contains(&Trouble::NoPaper) {
            "fact-no-paper"
        } else {
            "fact-paper"
        };
        vec![Fact { what: "fact-printer", is: Value::Sentence(is) }]
    }

    /// The village's own pack of Chinese sentences, to put recordings into.
    fn pack(&self) -> Result<Pack, CannotKeep> {
        let place = self.pack_directory();
        let own = Prompts::own(Language::Chinese);
        let pack = Pack::read(place.clone()).map_err(log)?;
        let name = own.name();
        Ok(pack.unwrap_or_else(|| Pack::empty(place, own.language(), name.zh.clone(), name.en.clone())))
    }

    fn pack_directory(&self) -> PathBuf {
        self.directory.path().join(prompts::DIRECTORY).join(Language::Chinese.own_pack())
    }
}

/// The log says why; the screen only that.
fn log(error: impl Into<anyhow::Error>) -> CannotKeep {
    let error: anyhow::Error = error.into();
    tracing::error!(error = format!("{error:#}"), "Something of the service pages cannot be kept");
    CannotKeep
}

impl Service for Upkeep {
    fn open(&mut self, pin: &str, now: Instant) -> Answer {
        self.lock.open(&self.directory, pin, now)
    }

    fn facts(&self, subject: Subject) -> Vec<Fact> {
        match subject {
            Subject::Network => self.road(),
            Subject::Storage => facts::storage(self.directory.path()),
            Subject::Printer => self.printer(),
            Subject::LastSync => self.last_sync(),
            Subject::Log => facts::log(),
        }
    }

    fn has_panel(&self) -> bool {
        self.panel.is_some()
    }

    fn cross_touched(&mut self, cross: usize) -> Fitting {
        self.touched.truncate(cross);
        let Some(panel) = &self.panel else { return Fitting::Off };
        let Some(at) = panel.fit.came_down() else { return Fitting::Off };
        self.touched.push(at);
        let Ok(four) = <[Point; 4]>::try_from(self.touched.as_slice()) else { return Fitting::Next };
        match Edges::of_crosses(four) {
            Some(edges) => {
                panel.fit.try_out(Some(edges));
                Fitting::Tried
            }
            None => Fitting::Off,
        }
    }

    fn end_fitting(&mut self, keep: bool) -> Result<(), CannotKeep> {
        let Some(panel) = &self.panel else { return Ok(()) };
        let Some(edges) = panel.fit.tried().filter(|_| keep) else {
            panel.fit.try_out(None);
            return Ok(());
        };
        panel.fit.try_out(None);
        wiring::keep_edges(&self.directory, edges).map_err(log)?;
        panel.fit.keep(edges);
        Ok(())
    }

    fn unspoken(&self) -> Vec<Sentence> {
        let prompts = match Pack::read(self.pack_directory()) {
            Ok(Some(pack)) => Prompts::of(pack),
            Ok(None) => Prompts::own(Language::Chinese),
            Err(error) => {
                log(error);
                return Vec::new();
            }
        };
        let unspoken = prompts.recorded().into_iter().filter(|one| one.state != State::Spoken);
        unspoken.map(|one| Sentence { name: one.name, says: one.says }).collect()
    }

    fn keep_voice(&mut self, sentence: &Sentence, opus: &Arc<[u8]>) -> Result<(), CannotKeep> {
        let sound = trimmed(opus).map_err(log)?;
        self.pack()?.put(&sentence.name, &sentence.says, &sound).map_err(log)
    }

    fn enrol(&mut self, asks: Asks) {
        if let Some(enrolment) = &self.enrolment {
            enrolment.begin(asks);
        }
    }

    fn enrolling(&self) -> Enrolling {
        match (&self.county, &self.enrolment) {
            (Some((ledger, _)), _) => {
                let card = ledger.card();
                Enrolling::Already { name: card.name.clone(), hub: card.hub.clone() }
            }
            (None, Some(enrolment)) => enrolment.stands_at(),
            (None, None) => Enrolling::Idle,
        }
    }

    fn sticks(&self) -> Vec<Stick> {
        stick::sticks()
    }

    fn carry(&mut self, way: Way, stick: &Stick) {
        if let Some(carrier) = &self.carrier {
            carrier.begin(way, stick.directory.clone());
        }
    }

    fn carrying(&self) -> Carrying {
        // A machine of no county has nothing to carry, and nowhere.
        self.carrier.as_ref().map_or(Carrying::Failed("fact-not-enrolled"), Carrier::stands_at)
    }

    fn switch_off(&mut self) {
        let off = self.off.clone();
        self.runtime.spawn(async move {
            sleep(GOODBYE).await;
            off.notify_one();
        });
    }
}
