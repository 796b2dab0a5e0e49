//! Character references (HTML, 13.2.5.72 to 13.2.5.80): what they stand for.

/// Longer names are none of those that matter.
pub(crate) const MAX_NAME: usize = 24;

/// The named references that stand for an ASCII character: what a URL, a Content-ID, CSS and armour are made of; and
/// white space that people do not tell from a space. The others never decide anything.
const NAMED: [(&str, char); 51] = [
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("amp", '&'),
    ("AMP", '&'),
    ("apos", '\''),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("lt", '<'),
    ("LT", '<'),
    ("equals", '='),
    ("gt", '>'),
    ("GT", '>'),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("DiacriticalGrave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("VerticalLine", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("nbsp", '\u{a0}'),
    ("NonBreakingSpace", '\u{a0}'),
    ("shy", '\u{ad}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("ZeroWidthSpace", '\u{200b}'),
];

/// Names that need no semicolon.
const BARE: [&str; 10] = ["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT", "nbsp", "shy"];

/// What the reference of this name stands for, where it is one of those that matter.
pub(crate) fn named(name: &str, semicolon: bool) -> Option<char> {
    if !semicolon && !BARE.contains(&name) {
        return None;
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// What the reference with this number stands for. One that stands for no
/// character gives U+FFFD.
pub(crate) fn numbered(value: u32) -> char {
    char::from_u32(value).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A number with one more digit; too large stays too large.
pub(crate) fn with_digit(value: u32, radix: u32, digit: u32) -> u32 {
    value.saturating_mul(radix).saturating_add(digit)
}
