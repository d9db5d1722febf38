//! Bad networks, made by the kernel: a village behind a gateway that drops, loses, forgets, and another one beside it.
//! Real programs in network namespaces; where this machine makes none, one line says so and the story is not told.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::{Child, Stdio},
};

use serde_json::Value;
use tests::{
    netns::{Net, Plug},
    program::{Done, Program},
    world::wait_for,
};

use super::{SHIQIAO, Story};

const HUB: &str = "10.9.0.2:4433";
/// So many bytes of an upload pass before something happens to it.
const MIDDLE: u64 = 80_000;
/// Passes everything, and counts what goes to the hub.
const OPEN: &str = "
table inet road {
    counter up { }
    chain pass {
        type filter hook forward priority 0;
        ip daddr 10.9.0.2 counter name up
    }
}";
/// The gateway gives its own address to whoever is behind it, from a port by lot.
const HIDE: &str = "
table ip hide {
    chain out {
        type nat hook postrouting priority 100;
        oifname \"hub\" masquerade fully-random
    }
}";

/// A kiosk behind one or two gateways, and the county.
struct Behind {
    hub: Program,
    net: Net,
    story: Story,
}

impl Behind {
    /// Lays it out and enrols the kiosk through the first gateway, which keeps to `rules`; `None` where there are no
    /// networks to be made.
    fn a_gateway(name: &str, rules: &str) -> Option<Self> {
        let mut net = match Net::build(&["kiosk", "gate", "other", "hub", "phone"]) {
            Ok(net) => net,
            Err(why) => {
                println!("skipped: a story in network namespaces, because {why:#}");
                return None;
            }
        };
        let plug = |room, name, address| Plug { room, name, address };
        net.cable(&plug("kiosk", "gate", "10.1.0.2/24"), &plug("gate", "kiosk", "10.1.0.1/24")).unwrap();
        net.cable(&plug("kiosk", "other", "10.2.0.2/24"), &plug("other", "kiosk", "10.2.0.1/24")).unwrap();
        net.cable(&plug("gate", "hub", "10.9.0.1/24"), &plug("hub", "gate", "10.9.0.2/24")).unwrap();
        net.cable(&plug("other", "hub", "10.8.0.1/24"), &plug("hub", "other", "10.8.0.2/24")).unwrap();
        net.cable(&plug("kiosk", "room", "10.3.0.2/24"), &plug("phone", "room", "10.3.0.3/24")).unwrap();
        net.cable(&plug("gate", "phone", "10.4.0.1/24"), &plug("phone", "town", "10.4.0.2/24")).unwrap();
        net.ip("hub", "route add 10.4.0.0/24 via 10.9.0.1").unwrap();
        net.ip("hub", "route add 10.1.0.0/24 via 10.9.0.1").unwrap();
        net.ip("hub", "route add 10.2.0.0/24 via 10.8.0.1").unwrap();
        net.ip("other", "route add 10.9.0.0/24 via 10.8.0.2").unwrap();
        for gate in ["gate", "other"] {
            net.forward(gate).unwrap();
        }
        net.rules("gate", rules).unwrap();

        let story = Story::at_rest(name);
        let mut command = net.command("hub", story.program());
        command.args(["hub", "serve", "--listen", HUB, "--http", "127.0.0.1:0", "--data"]).arg(story.world.data("hub"));
        let mut hub = Program::start(command, &story.dir.join("hub.log")).unwrap();
        hub.wait_for_line("listening on QUIC").unwrap();
        let behind = Self { hub, net, story };
        behind.come_to("gate");
        let code = behind.story.world.code(tests::world::Part::Kiosk, "石桥村", &[SHIQIAO]).unwrap();
        behind.kiosk(&["enrol", "--hub", HUB, "--code", &code]).good().unwrap();
        Some(behind)
    }

    /// The kiosk's cable is in this gateway from now on.
    fn come_to(&self, gate: &str) {
        let other = if gate == "gate" { "other" } else { "gate" };
        let address = if gate == "gate" { "10.1.0.1" } else { "10.2.0.1" };
        self.net.ip("kiosk", &format!("link set {other} down")).unwrap();
        self.net.ip("kiosk", &format!("link set {gate} up")).unwrap();
        self.net.ip("kiosk", &format!("route replace default via {address}")).unwrap();
    }

    /// No cable is in the kiosk any more.
    fn cut_off(&self) {
        ["gate", "other"].iter().for_each(|gate| self.net.ip("kiosk", &format!("link set {gate} down")).unwrap());
    }

