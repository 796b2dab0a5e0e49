//! Typed ids. A function that takes a [`MailId`] cannot be given a [`DepositId`] by mistake.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An id that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: UUID version 7, so that ids sort by the time they were made.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id's 16 octets, as they stand in authenticated data.
            #[must_use]
            pub const fn octets(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id with these 16 octets (for ids derived from a digest).
            #[must_use]
            pub const fn from_octets(octets: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(octets))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

uuid_id!(
    /// A mail that the gateway has in hand. Also the idempotency key of its deposit.
    MailId
);
uuid_id!(
    /// A deposit (お預かり): one set of files sent to some recipients.
    DepositId
);
uuid_id!(
    /// One recipient's link to one deposit.
    LinkId
);
uuid_id!(
    /// A mail that the post office has in hand.
    OutgoingId
);
uuid_id!(
    /// One recipient of one outgoing mail.
    DeliveryId
);
uuid_id!(
    /// A sealed object in the vault.
    ObjectId
);
uuid_id!(
    /// Somebody who signs in: an operator, or a section's user.
    AccountId
);
uuid_id!(
    /// A file on its way from somebody who sends it on a page.
    UploadId
);
uuid_id!(
    /// A maintenance window.
    MaintenanceId
);
uuid_id!(
    /// What an operator announces.
    AnnouncementId
);
uuid_id!(
    /// A token by which a program uses the API for a section.
    ApiTokenId
);
uuid_id!(
    /// One process, as long as it runs: whose leases are whose.
    NodeId
);

/// A section (セクション): one customer. The operator chooses the id; it is 1 to 64 of `a-z`, `0-9` and `-`,
/// and begins with a letter or a digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct SectionId(String);

impl SectionId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SectionId {
    /// The section whose key seals what is the installation's own. No customer can have its id.
    #[must_use]
    pub fn installation() -> Self {
        Self("installation".to_owned())
    }
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SectionId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=64).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId) }
    }
}

impl TryFrom<String> for SectionId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<SectionId> for String {
    fn from(id: SectionId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_id_is_a_plain_slug() {
        for good in ["acme", "a", "0-9", &"x".repeat(64)] {
            assert!(good.parse::<SectionId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "Acme", "a b", "a/b", "文", &"x".repeat(65)] {
            assert!(bad.parse::<SectionId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_survives_its_text() {
        let id = MailId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("not-an-id".parse::<MailId>().is_err());
    }
}
