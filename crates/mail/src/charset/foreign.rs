//! Charsets that are not read here and in which ASCII octets are not ASCII: what is looked for in them cannot be found.

/// Labels by their beginnings, without marks: stateful ones, those that compress, those that write characters as others,
/// and forms of Unicode by names that are not known here.
const STARTS: [&str; 24] = [
    "hz",
    "iso2022kr",
    "csiso2022kr",
    "iso2022cn",
    "csiso2022cn",
    "scsu",
    "cscsu",
    "bocu",
    "csbocu",
    "ebcdic",
    "csebcdic",
    "utfebcdic",
    "utf7",
    "utf16",
    "utf32",
    "ucs2",
    "ucs4",
    "imap",
    "unicodeescape",
    "rawunicodeescape",
    "punycode",
    "idna",
    "rot13",
    "uu",
];
/// What stands before a code page's number.
const PAGES: [&str; 6] = ["csibm", "ibmebcdic", "ibm", "ccsid", "cp", "windows"];
/// Code pages that show ASCII, by number; most of the others are IBM's mainframes' (EBCDIC).
const ASCII: [(u32, u32); 42] = [
    (367, 367),
    (437, 437),
    (708, 720),
    (737, 737),
    (775, 775),
    (806, 806),
    (808, 808),
    (813, 813),
    (819, 819),
    (848, 869),
    (872, 872),
    (874, 874),
    (878, 878),
    (891, 891),
    (895, 897),
    (901, 904),
    (912, 916),
    (919, 923),
    (932, 932),
    (934, 934),
    (936, 936),
    (938, 938),
    (942, 952),
    (954, 954),
    (964, 964),
    (970, 970),
    (1004, 1004),
    (1006, 1006),
    (1008, 1019),
    (1040, 1046),
    (1051, 1051),
    (1088, 1092),
    (1098, 1098),
    (1124, 1129),
    (1131, 1131),
    (1133, 1133),
    (1161, 1163),
    (1250, 1258),
    (1350, 1386),
    (10000, 10100),
    (20127, 20269),
    (20866, 65535),
];
/// Among those, such as are EBCDIC or stateful nevertheless.
const NOT_ASCII: [(u32, u32); 12] = [
    (1364, 1364),
    (1371, 1371),
    (1376, 1379),
    (20273, 20424),
    (20833, 20838),
    (20871, 20871),
    (20880, 20924),
    (21025, 21027),
    (28709, 28709),
    (50225, 50239),
    (50930, 50939),
    (52936, 52936),
];
/// Numbers that name a page without anything before them: EBCDIC.
const BARE: [u32; 22] =
    [37, 273, 277, 278, 280, 284, 285, 290, 297, 500, 871, 930, 933, 935, 937, 939, 1026, 1047, 1140, 1148, 5026, 5035];

/// Whether text with this label, in lower case and without marks, is written in one of them.
pub(super) fn hides_ascii(bare: &str) -> bool {
    let is_page = |prefix: &&str| {
        let number = bare.strip_prefix(*prefix).map(|rest| rest.trim_end_matches(|c: char| !c.is_ascii_digit()));
        number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| !shows_ascii(number))
    };
    let is_number = bare.parse::<u32>().is_ok_and(|number| BARE.contains(&number));
    STARTS.iter().any(|start| bare.starts_with(start)) || PAGES.iter().any(is_page) || is_number
}

fn shows_ascii(page: u32) -> bool {
    let is_in = |ranges: &[(u32, u32)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&page));
    is_in(&ASCII) && !is_in(&NOT_ASCII)
}