    /// The deputy's phone is in the room with the kiosk, or in town where there is signal.
    fn phone_is_in(&self, place: &str) {
        let elsewhere = if place == "room" { "town" } else { "room" };
        self.net.ip("phone", &format!("link set {elsewhere} down")).unwrap();
        self.net.ip("phone", &format!("link set {place} up")).unwrap();
        if place == "town" {
            self.net.ip("phone", "route replace default via 10.4.0.1").unwrap();
        }
    }

    /// A command of the kiosk, to its end, where the kiosk is.
    fn kiosk(&self, args: &[&str]) -> Done {
        ended(self.begin(args))
    }

    /// A command of the deputy's phone, to its end, where the phone is.
    fn phone(&self, args: &[&str]) -> Done {
        ended(self.begin_in("phone", "field", args))
    }

    fn begin(&self, args: &[&str]) -> Child {
        self.begin_in("kiosk", "kiosk", args)
    }

    fn begin_in(&self, room: &str, part: &str, args: &[&str]) -> Child {
        let mut command = self.net.command(room, self.story.program());
        command.arg(part).args(args).arg("--data").arg(self.story.world.data(room));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Begins an upload of 1,500 opinions that stands still at its middle: the gateway passes nothing more.
    fn upload_to_the_middle(&self) -> Child {
        self.say(1, 1_500);
        self.net.rules("gate", &with(&format!("ip daddr 10.9.0.2 quota over {MIDDLE} bytes drop"))).unwrap();
        let upload = self.begin(&["sync", "--once", "--json"]);
        let passed = || self.net.counted("gate", "up").unwrap();
        wait_for("the middle of the upload", || (passed() > MIDDLE).then_some(())).unwrap();
        upload
    }

    /// So much more is said at the kiosk.
    fn say(&self, seed: u64, count: usize) {
        let file: PathBuf = self.story.file(seed, count);
        self.kiosk(&["import", file.to_str().unwrap()]).good().unwrap();
    }

    /// One meeting, and its figures.
    fn sync(&self) -> Value {
        figures(&self.kiosk(&["sync", "--once", "--json"]).good().unwrap())
    }

    /// How many times QUIC was tried in vain in each network that the kiosk knows.
    fn quic_failures(&self) -> Vec<u64> {
        let book = fs::read(self.story.world.data("kiosk").join("roads.json")).unwrap();
        let book: Value = serde_json::from_slice(&book).unwrap();
        let networks = book["networks"].as_object().unwrap().values();
        let mut failures: Vec<u64> = networks.map(|network| network["quic"]["failures"].as_u64().unwrap()).collect();
        failures.sort_unstable();
        failures
    }

    /// Everything said has its receipt, and the county holds each of it once.
    fn all_arrived(&self, count: usize) {
        let status: Value = serde_json::from_str(&self.kiosk(&["status", "--json"]).good().unwrap()).unwrap();
        assert_eq!((&status["here"], &status["received"]), (&0.into(), &count.into()), "{status}");
        let held = wait_for("every record in the county", || {
            let export = self.story.world.tell("hub", &["export"]).ok()?.out;
            (export.lines().count() >= count).then_some(export)
        })
        .unwrap();
        let ids = held.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string());
        let ids: Vec<String> = ids.collect();
        assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (count, count), "nothing is doubled");
        for key in ["hub", "kiosk"] {
            let part = if key == "hub" { tests::world::Part::Hub } else { tests::world::Part::Kiosk };
            let data = self.story.world.data(key);
            let told = self.story.world.run(part, &["verify", "--data", data.to_str().unwrap()]).unwrap();
            assert!(told.good().unwrap().contains("sound"));
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.hub.stop();
    }
}

fn ended(child: Child) -> Done {
    let done = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: done.status.code().unwrap_or(128), out: text(done.stdout), err: text(done.stderr) }
}

fn figures(out: &str) -> Value {
    let report: Value = serde_json::from_str(out).unwrap();
    assert_eq!(report["in_step"], true, "{report}");
    report
}

/// The rules of an open gateway with one more for what passes.
fn with(rule: &str) -> String {
    let bad = "table inet bad {\nchain pass {\ntype filter hook forward priority 1;";
    format!("{OPEN}\n{HIDE}\n{bad}\n{rule}\n}}\n}}")
}

