//! Who may do what: one table, and nothing decides beside it. Of devices it is role × audience × place × action; of
//! operators role × right ([`operator`]).

pub mod operator;

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    space::{Audience, Space},
};

/// What a device is enrolled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 自助终端: stands in a village.
    Kiosk,
    /// 代表: a deputy's app.
    Deputy,
    /// 县级平台: the hub, or a hub under it.
    Hub,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Kiosk, Role::Deputy, Role::Hub];

    /// The word on the command line and in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Kiosk => "kiosk",
            Role::Deputy => "deputy",
            Role::Hub => "hub",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What a device wants to do with a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Receive what others wrote there.
    Read,
    /// Add entries of its own.
    Write,
}

/// Whether the space lies in an area that the device was enrolled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In one of its areas.
    Own,
    /// Elsewhere in the county.
    Elsewhere,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// The table.
pub fn decide(role: Role, action: Action, audience: Audience, reach: Reach) -> Decision {
    use Decision::{Allow, Deny};
    match (role, action, audience, reach) {
        // The hub keeps everything of its county and speaks for it.
        (Role::Hub, _, _, Reach::Own) => Allow,
        // A hub beneath another one hears what is for every device, for its own devices hear it from nobody else.
        (Role::Hub, Action::Read, Audience::Public, Reach::Elsewhere) => Allow,
        (Role::Hub, Action::Read, Audience::Deputies | Audience::County, Reach::Elsewhere) => Deny,
        (Role::Hub, Action::Write, _, Reach::Elsewhere) => Deny,
        // Slips and notices are for every device; only the hub writes them.
        (Role::Kiosk | Role::Deputy, Action::Read, Audience::Public, _) => Allow,
        (Role::Kiosk | Role::Deputy, Action::Write, Audience::Public, _) => Deny,
        // A kiosk takes down its village's words and does not read other people's.
        (Role::Kiosk, Action::Write, Audience::Deputies, Reach::Own) => Allow,
        (Role::Kiosk, Action::Write, Audience::Deputies, Reach::Elsewhere) => Deny,
        (Role::Kiosk, Action::Read, Audience::Deputies, _) => Deny,
        // A deputy works with what was said in their areas.
        (Role::Deputy, _, Audience::Deputies, Reach::Own) => Allow,
        (Role::Deputy, _, Audience::Deputies, Reach::Elsewhere) => Deny,
        // Sealed to the county: whoever takes it down writes it, nobody but the hub receives it.
        (Role::Kiosk | Role::Deputy, Action::Write, Audience::County, Reach::Own) => Allow,
        (Role::Kiosk | Role::Deputy, Action::Write, Audience::County, Reach::Elsewhere) => Deny,
        (Role::Kiosk | Role::Deputy, Action::Read, Audience::County, _) => Deny,
    }
}

/// What a device is enrolled as, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Its role.
    pub role: Role,
    /// Its areas.
    pub areas: Vec<Area>,
}

impl Scope {
    /// Asks the table.
    pub fn allows(&self, action: Action, space: &Space) -> bool {
        let is_own = self.areas.iter().any(|area| area.covers(&space.area));
        let reach = if is_own { Reach::Own } else { Reach::Elsewhere };
        decide(self.role, action, space.audience, reach) == Decision::Allow
    }
}

/// The whole table, as a clerk can read it.
pub fn table() -> String {
    let mut out = String::from("role    action  audience  own area  elsewhere\n");
    for role in Role::ALL {
        for (action, word) in [(Action::Read, "read"), (Action::Write, "write")] {
            for audience in Audience::ALL {
                let mark = |reach| match decide(role, action, audience, reach) {
                    Decision::Allow => "yes",
                    Decision::Deny => "-",
                };
                out.push_str(&format!(
                    "{:<7} {word:<7} {:<9} {:<9} {}\n",
                    role.word(),
                    audience.word(),
                    mark(Reach::Own),
                    mark(Reach::Elsewhere)
                ));
            }
        }
    }
    out.push('\n');
    out.push_str(&operator::table());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kiosk_writes_its_village_and_reads_only_what_is_public() {
        let village = Area::parse("990101101201").unwrap();
        let kiosk = Scope { role: Role::Kiosk, areas: vec![village.clone()] };
        let other = Area::parse("990101101202").unwrap();
        assert!(kiosk.allows(Action::Write, &Space::new(village.clone(), Audience::Deputies)));
        assert!(!kiosk.allows(Action::Read, &Space::new(village, Audience::Deputies)));
        assert!(!kiosk.allows(Action::Write, &Space::new(other.clone(), Audience::Deputies)));
        assert!(kiosk.allows(Action::Read, &Space::new(other, Audience::Public)));
    }

    #[test]
    fn nobody_but_the_hub_reads_what_is_sealed_to_the_county() {
        for role in [Role::Kiosk, Role::Deputy] {
            for reach in [Reach::Own, Reach::Elsewhere] {
                assert_eq!(decide(role, Action::Read, Audience::County, reach), Decision::Deny);
            }
        }
    }
}
