//! Character references in HTML, as they matter for finding a URL or a line of text.

/// A reference longer than this is none of ours.
const MAX: usize = 32;

/// Decodes character references as characters pass.
#[derive(Debug, Default)]
pub(super) struct Entities {
    /// `&` and what followed it.
    held: String,
}

impl Entities {
    /// Takes the next character; gives decoded ones.
    pub(super) fn push(&mut self, c: char, out: &mut impl FnMut(char)) {
        if self.held.is_empty() {
            if c == '&' {
                self.held.push(c);
            } else {
                out(c);
            }
            return;
        }
        let belongs = c.is_ascii_alphanumeric() || (c == '#' && self.held == "&");
        if belongs && self.held.len() < MAX && !self.number_ends(c) {
            self.held.push(c);
            return;
        }
        self.end(c == ';', out);
        if c == '&' {
            self.held.push(c);
        } else if c != ';' {
            out(c);
        }
    }

    /// Whether nothing is held.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, out: &mut impl FnMut(char)) {
        if !self.held.is_empty() {
            self.end(false, out);
        }
    }

    /// A number ends at the first character that is no digit, with a semicolon or without.
    fn number_ends(&self, c: char) -> bool {
        match self.held.as_bytes() {
            [b'&', b'#'] => !(c.is_ascii_digit() || matches!(c, 'x' | 'X')),
            [b'&', b'#', b'x' | b'X', ..] => !c.is_ascii_hexdigit(),
            [b'&', b'#', ..] => !c.is_ascii_digit(),
            _ => false,
        }
    }

    fn end(&mut self, semicolon: bool, out: &mut impl FnMut(char)) {
        let held = std::mem::take(&mut self.held);
        let name = &held[1..];
        match decoded(name, semicolon) {
            Some(c) => out(c),
            None => {
                held.chars().for_each(&mut *out);
                if semicolon {
                    out(';');
                }
            }
        }
    }
}

fn decoded(name: &str, semicolon: bool) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let value = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some(char::from_u32(value).unwrap_or('\u{fffd}'));
    }
    // Those that HTML knows without a semicolon too.
    match name {
        "amp" | "AMP" => return Some('&'),
        "lt" | "LT" => return Some('<'),
        "gt" | "GT" => return Some('>'),
        "quot" | "QUOT" => return Some('"'),
        "nbsp" => return Some('\u{a0}'),
        "shy" => return Some('\u{ad}'),
        _ if !semicolon => return None,
        _ => {}
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// Those that stand for ASCII (the HTML standard, 13.5): nothing else can be in `data:`, in CSS's marks or in armour.
const NAMED: [(&str, char); 41] = [
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
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
    ("equals", '='),
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
    ("NonBreakingSpace", '\u{a0}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("ZeroWidthSpace", '\u{200b}'),
];
