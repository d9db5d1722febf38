//! Neighbours in networks without a way out: a kiosk with a phone, and a phone with a phone, found without an address.

use std::{path::Path, process::Stdio};

use serde_json::Value;
use tests::{
    netns::{Net, Plug},
    program::{Done, Program},
    world::{Part, wait_for},
};

use super::{SHIQIAO, Story};

/// A program of the county in a room, to its end.
fn tell(net: &Net, room: &str, story: &Story, part: &str, args: &[&str]) -> Done {
    let mut command = net.command(room, story.program());
    command.arg(part).args(args).arg("--data").arg(story.world.data(room)).stdin(Stdio::null());
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: done.status.code().unwrap_or(128), out: text(done.stdout), err: text(done.stderr) }
}

/// A program of the county that goes on in a room.
fn start(net: &Net, room: &str, story: &Story, args: &[&str], log: &Path) -> Program {
    let mut command = net.command(room, story.program());
    command.args(args).args(["--http", "127.0.0.1:0", "--data"]).arg(story.world.data(room));
    Program::start(command, log).unwrap()
}

#[test]
fn kiosk_and_phone_and_phone_and_phone_find_each_other_where_there_is_no_way_out() {
    let rooms = ["kiosk", "phone", "other"];
    let mut net = match Net::build(&rooms) {
        Ok(net) => net,
        Err(why) => {
            println!("skipped: a story in network namespaces, because {why:#}");
            return;
        }
    };
    let plug = |room, name, address| Plug { room, name, address };
    net.cable(&plug("kiosk", "air", "10.3.0.2/24"), &plug("phone", "air", "10.3.0.3/24")).unwrap();
    net.cable(&plug("phone", "hall", "10.4.0.3/24"), &plug("other", "hall", "10.4.0.4/24")).unwrap();
    let mut story = Story::begin("neighbours");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("phone", Part::Field, "陈代表", &["990127101202"]);
    story.enrolled("other", Part::Field, "周代表", &["990127101202"]);
    // What the county publishes meanwhile, one of the phones hears in town.
    story.world.publish("notices.toml", include_str!("../../sample/publish/notices.toml")).unwrap().good().unwrap();
    story.world.tell("phone", &["sync", "--once"]).unwrap().good().unwrap();
    let entries = |room: &str, part: &str| -> u64 {
        let told = tell(&net, room, &story, part, &["verify"]).good().unwrap();
        told.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(entries("phone", "field") > entries("other", "field"));
    let file = story.file(1, 5);
    tell(&net, "kiosk", &story, "kiosk", &["import", file.to_str().unwrap()]).good().unwrap();

    let own = entries("kiosk", "kiosk");
    // The deputy walks in; nobody types anything, and what waits is on the road.
    let kiosk = ["kiosk", "run", "--screen", "browser", "--near", "0.0.0.0:0"];
    let mut kiosk = start(&net, "kiosk", &story, &kiosk, &story.dir.join("kiosk.log"));
    kiosk.wait_for_line("near:").unwrap();
    let phone = ["field", "serve", "--near", "0.0.0.0:0"];
    let mut phone = start(&net, "phone", &story, &phone, &story.dir.join("phone.log"));
    phone.wait_for_line("near:").unwrap();
    wait_for("the phone to have found the kiosk", || {
        let told = tell(&net, "kiosk", &story, "kiosk", &["status", "--json"]).good().ok()?;
        let told: Value = serde_json::from_str(&told).ok()?;
        let to = &told["road"]["bag"]["to"][0];
        (told["on_road"] == 5 && to["who"] == "陈代表").then_some(())
    })
    .unwrap();

    assert!(entries("kiosk", "kiosk") > own, "the notices came along, without a hub");

    // Another deputy in the hall: the two phones find each other, and nobody beyond.
    let told = tell(&net, "other", &story, "field", &["carry", "--found", "20"]);
    assert!(
        told.out.contains("陈代表: 1 parcels given") && told.out.matches("parcels given").count() == 1,
        "{}{}",
        told.out,
        told.err
    );
    assert!(told.out.contains("entries that the county made public came along"), "{}", told.out);
    let told = tell(&net, "other", &story, "field", &["status"]).good().unwrap();
    assert!(told.contains("handed over to 陈代表"), "{told}");
    kiosk.stop();
    phone.stop();
}
