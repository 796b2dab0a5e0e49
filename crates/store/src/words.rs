//! Enums as the words that stand in the database.

/// Gives an enum its words: `as_str`, and reading by `FromStr`.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it, as it is kept and shown to the operator.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::Unknown;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word { $($word => Ok(Self::$variant),)* _ => Err($crate::words::Unknown) }
            }
        }
    };
}
pub(crate) use words;

/// A word that is none of the enum's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an unknown word")]
pub struct Unknown;

/// The first `limit` characters: replies and causes come from outside and may be of any length.
pub(crate) fn clip(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Characters kept of a reply or a cause.
pub(crate) const REPLY: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(clip("文箱です", 2), "文箱");
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("", 3), "");
    }
}
