//! What a program's token permits (spec X-API): the words stand in the database, in the API's document and on the screens.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// Not a word of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an unknown scope")]
pub struct UnknownScope;

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident, $word:literal;)*) => {
        /// One thing that a program may be let do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $($(#[$doc])* $variant,)* }

        impl Scope {
            /// Every scope, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The scope's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for Scope {
            type Err = UnknownScope;
            fn from_str(word: &str) -> Result<Self, UnknownScope> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(UnknownScope) }
            }
        }
    };
}

scopes! {
    /// Begin, fill, send and take back deposits.
    Deposit, "deposits:write";
    /// See what was sent, and who took it.
    Read, "deposits:read";
    /// Cancel what was sent, whole or for one recipient.
    Cancel, "deposits:cancel";
    /// Read the section's audit log.
    Audit, "audit:read";
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some scopes, each once; written with blanks between them, as RFC 6749 (3.3) has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// All there are.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;
    fn from_str(words: &str) -> Result<Self, UnknownScope> {
        words.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-API
    #[test]
    fn scopes_are_read_back_as_they_are_written() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        let some: Scopes = "audit:read deposits:write audit:read".parse().unwrap();
        assert_eq!(some.to_string(), "deposits:write audit:read");
        assert!(some.contains(Scope::Audit) && !some.contains(Scope::Read));
        assert!("".parse::<Scopes>().unwrap().is_empty());
        assert_eq!("deposits:all".parse::<Scopes>(), Err(UnknownScope));
        assert_eq!(Scopes::all().to_string().parse(), Ok(Scopes::all()));
    }
}