#[test]
fn where_udp_is_dropped_a_kiosk_enrols_and_speaks_over_tcp() {
    let Some(behind) = Behind::a_gateway("no-udp", &with("meta l4proto udp drop")) else { return };
    behind.say(1, 40);
    let report = behind.sync();
    assert_eq!(report["road"], "tcp", "{report}");
    behind.say(2, 10);
    let report = behind.sync();
    assert_eq!((&report["road"], &report["round_trips"]), (&"tcp".into(), &1.into()), "{report}");
    assert_eq!(behind.quic_failures(), [1], "it is remembered that QUIC does not answer here");
    behind.all_arrived(50);
    let told = behind.kiosk(&["status"]).good().unwrap();
    assert!(told.contains("tcp carried ") && !told.contains("quic carried "), "{told}");
}

#[test]
fn where_udp_is_dropped_after_the_handshake_what_is_said_goes_on_over_tcp() {
    let Some(behind) = Behind::a_gateway("half-udp", &format!("{OPEN}\n{HIDE}")) else { return };
    behind.say(1, 60);
    // The handshake takes some four thousand bytes; what was said does not pass any more.
    behind.net.rules("gate", &with("meta l4proto udp quota over 5000 bytes drop")).unwrap();
    let report = behind.sync();
    assert_eq!(report["road"], "tcp", "{report}");
    behind.all_arrived(60);
    // It works again: when it is time to look, QUIC is taken again.
    behind.net.rules("gate", &format!("{OPEN}\n{HIDE}")).unwrap();
    behind.say(2, 5);
    assert_eq!(behind.sync()["road"], "tcp", "it is not time to look yet");
    let book = behind.story.world.data("kiosk").join("roads.json");
    let mut known: Value = serde_json::from_slice(&fs::read(&book).unwrap()).unwrap();
    for network in known["networks"].as_object_mut().unwrap().values_mut() {
        network["quic"]["failed"] = (network["quic"]["failed"].as_i64().unwrap() - 3_600).into();
    }
    fs::write(&book, known.to_string()).unwrap();
    behind.say(3, 5);
    assert_eq!(behind.sync()["road"], "quic");
    behind.all_arrived(70);
}

#[test]
fn on_a_road_that_loses_three_of_ten_packets_everything_arrives_once() {
    let Some(behind) = Behind::a_gateway("loss", &format!("{OPEN}\n{HIDE}")) else { return };
    behind.say(1, 300);
    behind.net.rules("gate", &with("numgen random mod 10 < 3 drop")).unwrap();
    // A road so bad may break; nothing that came is sent again.
    let mut tries = 0;
    while behind.kiosk(&["sync", "--once", "--json"]).code != 0 {
        tries += 1;
        assert!(tries < 5, "it arrives in the end");
    }
    behind.all_arrived(300);
}

#[test]
fn a_gateway_that_forgets_in_the_middle_of_an_upload_does_not_break_it() {
    let Some(behind) = Behind::a_gateway("rebinding", &format!("{OPEN}\n{HIDE}")) else { return };
    let upload = behind.upload_to_the_middle();
    // The gateway gets another address, and every port it gave away is forgotten.
    behind.net.ip("gate", "addr del 10.9.0.1/24 dev hub").unwrap();
    behind.net.ip("gate", "addr add 10.9.0.7/24 dev hub").unwrap();
    behind.net.rules("gate", &format!("{OPEN}\n{HIDE}")).unwrap();
    let report = figures(&ended(upload).good().unwrap());
    assert_eq!(report["road"], "quic", "{report}");
    let rest = behind.net.counted("gate", "up").unwrap();
    assert!(rest > MIDDLE, "it was the middle: {rest} bytes after it");
    assert!(report["entries_up"].as_u64().unwrap() > 1_500, "one meeting carried all of it: {report}");
    behind.all_arrived(1_500);
}

#[test]
fn what_works_is_remembered_in_each_of_two_networks() {
    let Some(behind) = Behind::a_gateway("two-networks", &with("meta l4proto udp drop")) else { return };
    for (turn, (gate, road)) in
        [("gate", "tcp"), ("other", "quic"), ("gate", "tcp"), ("other", "quic")].iter().enumerate()
    {
        behind.come_to(gate);
        behind.say(turn as u64, 10);
        let report = behind.sync();
        assert_eq!(&report["road"], road, "turn {turn}: {report}");
    }
    assert_eq!(behind.quic_failures(), [0, 1], "two networks, and in one of them QUIC was tried in vain once");
    behind.all_arrived(40);
    let told = behind.kiosk(&["status"]).good().unwrap();
    assert!(told.contains("tcp carried ") && told.contains("quic carried "), "{told}");
}

