//! A kiosk on a computer of its own: the kernel's screen, the kernel's touch panel, and a villager before it.

use std::fs;

use kiosk::picture;
use serde_json::Value;
use tests::{
    machine::{Kernel, Machine, PANEL_MAX},
    world::{Part, wait_for},
};

use super::{SHIQIAO, Story};

/// A kiosk that runs on an emulated computer.
struct Kiosk {
    machine: Machine,
}

impl Kiosk {
    /// What the program says is on the screen.
    fn view(&mut self) -> Value {
        let told = self.machine.run("wget -q -O - http://127.0.0.1:8091/view").unwrap();
        serde_json::from_str(&told).unwrap()
    }

    /// Touches what has this name or says this, and waits until the screen is another.
    fn touch(&mut self, target: &str) {
        let before = self.view();
        let targets = before["targets"].as_array().unwrap();
        let found = targets.iter().find(|it| it["name"] == target || it["text"] == target);
        let found = found.unwrap_or_else(|| panic!("no {target:?} in {before}"));
        let middle =
            |from: &str, size: &str| (found[from].as_u64().unwrap() + found[size].as_u64().unwrap() / 2) as u32;
        // What comes within 300 ms of another touch counts as the same.
        self.machine.run("sleep 0.4").unwrap();
        self.machine.touch(middle("x", "width"), middle("y", "height")).unwrap();
        let is_other = |view: &Value| view["screen"] != before["screen"] || view["words"] != before["words"];
        wait_for("what a touch does", || Some(self.view()).filter(is_other)).unwrap();
    }

    /// The glass of the screen shows what the program drew, pixel for pixel.
    fn shows_what_was_drawn(&mut self) {
        let drawn = self.machine.run("wget -q -O - http://127.0.0.1:8091/frame | base64").unwrap();
        let drawn = picture::pixels(&unpacked(&drawn)).unwrap();
        wait_for("the picture on the glass", || {
            (picture::pixels(&self.machine.screen().unwrap()).as_ref() == Some(&drawn)).then_some(())
        })
        .unwrap();
    }
}

/// Bytes that came as text through the serial port.
fn unpacked(base64: &str) -> Vec<u8> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values: Vec<u32> = base64.chars().filter_map(|digit| digits.find(digit)).map(|value| value as u32).collect();
    let bytes = |four: &[u32]| {
        let word = four.iter().fold(0, |word, value| word << 6 | value) << (6 * (4 - four.len()));
        word.to_be_bytes()[1..four.len()].to_vec()
    };
    values.chunks(4).flat_map(bytes).collect()
}

#[test]
fn on_a_screen_and_a_panel_of_the_kernel_a_villager_is_heard_in_what_the_glass_shows() {
    let kernel = match Kernel::find() {
        Ok(kernel) => kernel,
        Err(why) => {
            println!("skipped: a story on an emulated computer, because {why:#}");
            return;
        }
    };
    let mut story = Story::begin("machine");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let data = story.world.data("kiosk");
    let wiring = format!("[touch]\ndevice = \"/dev/input/event1\"\nx = [0, {PANEL_MAX}]\ny = [0, {PANEL_MAX}]\n");
    fs::write(data.join("wiring.toml"), wiring).unwrap();
    let mut machine = Machine::start(&kernel, &story.dir.join("machine"), story.program(), &data).unwrap();
    machine.run("huiyin kiosk run --data /data > /kiosk.log 2>&1 &").unwrap();
    wait_for("the kiosk", || machine.run("grep http: /kiosk.log").ok()).unwrap();
    let mut kiosk = Kiosk { machine };
    kiosk.shows_what_was_drawn();
    let by_hand = ["提意见", "饮水安全", "写下来", "家里停水了。"];
    for target in by_hand.into_iter().chain(["写好了", "不说这个", "不说这个", "不用留", "对，交上去"])
    {
        kiosk.touch(target);
        kiosk.shows_what_was_drawn();
    }
    assert_eq!(kiosk.view()["screen"], "Filed");
    // And it is on the card: the plug is pulled, and another program reads what is there.
    kiosk.machine.run("pkill -9 huiyin; sleep 1").unwrap();
    let status: Value =
        serde_json::from_str(&kiosk.machine.run("huiyin kiosk status --json --data /data").unwrap()).unwrap();
    assert_eq!(status["here"], 1, "{status}");
}
