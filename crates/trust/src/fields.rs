//! Header fields as they stand, and which of them a signature of ours covers (RFC 6376, 5.4).

/// Signed once more than they stand, present or not: nobody can add another without breaking the signature.
pub(crate) const OVERSIGNED: [&str; 5] = ["From", "To", "Subject", "Date", "Content-Type"];

/// Signed as often as they stand.
pub(crate) const SIGNED_WHERE_PRESENT: [&str; 16] = [
    "Cc",
    "Sender",
    "Reply-To",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// How often each field that our signature covers stands among these; those that do.
pub(crate) fn signable<'a>(all: impl Iterator<Item = &'a [u8]>) -> Vec<(&'static str, usize)> {
    let mut found: Vec<(&'static str, usize)> =
        OVERSIGNED.iter().chain(&SIGNED_WHERE_PRESENT).map(|name| (*name, 0)).collect();
    for name in all.filter_map(name) {
        if let Some((_, count)) = found.iter_mut().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())) {
            *count += 1;
        }
    }
    found.retain(|(_, count)| *count > 0);
    found
}

/// The fields to be signed out of a header section, in its order, each with its line ends and without white space before
/// its colon (relaxed canonicalization takes that away as well, but a signer that compares names would miss the field);
/// and their names as the lists above have them.
///
/// Lines that are no field are left out: no verifier picks them for `h=`.
pub(crate) fn select(header: &[u8]) -> (Vec<u8>, Vec<&'static str>) {
    let mut fields = Vec::new();
    let mut names = Vec::new();
    for field in split(header) {
        let Some(colon) = field.iter().position(|&octet| octet == b':') else { continue };
        let name = field[..colon].trim_ascii_end();
        let known = OVERSIGNED.iter().chain(&SIGNED_WHERE_PRESENT).find(|k| name.eq_ignore_ascii_case(k.as_bytes()));
        if let Some(known) = known {
            fields.extend_from_slice(name);
            fields.extend_from_slice(&field[colon..]);
            if !fields.ends_with(b"\r\n") {
                fields.extend_from_slice(b"\r\n");
            }
            names.push(*known);
        }
    }
    (fields, names)
}

/// The fields of a header section in its order, each with its line ends; lines that are no field among them.
pub(crate) fn split(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let (field, after) = rest.split_at(field_end(rest));
        rest = after;
        (!field.is_empty()).then_some(field)
    })
}

/// A field's name, without white space before its colon; none where it is no field.
pub(crate) fn name(field: &[u8]) -> Option<&[u8]> {
    let colon = field.iter().position(|&octet| octet == b':')?;
    Some(field[..colon].trim_ascii_end())
}

/// Whether this is a field: a name of visible ASCII (RFC 5322, 2.2) and a colon; careless mailers leave white space and control characters
/// between. What is not ends the header for many a reader.
pub(crate) fn is_field(field: &[u8]) -> bool {
    let Some(colon) = field.iter().position(|&octet| octet == b':') else { return false };
    let name = field[..colon].iter().take_while(|octet| octet.is_ascii_graphic()).count();
    name > 0
        && field[name..colon].iter().all(|&octet| octet <= b' ' || octet == 0x7f)
        && !field[..colon].contains(&b'\n')
}

/// Where the header section ends (after its last line end) and the body begins, looking at `header[from..]`.
pub(crate) fn header_end(header: &[u8], from: usize) -> Option<(usize, usize)> {
    if header.starts_with(b"\r\n") {
        return Some((0, 2));
    }
    let at = header[from..].windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((from + at + 2, from + at + 4))
}

/// Where the field that `header` begins with ends: after the line end that no white space follows.
fn field_end(header: &[u8]) -> usize {
    let mut from = 0;
    while let Some(offset) = header[from..].iter().position(|&octet| octet == b'\n') {
        from += offset + 1;
        if !matches!(header.get(from), Some(b' ' | b'\t')) {
            return from;
        }
    }
    header.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_to_be_signed_are_taken() {
        let (fields, names) =
            select(b"Received: x\r\nFROM : a@b\r\nnonsense\r\nSubject:a\r\n b\r\n\tc\r\nX-To: d\r\nlist-id: <l>");
        assert_eq!(fields, b"FROM: a@b\r\nSubject:a\r\n b\r\n\tc\r\nlist-id: <l>\r\n");
        assert_eq!(names, ["From", "Subject", "List-Id"]);
    }
}