#[test]
fn a_device_that_changes_its_network_in_the_middle_of_an_upload_goes_on() {
    let Some(behind) = Behind::a_gateway("migration", &format!("{OPEN}\n{HIDE}")) else { return };
    let upload = behind.upload_to_the_middle();
    // From the Wi-Fi of one gateway into the network of the other: another address, another gateway.
    behind.net.rules("other", OPEN).unwrap();
    behind.come_to("other");
    let report = figures(&ended(upload).good().unwrap());
    assert_eq!(report["road"], "quic", "{report}");
    let rest = behind.net.counted("other", "up").unwrap();
    assert!(rest > MIDDLE, "the rest went by the other gateway: {rest} bytes");
    assert!(report["entries_up"].as_u64().unwrap() > 1_500, "one meeting carried all of it: {report}");
    behind.all_arrived(1_500);
}

#[test]
fn where_there_is_no_network_but_a_phone_all_of_it_goes_by_the_phone() {
    let Some(behind) = Behind::a_gateway("phone-alone", &format!("{OPEN}\n{HIDE}")) else { return };
    behind.phone_is_in("town");
    let code = behind.story.world.code(tests::world::Part::Field, "陈代表", &["990127101202"]).unwrap();
    behind.phone(&["enrol", "--hub", HUB, "--code", &code]).good().unwrap();
    behind.cut_off();
    behind.say(1, 30);
    // It comes by, goes to town, and comes by again; who is where it finds by itself.
    let kiosk = || {
        let mut command = behind.net.command("kiosk", behind.story.program());
        command.args(["kiosk", "run", "--screen", "browser", "--http", "127.0.0.1:0", "--near", "0.0.0.0:0"]);
        command.arg("--data").arg(behind.story.world.data("kiosk"));
        let mut kiosk = Program::start(command, &behind.story.dir.join("kiosk.log")).unwrap();
        kiosk.wait_for_line("near:").unwrap();
        kiosk
    };
    let counts = |told: &Done| {
        let told: Value = serde_json::from_str(&told.out).unwrap();
        ["here", "on_road", "received"].map(|place| told[place].as_u64().unwrap())
    };
    let mut running = kiosk();
    behind.phone_is_in("room");
    let told = behind.phone(&["carry", "--found", "15"]);
    assert!(told.out.contains("石桥村: "), "{}{}", told.out, told.err);
    assert_eq!(counts(&behind.kiosk(&["status", "--json"])), [0, 30, 0], "it is with the deputy, and not received");
    let told = behind.kiosk(&["status"]).good().unwrap();
    assert!(told.contains("30 waiting: with 陈代表"), "{told}");
    behind.phone_is_in("town");
    // The first time it brings what was said, the second time it takes the receipts along.
    for _ in 0..2 {
        behind.phone(&["sync", "--once"]).good().unwrap();
    }
    behind.phone_is_in("room");
    let told = behind.phone(&["carry", "--found", "15"]);
    assert!(told.out.contains("石桥村: "), "{}{}", told.out, told.err);
    running.stop();
    behind.all_arrived(30);
}

#[test]
fn where_not_even_a_phone_comes_by_all_of_it_goes_by_stick() {
    let Some(behind) = Behind::a_gateway("stick-alone", &format!("{OPEN}\n{HIDE}")) else { return };
    behind.cut_off();
    behind.say(1, 30);
    let [up, down] = ["up", "down"].map(|name| behind.story.dir.join(name));
    [&up, &down].iter().for_each(|stick| fs::create_dir(stick).unwrap());
    let [up, down] = [&up, &down].map(|stick| stick.to_str().unwrap());
    behind.kiosk(&["bundle", "export", "--to", up]).good().unwrap();
    // Twice in the same pocket, and twice at the county: nothing is doubled.
    behind.kiosk(&["bundle", "export", "--to", up]).good().unwrap();
    for _ in 0..2 {
        behind.story.world.tell("hub", &["bundle", "import", up]).unwrap().good().unwrap();
    }
    behind.story.world.tell("hub", &["bundle", "export", "--to", down]).unwrap().good().unwrap();
    behind.kiosk(&["bundle", "import", down]).good().unwrap();
    behind.all_arrived(30);
    let told = behind.kiosk(&["status"]).good().unwrap();
    assert!(told.contains("stick carried 60 entries up"), "which road carried what: {told}");
}
