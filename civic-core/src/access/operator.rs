//! What an operator of the hub may do: role × right, as far as the operator's area and body reach.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Decision;
use crate::area::Area;

/// As what somebody signs in at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperatorRole {
    /// Registers what comes in, sorts it, speaks with people.
    Clerk,
    /// Decides: assigns, settles, closes, publishes.
    Reviewer,
    /// Handles what was assigned to it.
    Body,
    /// Follows what was said in their areas.
    Deputy,
    /// Presses for what is late.
    Supervisor,
    /// Reads who did what, and does nothing else.
    Auditor,
    /// Looks after users, devices and backups, and reads nobody's words.
    Administrator,
}

impl OperatorRole {
    /// Every role.
    pub const ALL: [OperatorRole; 7] = [
        OperatorRole::Clerk,
        OperatorRole::Reviewer,
        OperatorRole::Body,
        OperatorRole::Deputy,
        OperatorRole::Supervisor,
        OperatorRole::Auditor,
        OperatorRole::Administrator,
    ];

    /// The word on the command line, in the county's file and in tables.
    pub const fn word(self) -> &'static str {
        match self {
            OperatorRole::Clerk => "clerk",
            OperatorRole::Reviewer => "reviewer",
            OperatorRole::Body => "body",
            OperatorRole::Deputy => "deputy",
            OperatorRole::Supervisor => "supervisor",
            OperatorRole::Auditor => "auditor",
            OperatorRole::Administrator => "administrator",
        }
    }

    /// The same in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            OperatorRole::Clerk => "录入员",
            OperatorRole::Reviewer => "审核员",
            OperatorRole::Body => "承办单位",
            OperatorRole::Deputy => "代表",
            OperatorRole::Supervisor => "督办员",
            OperatorRole::Auditor => "审计员",
            OperatorRole::Administrator => "管理员",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What an operator wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read opinions and what was done with them.
    ReadOpinions,
    /// Take a step; which ones, the county's file says for each step.
    TakeSteps,
    /// Correct title, topic, urgency, body.
    CorrectOpinions,
    /// Decide between two things that cannot both hold.
    Settle,
    /// Add words to an opinion.
    AddWords,
    /// Open name and telephone number, with a reason.
    OpenDetails,
    /// Hear and see what was said otherwise than in typed words, with a reason.
    OpenSaid,
    /// Lend the contact of one opinion to one operator who may not open contacts.
    LendContact,
    /// Open the contact that was lent to oneself, and nothing else.
    OpenLent,
    /// Be the second person who agrees to an opening.
    ApproveOpening,
    /// Erase personal details or a whole opinion.
    Erase,
    /// Publish notices, consultations, votes, results.
    Publish,
    /// Count votes and consultations, as they stand.
    Tally,
    /// Make tokens for a vote.
    MakeTokens,
    /// See the devices and what was kept apart.
    SeeDevices,
    /// Expect a new device.
    EnrolDevices,
    /// Let a device in whose digits were compared.
    ApproveDevices,
    /// Strike a device off.
    RevokeDevices,
    /// Add, change and disable operators, and end their sessions.
    ManageUsers,
    /// Read who did what.
    ReadAudit,
    /// Take opinions away as a file.
    Export,
    /// Take them away with the personal details.
    ExportDetails,
    /// Make and look at backups.
    Backup,
    /// Look after one's own password, second factor and sessions.
    OwnAccount,
}

impl Right {
    /// Every right.
    pub const ALL: [Right; 24] = [
        Right::ReadOpinions,
        Right::TakeSteps,
        Right::CorrectOpinions,
        Right::Settle,
        Right::AddWords,
        Right::OpenDetails,
        Right::OpenSaid,
        Right::LendContact,
        Right::OpenLent,
        Right::ApproveOpening,
        Right::Erase,
        Right::Publish,
        Right::Tally,
        Right::MakeTokens,
        Right::SeeDevices,
        Right::EnrolDevices,
        Right::ApproveDevices,
        Right::RevokeDevices,
        Right::ManageUsers,
        Right::ReadAudit,
        Right::Export,
        Right::ExportDetails,
        Right::Backup,
        Right::OwnAccount,
    ];

