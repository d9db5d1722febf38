//! Neighbours in networks without a way out: a kiosk with a phone, and a phone with a phone, found without an address.

use std::{fs, path::Path, process::Stdio};

use civic_core::access::Role;
use replica::clock;
use serde_json::Value;
use tests::{
    netns::{Net, Plug},
    program::{Done, Program},
    world::{Part, wait_for},
};

use super::{
    SHIQIAO, Story,
    attachments::{ledger_of, show_everybody},
};

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
    let picture = show_everybody(&story.world);
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
    wait_for("the picture in the village", || {
        let kiosk = ledger_of(&story.world, "kiosk", Role::Kiosk);
        kiosk.sealed_attachment(&picture).ok()?.map(drop)
    })
    .unwrap();

    // Another deputy in the hall: the two phones find each other, and nobody beyond.
    let told = tell(&net, "other", &story, "field", &["carry", "--found", "20"]);
    assert!(
        told.out.contains("陈代表: 1 parcels given") && told.out.matches("parcels given").count() == 1,
        "{}{}",
        told.out,
        told.err
    );
    assert!(told.out.contains("entries that the county made public came along"), "{}", told.out);
    assert!(told.out.contains("200000 bytes of pictures and voices beside them came along"), "{}", told.out);
    let told = tell(&net, "other", &story, "field", &["status"]).good().unwrap();
    assert!(told.contains("handed over to 陈代表"), "{told}");
    kiosk.stop();
    phone.stop();
}

#[test]
fn a_neighbour_that_has_not_heard_of_the_county_for_long_is_served_and_each_side_says_so() {
    let mut story = Story::begin("stale");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("phone", Part::Field, "陈代表", &["990127101202"]);
    story.enrolled("old", Part::Field, "周代表", &["990127101202"]);
    let world = &story.world;
    // What the kiosk and one of the phones know is from the day on which they were let in, forty days ago.
    for key in ["kiosk", "old"] {
        let place = world.data(key).join("device.json");
        let mut card: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
        card["enrolled_at"] = (clock::now().0 - 40 * 86_400).into();
        fs::write(&place, serde_json::to_vec(&card).unwrap()).unwrap();
    }
    ["kiosk", "phone", "old"].iter().for_each(|key| world.cut(key, true).unwrap());
    let file = story.file(1, 2);
    world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    world.start_near("kiosk").unwrap();
    let at = world.near("kiosk").unwrap();
    let behind = "and knows of nobody struck off since";
    for key in ["old", "phone"] {
        let told = world.tell(key, &["carry", "--with", &at]).unwrap().good().unwrap();
        assert!(told.contains("石桥村:") && told.contains(behind), "{told}");
    }
    // On its page the deputy reads it, too.
    world.start("phone").unwrap();
    let page =
        ureq::post(format!("{}/carrying", world.address("phone").unwrap())).send_form([("address", at.as_str())]);
    let page = page.unwrap().into_body().read_to_string().unwrap();
    assert!(page.contains("data-called=\"handed\"") && page.contains("很久没有县里的消息"), "{page}");
    // The kiosk, for its part, knows which of the two had heard of the county lately.
    let told = wait_for("both handovers", || {
        let to = world.status("kiosk")?["road"]["bag"]["to"].as_array()?.clone();
        (to.len() == 2).then_some(to)
    })
    .unwrap();
    let stale: Vec<_> = told.iter().filter(|line| line["is_stale"] == true).map(|line| &line["who"]).collect();
    assert_eq!(stale, ["周代表"]);
    // Once the phone has met the hub it is not said of anybody who has.
    world.stop("kiosk").unwrap();
    world.cut("kiosk", false).unwrap();
    world.tell("kiosk", &["sync", "--once"]).unwrap().good().unwrap();
    world.cut("kiosk", true).unwrap();
    world.start_near("kiosk").unwrap();
    world.stop("phone").unwrap();
    let told = world.tell("phone", &["carry", "--with", &world.near("kiosk").unwrap()]).unwrap().good().unwrap();
    assert!(told.contains("石桥村:") && !told.contains(behind), "{told}");
}
