//! Charsets that are not read here and in which ASCII octets are not ASCII: what is looked for in them cannot be found.

/// Labels by their beginnings, without marks: stateful ones, and those that compress.
const STARTS: [&str; 12] = [
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
];
/// Code pages of IBM's mainframes (EBCDIC), by number.
const EBCDIC: [u32; 68] = [
    37, 256, 273, 274, 275, 277, 278, 280, 281, 284, 285, 290, 297, 410, 420, 421, 423, 424, 425, 500, 833, 836, 838,
    870, 871, 875, 880, 892, 893, 905, 918, 924, 930, 931, 933, 935, 937, 939, 1005, 1025, 1026, 1027, 1047, 1069,
    1070, 1097, 1110, 1112, 1122, 1123, 1130, 1132, 1137, 1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149,
    1364, 1371, 1388, 1390, 1399,
];
/// What stands before such a number.
const PAGES: [&str; 7] = ["csibm", "ibmebcdic", "ibm", "xibm", "ccsid", "cp", "xcp"];

/// Whether text with this label, in lower case, is written in one of them.
pub(super) fn hides_ascii(label: &str) -> bool {
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let bare =
        bare.strip_prefix("x").filter(|rest| STARTS.iter().any(|start| rest.starts_with(start))).unwrap_or(&bare);
    let is_page = |prefix: &&str| {
        let number = bare.strip_prefix(*prefix).map(|rest| rest.trim_end_matches(|c: char| !c.is_ascii_digit()));
        number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| EBCDIC.contains(&number))
    };
    let is_number = bare.parse::<u32>().is_ok_and(|number| EBCDIC.contains(&number));
    STARTS.iter().any(|start| bare.starts_with(start)) || PAGES.iter().any(is_page) || is_number
}