    /// The word in tables and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Right::ReadOpinions => "read-opinions",
            Right::TakeSteps => "take-steps",
            Right::CorrectOpinions => "correct-opinions",
            Right::Settle => "settle",
            Right::AddWords => "add-words",
            Right::OpenDetails => "open-details",
            Right::OpenSaid => "open-said",
            Right::LendContact => "lend-contact",
            Right::OpenLent => "open-lent",
            Right::ApproveOpening => "approve-opening",
            Right::Erase => "erase",
            Right::Publish => "publish",
            Right::Tally => "tally",
            Right::MakeTokens => "make-tokens",
            Right::SeeDevices => "see-devices",
            Right::EnrolDevices => "enrol-devices",
            Right::ApproveDevices => "approve-devices",
            Right::RevokeDevices => "revoke-devices",
            Right::ManageUsers => "manage-users",
            Right::ReadAudit => "read-audit",
            Right::Export => "export",
            Right::ExportDetails => "export-details",
            Right::Backup => "backup",
            Right::OwnAccount => "own-account",
        }
    }

    /// The same in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Right::ReadOpinions => "查看意见",
            Right::TakeSteps => "办理步骤",
            Right::CorrectOpinions => "更正登记事项",
            Right::Settle => "裁定",
            Right::AddWords => "补充内容",
            Right::OpenDetails => "开启联系方式",
            Right::OpenSaid => "听看原话原样",
            Right::LendContact => "转交联系方式",
            Right::OpenLent => "看转交的",
            Right::ApproveOpening => "同意开启",
            Right::Erase => "删除",
            Right::Publish => "发布",
            Right::Tally => "查看结果",
            Right::MakeTokens => "生成选票号",
            Right::SeeDevices => "查看设备",
            Right::EnrolDevices => "登记设备",
            Right::ApproveDevices => "批准设备",
            Right::RevokeDevices => "注销设备",
            Right::ManageUsers => "管理用户",
            Right::ReadAudit => "查看审计",
            Right::Export => "导出",
            Right::ExportDetails => "导出个人信息",
            Right::Backup => "备份",
            Right::OwnAccount => "本人账号",
        }
    }
}

/// How far a right reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Not at all.
    None,
    /// To what is assigned to the operator's body, in the operator's area.
    Assigned,
    /// To the operator's area.
    Area,
    /// To the county as a whole, and only for an operator whose area is no part of it.
    County,
}

/// The table.
pub fn extent(role: OperatorRole, right: Right) -> Extent {
    use Extent::{Area, Assigned, County, None};
    use OperatorRole::{Administrator, Auditor, Body, Clerk, Deputy, Reviewer, Supervisor};
    match (right, role) {
        // Everybody looks after their own account, and nobody after another's but an administrator.
        (Right::OwnAccount, _) => Area,
        // Who reads what was said, and works with it. A body has only what was assigned to it.
        (Right::ReadOpinions | Right::TakeSteps | Right::AddWords, Clerk | Reviewer | Deputy | Supervisor) => Area,
        (Right::ReadOpinions | Right::TakeSteps | Right::AddWords, Body) => Assigned,
        (Right::CorrectOpinions, Clerk | Reviewer) => Area,
        (Right::Settle, Reviewer) => Area,
        // Whoever must speak with the person. A deputy and a body see the contact of one case, when somebody lends it to them;
        // a body hears what was said to it.
        (Right::OpenDetails, Clerk | Reviewer) => Area,
        (Right::OpenSaid, Clerk | Reviewer) => Area,
        (Right::OpenSaid, Body) => Assigned,
        (Right::LendContact, Reviewer) => Area,
        (Right::OpenLent, Deputy) => Area,
        (Right::OpenLent, Body) => Assigned,
        // The second person is one who decides or who watches over those who do.
        (Right::ApproveOpening, Reviewer | Supervisor) => Area,
        (Right::Erase, Reviewer) => Area,
        // What the county says to everybody, it says as a whole.
        (Right::Publish | Right::MakeTokens, Reviewer) => County,
        (Right::Tally, Clerk | Reviewer | Deputy | Supervisor) => Area,
        (Right::SeeDevices, Clerk | Reviewer | Supervisor | Administrator) => Area,
        (Right::EnrolDevices | Right::ApproveDevices | Right::RevokeDevices, Administrator) => Area,
        (Right::ManageUsers, Administrator) => Area,
        // The log of who did what knows no areas; whoever reads it does nothing else here.
        (Right::ReadAudit, Auditor) => County,
        (Right::Export, Clerk | Reviewer | Supervisor) => Area,
        (Right::Export, Body) => Assigned,
        (Right::ExportDetails, Reviewer) => Area,
        (Right::Backup, Administrator) => County,
        (
            Right::ReadOpinions
            | Right::TakeSteps
            | Right::AddWords
            | Right::CorrectOpinions
            | Right::Settle
            | Right::OpenDetails
            | Right::OpenSaid
            | Right::LendContact
            | Right::OpenLent
            | Right::ApproveOpening
            | Right::Erase
            | Right::Publish
            | Right::MakeTokens
            | Right::Tally
            | Right::SeeDevices
            | Right::EnrolDevices
            | Right::ApproveDevices
            | Right::RevokeDevices
            | Right::ManageUsers
            | Right::ReadAudit
            | Right::Export
            | Right::ExportDetails
            | Right::Backup,
            _,
        ) => None,
    }
}

