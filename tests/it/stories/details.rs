//! What somebody said and who they are, at the county: opened for a reason, heard, and erased when they want it back.

use std::collections::BTreeMap;

use civic_core::{
    access::Role,
    area::Area,
    opinion::{Field, NewOpinion},
    seal::Contact,
};
use ledger::enclosed::{Enclosed, Heard};
use tests::world::{Part, wait_for};

use super::{
    SHIQIAO, Story,
    attachments::{holds, ledger_of, opus, sync},
    people::Operator,
};

const NAME: &str = "没有别人叫这个名字";
const PHONE: &str = "13812345678";

#[test]
fn a_voice_and_a_number_are_opened_for_a_reason_heard_whole_and_erased_for_good() {
    let mut story = Story::begin("details");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let voice = opus(5, 60_000);
    let heard = Heard {
        new: NewOpinion { fields: BTreeMap::from([(Field::Topic, "饮水安全".into())]), ..NewOpinion::default() },
        contact: Contact { name: NAME.into(), phone: PHONE.into() },
        enclosed: vec![Enclosed::voice(voice.clone(), 9)],
        ..Heard::default()
    };
    let id = {
        let kiosk = ledger_of(world, "kiosk", Role::Kiosk);
        kiosk.take_down(&Area::parse(SHIQIAO).unwrap(), "石桥村", heard).unwrap().id
    };
    assert_eq!(sync(world)["attachments_waiting"], 0);

    let (operator, path) = (Operator::at(world).unwrap(), format!("/opinion/{id}"));
    let taken_over = || operator.page(&path).ok().filter(|page| page.contains("data-items=\"2\""));
    let page = wait_for("both in the vault", taken_over).unwrap();
    assert!(!page.contains(NAME) && !page.contains(PHONE));
    let open = |what: &str, reason: &str| {
        operator.submit(&format!("{path}/open"), &[("what", what), ("reason", reason)]).unwrap()
    };
    assert_eq!(open("contact", "").0, 422);
    let (status, opened) = open("contact", "联系核实");
    assert!(status == 200 && opened.contains(NAME) && opened.contains(PHONE));
    let (_, opened) = open("said", "了解诉求");
    assert!(!opened.contains(PHONE), "the number was not asked for");
    let address = opened.split("src=\"/opened/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(operator.bytes(&format!("/opened/{address}")).unwrap() == voice, "the voice as it was spoken");
    for canary in [NAME.as_bytes(), PHONE.as_bytes(), &voice[..32]] {
        assert!(!holds(&world.data("hub"), canary) && !holds(&world.data("kiosk"), canary));
    }

    let erase = [("why", "withdrawn"), ("note", "本人到站提出")];
    assert_eq!(operator.submit(&format!("{path}/erase-details"), &erase).unwrap().0, 303);
    world.stop("hub").unwrap();
    world.start("hub").unwrap();
    let operator = Operator::at(world).unwrap();
    let page = operator.page(&path).unwrap();
    assert!(page.contains("data-items=\"0\" data-erased=\"2\"") && page.contains("本人撤回同意"), "{page}");
    assert!(operator.bytes(&format!("/opened/{address}")).is_err());
    for key in ["kiosk", "hub"] {
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}
