//! What parts are called (spec MAIL-NAMES): encoded words, parameters, and which of them is the file's name.

mod parameters;
mod words;

pub(crate) use parameters::Parameters;
pub use words::decode_words;
pub(crate) use words::{escape_raw, labels, unfold, word_at};

use crate::header::Field;

/// A part's file name: `filename*` before `filename` of its Content-Disposition before `name*` and `name` of its
/// Content-Type; decoded, as sent, without white space round it. Names that are empty are none.
#[must_use]
pub fn file_name(disposition: Option<&Field>, content_type: Option<&Field>) -> Option<String> {
    let of = |field: Option<&Field>, name: &str| {
        field.and_then(|field| Parameters::parse(&field.text()).text(name)).filter(|value| !value.is_empty())
    };
    of(disposition, "filename")
        .or_else(|| of(content_type, "name"))
        // Some mailers mix the two up.
        .or_else(|| of(disposition, "name"))
        .or_else(|| of(content_type, "filename"))
}

#[cfg(test)]
mod tests;