/// What a right is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// A page or list, which shows no more than the mandate reaches.
    Somewhere,
    /// Something of the county as a whole.
    County,
    /// A place: a device that stands there, an operator who works there.
    Place(&'a Area),
    /// An opinion: where it lies, and the body it is assigned to; empty if to none.
    Opinion {
        /// Where it lies.
        area: &'a Area,
        /// To whom it is assigned.
        body: &'a str,
    },
}

/// What somebody was given to do at the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// As what; in a small county one person may be several.
    pub roles: BTreeSet<OperatorRole>,
    /// Where: any of the five levels, and everything below it.
    pub area: Area,
    /// For which handling body, by its word in the county's file; empty for none.
    pub body: String,
}

/// Why a mandate cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMandate {
    /// It names no role.
    #[error("an operator needs at least one role")]
    NoRole,
    /// Whoever reads what the others did is none of them.
    #[error("an auditor has no other role")]
    AuditorAlone,
    /// Whoever handles what is assigned to a body must be of one.
    #[error("the role body needs a handling body, and the others have none")]
    BodyAndRole,
}

impl Mandate {
    /// Checks that the roles go together.
    pub fn check(&self) -> Result<(), BadMandate> {
        if self.roles.is_empty() {
            return Err(BadMandate::NoRole);
        }
        if self.roles.contains(&OperatorRole::Auditor) && self.roles.len() > 1 {
            return Err(BadMandate::AuditorAlone);
        }
        if self.roles.contains(&OperatorRole::Body) == self.body.is_empty() {
            return Err(BadMandate::BodyAndRole);
        }
        Ok(())
    }

    /// Asks the table.
    pub fn allows(&self, right: Right, about: About<'_>) -> bool {
        self.roles.iter().any(|role| self.reaches(extent(*role, right), about) == Decision::Allow)
    }

    /// Asks the table whether a step may be taken that the county's file gives to `takers`.
    pub fn allows_step(&self, takers: &[OperatorRole], about: About<'_>) -> bool {
        let taking = self.roles.iter().filter(|role| takers.contains(role));
        taking.into_iter().any(|role| self.reaches(extent(*role, Right::TakeSteps), about) == Decision::Allow)
    }

    /// The body to which a list must keep itself; `None` if some role reads more than what is assigned to one.
    pub fn only_body(&self, right: Right) -> Option<&str> {
        let reaches = |extent| self.roles.iter().any(|role| self::extent(*role, right) == extent);
        (reaches(Extent::Assigned) && !reaches(Extent::Area) && !reaches(Extent::County)).then_some(&self.body)
    }

    /// Whether some role opens personal details: then a password alone is not enough to sign in.
    pub fn needs_second_factor(&self) -> bool {
        [
            Right::OpenDetails,
            Right::OpenSaid,
            Right::OpenLent,
            Right::ApproveOpening,
            Right::ExportDetails,
            Right::ManageUsers,
        ]
        .into_iter()
        .any(|right| self.allows(right, About::Somewhere))
    }

    fn reaches(&self, extent: Extent, about: About<'_>) -> Decision {
        let is_whole = self.area.is_county_or_above();
        let is_reached = match (extent, about) {
            (Extent::None, _) => false,
            (Extent::County, About::Somewhere | About::County | About::Place(_) | About::Opinion { .. }) => is_whole,
            (Extent::Assigned | Extent::Area, About::Somewhere) => true,
            (Extent::Area, About::County) => is_whole,
            (Extent::Area, About::Place(area) | About::Opinion { area, .. }) => self.area.covers(area),
            (Extent::Assigned, About::Opinion { area, body }) => {
                !body.is_empty() && body == self.body && self.area.covers(area)
            }
            (Extent::Assigned, About::County | About::Place(_)) => false,
        };
        if is_reached { Decision::Allow } else { Decision::Deny }
    }
}

