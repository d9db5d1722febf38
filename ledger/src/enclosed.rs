//! What comes with an opinion beside its words: a voice, a drawing, a photo. Each is sealed to the county's key before it is
//! written, and written in the transaction of its record; nothing of it lies on this disk in the clear.

use std::fmt;

use civic_core::{
    attachment::{Attached, AttachmentKind},
    document::DocumentError,
    id::{AttachmentId, DocId},
    opening::Deposit,
    opinion::NewOpinion,
    seal::{self, Contact, SealKey, Seed},
};
use replica::store::attachment::{AttachError, AttachmentLine, NewAttachment};

use crate::{Ledger, LedgerError};

/// An attachment as it was taken, in the clear. It is gone once it is filed.
#[derive(Clone, PartialEq, Eq)]
pub struct Enclosed {
    kind: AttachmentKind,
    bytes: Vec<u8>,
    seconds: Option<u32>,
}

impl Enclosed {
    /// A voice recording, Opus, of at most [`civic_core::attachment::VOICE_SECONDS_MAX`] seconds.
    pub fn voice(opus: Vec<u8>, seconds: u32) -> Self {
        Self { kind: AttachmentKind::Voice, bytes: opus, seconds: Some(seconds) }
    }

    /// A drawing.
    pub fn ink(bytes: Vec<u8>) -> Self {
        Self { kind: AttachmentKind::Ink, bytes, seconds: None }
    }

    /// A photo.
    pub fn photo(bytes: Vec<u8>) -> Self {
        Self { kind: AttachmentKind::Photo, bytes, seconds: None }
    }
}

impl fmt::Debug for Enclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enclosed({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

/// An opinion as it was heard.
#[derive(Clone, Default)]
pub struct Heard {
    /// What was said. Its words may be empty if it was spoken.
    pub new: NewOpinion,
    /// Who said it, if they chose to.
    pub contact: Contact,
    /// What came with it, at most [`civic_core::attachment::ATTACHMENTS_MAX`].
    pub enclosed: Vec<Enclosed>,
    /// What the person was given that opens its slip; nothing where nobody is there to take it.
    pub opening: Option<Deposit>,
    /// Whether it is kept from the village: all of it is sealed to the county, and filed there ([`civic_core::confided`]).
    pub is_kept: bool,
}

impl From<(NewOpinion, Contact)> for Heard {
    fn from((new, contact): (NewOpinion, Contact)) -> Self {
        Self { new, contact, ..Self::default() }
    }
}

/// Where an attachment is, as far as receipts and this disk prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// 在本机: here, and nowhere else that is known.
    Here,
    /// 在路上: the hub has a part of it.
    OnRoad,
    /// 县里已收: the hub signed for all of it; at the hub, all of it is on its disk.
    Received,
    /// Nothing of it is here: it lies on the device that took it, or at the county.
    Elsewhere,
}

/// An attachment of an opinion as this installation knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enclosure {
    /// As the record names it.
    pub attached: Attached,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// How many bytes, as sealed; `None` if nothing of it is here.
    pub length: Option<u64>,
    /// Of these, how many are on the hub's disk.
    pub arrived: u64,
}

impl Ledger {
    /// Seals what came with the record `doc`: how the record names each, and what is written beside it. The same bytes for
    /// the same record are sealed alike to the same key, so that a form sent again is known again.
    pub(crate) fn enclose(
        &self,
        doc: &DocId,
        enclosed: &[Enclosed],
    ) -> Result<Vec<(Attached, NewAttachment)>, LedgerError> {
        self.enclose_to(&self.seal_key()?, doc, enclosed)
    }

    /// Whether a record that is here names just this, sealed to whichever key was the newest when it was written.
    pub(crate) fn is_enclosed(
        &self,
        doc: &DocId,
        enclosed: &[Enclosed],
        attached: &[Attached],
    ) -> Result<bool, LedgerError> {
        if enclosed.len() != attached.len() {
            return Ok(false);
        }
        let mut keys = self.log().seal_keys()?;
        keys.push(self.card().seal_key);
        for key in keys {
            let sealed = self.enclose_to(&key, doc, enclosed)?;
            if sealed.iter().map(|(named, _)| named).eq(attached) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn enclose_to(
        &self,
        key: &SealKey,
        doc: &DocId,
        enclosed: &[Enclosed],
    ) -> Result<Vec<(Attached, NewAttachment)>, LedgerError> {
        let one = |Enclosed { kind, bytes, seconds }: &Enclosed| {
            if bytes.is_empty() {
                return Err(DocumentError::Limit("the attachment is empty").into());
            }
            let seed = Seed::of_attachment(&self.inner.secret, doc, *kind, bytes);
            let sealed = seal::seal_attachment(key, doc, *kind, bytes, seed)?;
            let new =
                NewAttachment::new(*kind, sealed).map_err(|_| DocumentError::Limit("the attachment is too long"))?;
            Ok((Attached { id: new.id(), kind: *kind, seconds: *seconds }, new))
        };
        enclosed.iter().map(one).collect()
    }

    /// What is known of the attachments that a record names.
    pub(crate) fn enclosures(&self, attached: &[Attached]) -> Result<Vec<Enclosure>, LedgerError> {
        attached
            .iter()
            .map(|attached| Ok(self.enclosure(*attached, self.inner.log.attachment_line(&attached.id)?)))
            .collect()
    }

    fn enclosure(&self, attached: Attached, line: Option<AttachmentLine>) -> Enclosure {
        let Some(line) = line else {
            return Enclosure { attached, whereabouts: Whereabouts::Elsewhere, length: None, arrived: 0 };
        };
        let (arrived, is_received) = match self.is_hub() {
            true => (line.held, line.held == line.length),
            false => (line.confirmed, line.receipted_at.is_some()),
        };
        let whereabouts = if is_received {
            Whereabouts::Received
        } else if arrived > 0 {
            Whereabouts::OnRoad
        } else if line.held > 0 {
            Whereabouts::Here
        } else {
            Whereabouts::Elsewhere
        };
        Enclosure { attached, whereabouts, length: Some(line.length), arrived }
    }

    /// The sealed bytes of an attachment, verified; `None` if they are not here. Only the county's key opens them
    /// ([`seal::open_attachment`]).
    pub fn sealed_attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.inner.log.attachment(id)?)
    }
}

impl From<AttachError> for LedgerError {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Store(error) => LedgerError::Store(error),
            AttachError::Full => {
                DocumentError::Limit("too many attachments wait here for the road; file it without them").into()
            }
        }
    }
}
