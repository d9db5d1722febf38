//! Attacks upon the county, each by the means of somebody who has a device, a cable, a stick, a browser or a copy.
//!
//! They drive the real programs; each file starts one county and its attacks share it. Every test is one attack, and the
//! lines above it are its row of the table in docs/security.md: what is tried, where it is refused, and what the audit log
//! says of it. [`table`] keeps the two the same.

mod backup;
mod bundles;
mod console;
mod devices;
mod door;
mod enrolment;
mod exports;
mod forms;
mod slips;
mod table;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use civic_core::{
    access::Role,
    id::{DeviceId, DocId, Incarnation},
    space::Space,
};
use replica::{
    clock,
    dir::DataDir,
    identity::Identity,
    store::{Author, Log, NewEntry},
};
use serde_json::Value;
use sync_core::entry::EntryKind;
use sync_hub::audit::{Action, Audit, search::Search};
use tests::world::{Part, wait_for};

use crate::stories::{SHIQIAO, Story};

/// One county for all attacks of a file, one attack at a time.
pub(crate) struct Ground(Mutex<Option<Story>>);

impl Ground {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The county, with a kiosk that nobody attacked yet.
    pub(crate) fn enter(&self, name: &str) -> Field<'_> {
        // An attack that succeeded failed its test and leaves the county as it is.
        let mut story = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        story.get_or_insert_with(|| Story::begin(name));
        Field(story)
    }
}

/// The county, held for one attack.
pub(crate) struct Field<'a>(MutexGuard<'a, Option<Story>>);

impl Field<'_> {
    pub(crate) fn story(&mut self) -> &mut Story {
        self.0.as_mut().unwrap()
    }

    /// A device that was enrolled as it should be, and then fell into the wrong hands.
    pub(crate) fn stolen(&mut self, key: &str, part: Part) -> Stolen<'_> {
        let story = self.story();
        story.enrolled(key, part, key, &[SHIQIAO]);
        let role = if part == Part::Kiosk { Role::Kiosk } else { Role::Deputy };
        Stolen { story, key: key.to_owned(), role }
    }

    /// How often the audit log says that this was refused.
    pub(crate) fn noted(&mut self, action: Action, text: &str) -> u64 {
        noted(self.story(), action, text)
    }
}

/// How often the audit log of the hub says that `action` was refused, with `text` in it.
pub(crate) fn noted(story: &Story, action: Action, text: &str) -> u64 {
    found(story, &Search { action: Some(action), text: Some(text.into()), is_refused: true, ..Search::default() })
}

/// How many lines of the audit log of the hub this finds; the whole log verifies.
pub(crate) fn found(story: &Story, search: &Search) -> u64 {
    let dir = DataDir::look(&story.world.data("hub"));
    let audit = Audit::open(&dir, &Identity::load(&dir, Role::Hub).unwrap().key).unwrap();
    audit.verify().unwrap();
    audit.count(search).unwrap()
}

/// A stolen device: whoever has it can write into its log whatever they like, and sign it.
pub(crate) struct Stolen<'a> {
    pub(crate) story: &'a mut Story,
    key: String,
    role: Role,
}

impl Stolen<'_> {
    pub(crate) fn identity(&self) -> Identity {
        Identity::load(&DataDir::look(&self.story.world.data(&self.key)), self.role).unwrap()
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.identity().device()
    }

    /// Writes an entry of any kind anywhere, in a new life.
    pub(crate) fn write(&self, space: Space, kind: EntryKind, doc: DocId, payload: Vec<u8>) {
        let author = self.author();
        let log = Log::open(&self.story.world.data(&self.key).join("log.db"), author, None, clock::now).unwrap();
        log.append(vec![NewEntry { space, doc, kind, at: clock::now(), payload }]).unwrap();
    }

    /// As whom the next life would write.
    pub(crate) fn author(&self) -> Author {
        Author { key: self.identity().key, incarnation: Incarnation::new(clock::random()) }
    }

    /// Changes its disk.
    pub(crate) fn disk(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.story.world.data(&self.key).join("log.db")).unwrap();
        assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
    }

    /// Changes its card.
    pub(crate) fn forge_card(&self, change: impl FnOnce(&mut Value)) {
        let file = self.story.world.data(&self.key).join("device.json");
        let mut card: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        change(&mut card);
        std::fs::write(file, serde_json::to_vec(&card).unwrap()).unwrap();
    }

    /// Meets the hub; what it said, and its errors.
    pub(crate) fn meet(&self) -> (i32, Value, String) {
        let done = self.story.world.tell(&self.key, &["sync", "--once", "--json"]).unwrap();
        (done.code, serde_json::from_str(&done.out).unwrap_or_default(), done.err)
    }

    /// Tells what the program says of itself.
    pub(crate) fn status(&self) -> Value {
        let said = self.story.world.tell(&self.key, &["status", "--json"]).unwrap().good().unwrap();
        serde_json::from_str(&said).unwrap()
    }

    /// Meets the hub, which must refuse with this reason and say so in its audit log, under the name of this device.
    pub(crate) fn is_refused(&self, reason: &str) {
        let before = noted(self.story, Action::RefuseDevice, reason);
        let (_, report, error) = self.meet();
        assert_ne!(report["in_step"], true, "{report} {error}");
        self.is_noted(reason, before);
        let status = self.status();
        let told = status["apart"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["reason"].as_str().unwrap_or_default().contains(reason));
        assert!(told, "and the device was told: {status}");
    }

    /// The audit log comes to say this of the device.
    pub(crate) fn is_noted(&self, reason: &str, before: u64) {
        wait_for("a line in the audit log", || {
            (noted(self.story, Action::RefuseDevice, reason) > before).then_some(())
        })
        .unwrap_or_else(|error| panic!("{reason}: {error}"));
    }

    /// What is known of an opinion at the hub.
    pub(crate) fn at_hub(&self) -> String {
        self.story.world.tell("hub", &["export"]).unwrap().good().unwrap()
    }
}

/// A document that nobody has.
pub(crate) fn fresh_doc() -> DocId {
    DocId::new(clock::random())
}

/// Says `request` to an HTTP server as it stands, and hears what it answers: status and everything.
pub(crate) fn say(address: &str, request: &[u8]) -> (u16, String) {
    let address: SocketAddr = address.strip_prefix("http://").unwrap_or(address).parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // A server that has heard enough closes before everything is said.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}
