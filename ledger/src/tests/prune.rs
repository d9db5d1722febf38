//! What the log lets go of, and what the tables are without it.

use sync_core::receipt::{Level, Receipt};
use tokio::runtime::Runtime;

use super::*;

/// A hub and a kiosk of it.
fn county() -> (Installation, Installation) {
    let (hub, mut kiosk) = (Installation::new(Role::Hub, "990127", 0), Installation::new(Role::Kiosk, VILLAGE, 1));
    kiosk.identity.card.hub_key = hex(&hub.identity.key.verifying_key().to_bytes());
    (hub, kiosk)
}

/// The hub has everything that the kiosk wrote, and has it in a backup.
fn keep(kiosk: &Ledger, hub: (&Installation, &Ledger), runtime: &Runtime) {
    for audience in [Audience::Deputies, Audience::County, Audience::Public] {
        carry(kiosk, hub.1, audience);
    }
    for held in kiosk.log().held() {
        let sign = |level| Receipt::sign(held.feed.id(), held.extent, level, UnixSeconds(1), &hub.0.identity.key);
        runtime.block_on(kiosk.log().keep(vec![sign(Level::Received), sign(Level::Kept)])).unwrap();
    }
}

const END: UnixSeconds = UnixSeconds(i64::MAX);

/// A log let go of what its tables had not merged, and on this device nobody heard of it any more.
#[test]
fn a_log_lets_go_of_what_its_tables_hold_and_a_hub_of_nothing() {
    let ((hub, kiosk), runtime) = (county(), Runtime::new().unwrap());
    let (hub, kiosk) = ((&hub, hub.open()), kiosk.open());
    let may_write = |may: bool| kiosk.writer().db.pragma_update(None, "query_only", !may).unwrap();
    kiosk.file(&village(), "站", opinion("桥坏了"), &Contact::default()).unwrap();
    may_write(false);
    kiosk.file(&village(), "站", opinion("路灯不亮"), &Contact::default()).unwrap();
    may_write(true);
    keep(&kiosk, (hub.0, &hub.1), &runtime);
    assert_eq!(runtime.block_on(kiosk.prune(END)).unwrap(), 1);
    kiosk.catch_up().unwrap();
    assert_eq!(lines(&kiosk).len(), 2);
    assert_eq!(runtime.block_on(kiosk.prune(END)).unwrap(), 1);
    assert_eq!(lines(&kiosk).len(), 2);
    assert_eq!(runtime.block_on(hub.1.prune(END)).unwrap(), 0);
}

/// A kiosk whose tables were damaged could not tell any more what had become of an opinion of 35 days before, and could give
/// its number to somebody else.
#[test]
fn tables_that_are_made_anew_get_back_what_the_log_let_go_and_give_no_number_twice_meanwhile() {
    let ((hub, kiosk), runtime) = (county(), Runtime::new().unwrap());
    let (there, here) = (hub.open(), kiosk.open());
    let filed = here.file(&village(), "站", opinion("桥坏了"), &Contact::default()).unwrap();
    keep(&here, (&hub, &there), &runtime);
    while there.write_slips().unwrap() > 0 {}
    carry(&there, &here, Audience::Public);
    assert_eq!(runtime.block_on(here.prune(END)).unwrap(), 1);
    let before = lines(&here);
    assert_eq!(before.len(), 1);
    drop(here);

    let here = Ledger::rebuild(&DataDir::hold(&kiosk.path).unwrap(), &kiosk.identity).unwrap();
    assert!(lines(&here).is_empty());
    assert!(here.reader().is_given(&filed.ticket).unwrap());
    runtime.block_on(here.prune(END)).unwrap();
    carry(&there, &here, Audience::Deputies);
    assert_eq!(lines(&here), before);
}