/// The whole table, as a clerk can read it: a line for each right, a column for each role.
pub fn table() -> String {
    let mut out = String::new();
    let column = |role: OperatorRole| role.word().len().max(width(role.zh())) + 2;
    let mut line = |first: &str, second: &str, cells: &dyn Fn(OperatorRole) -> &'static str| {
        let mut line = format!("{}{}", padded(first, 14), padded(second, 18));
        for role in OperatorRole::ALL {
            line.push_str(&padded(cells(role), column(role)));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    };
    line("权限", "right", &OperatorRole::zh);
    line("", "", &OperatorRole::word);
    for right in Right::ALL {
        line(right.zh(), right.word(), &|role| match extent(role, right) {
            Extent::None => "-",
            Extent::Assigned => "assigned",
            Extent::Area => "area",
            Extent::County => "county",
        });
    }
    out
}

/// How many columns a terminal gives to `text`: two for each Chinese character.
fn width(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mandate(role: OperatorRole, area: &str, body: &str) -> Mandate {
        Mandate { roles: BTreeSet::from([role]), area: Area::parse(area).unwrap(), body: body.into() }
    }

    #[test]
    fn an_operator_at_a_township_reaches_its_prefix_and_nothing_of_the_county() {
        let (inside, outside) = (Area::parse("990127101201").unwrap(), Area::parse("990127102201").unwrap());
        let about = |area| About::Opinion { area, body: "" };
        let reviewer = mandate(OperatorRole::Reviewer, "990127101", "");
        assert!(reviewer.allows(Right::ReadOpinions, about(&inside)));
        assert!(!reviewer.allows(Right::ReadOpinions, about(&outside)));
        assert!(!reviewer.allows(Right::Publish, About::Somewhere), "what the county says, the county says");
        for whole in ["99", "9901", "990127"] {
            assert!(mandate(OperatorRole::Reviewer, whole, "").allows(Right::Publish, About::County));
        }
    }

    #[test]
    fn a_body_reaches_only_what_is_assigned_to_it() {
        let area = Area::parse("990127101201").unwrap();
        let body = mandate(OperatorRole::Body, "990127", "交通局");
        assert!(body.allows(Right::ReadOpinions, About::Opinion { area: &area, body: "交通局" }));
        for other in ["", "水利局"] {
            assert!(!body.allows(Right::ReadOpinions, About::Opinion { area: &area, body: other }), "{other}");
        }
        assert_eq!(body.only_body(Right::ReadOpinions), Some("交通局"));
        let both = Mandate { roles: BTreeSet::from([OperatorRole::Body, OperatorRole::Clerk]), ..body };
        assert_eq!(both.only_body(Right::ReadOpinions), None);
        assert_eq!(mandate(OperatorRole::Body, "990127", "").check(), Err(BadMandate::BodyAndRole));
    }

    #[test]
    fn whoever_reads_the_audit_does_nothing_else_and_whoever_minds_the_users_reads_nobodys_words() {
        for right in Right::ALL {
            let is_theirs = matches!(right, Right::ReadAudit | Right::OwnAccount);
            assert_eq!(extent(OperatorRole::Auditor, right) != Extent::None, is_theirs, "{}", right.word());
        }
        for right in [Right::ReadOpinions, Right::OpenDetails, Right::OpenSaid, Right::Export, Right::ReadAudit] {
            assert_eq!(extent(OperatorRole::Administrator, right), Extent::None);
        }
        let two = BTreeSet::from([OperatorRole::Auditor, OperatorRole::Clerk]);
        assert_eq!(
            Mandate { roles: two, ..mandate(OperatorRole::Clerk, "990127", "") }.check(),
            Err(BadMandate::AuditorAlone)
        );
    }

    #[test]
    fn a_deputy_and_a_body_see_a_contact_only_where_it_was_lent_and_whoever_lends_may_open_it() {
        for role in OperatorRole::ALL {
            let opens = extent(role, Right::OpenDetails) != Extent::None;
            let is_lent_to = extent(role, Right::OpenLent) != Extent::None;
            assert!(!(opens && is_lent_to), "{}", role.word());
            assert!(opens || extent(role, Right::LendContact) == Extent::None, "{}", role.word());
        }
        assert!(mandate(OperatorRole::Deputy, "990127101", "").needs_second_factor());
    }

    #[test]
    fn a_step_is_taken_by_those_to_whom_the_county_gives_it() {
        let area = Area::parse("990127101201").unwrap();
        let about = About::Opinion { area: &area, body: "" };
        let clerk = mandate(OperatorRole::Clerk, "990127", "");
        assert!(clerk.allows_step(&[OperatorRole::Clerk], about));
        assert!(!clerk.allows_step(&[OperatorRole::Reviewer], about));
        assert!(!mandate(OperatorRole::Auditor, "990127", "").allows_step(&OperatorRole::ALL, about));
    }
}
