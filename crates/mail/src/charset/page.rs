//! Code pages by their numbers (MS-UCODEREF, 2.2.1; IANA's names for IBM's and those of DOS).

use encoding_rs::Encoding;
use oem_cp::{code_table::DECODING_TABLE_CP_MAP, code_table_type::TableType};

use super::label::Known;

/// What stands before a number in a label without marks.
const PREFIXES: [&str; 10] = ["cspc8codepage", "windows", "csibm", "ccsid", "ibm", "win", "oem", "dos", "cp", "ms"];

/// The charset whose label, in lower case and without marks, is a code page's number, with or without what stands before it.
pub(super) fn by_number(bare: &str) -> Option<Known> {
    let number = PREFIXES.iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare);
    let page = match bare {
        "cspc850multilingual" | "pcmultilingual850euro" => 850,
        "cspcp852" => 852,
        "cspc862latinhebrew" => 862,
        "cspc775baltic" => 775,
        _ if number.bytes().all(|octet| octet.is_ascii_digit()) => number.parse().ok()?,
        _ => return None,
    };
    let label = label_of(page).and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    label.map(Known::Other).or_else(|| dos(page))
}

/// A page of DOS, which has one octet a character.
fn dos(page: u32) -> Option<Known> {
    DECODING_TABLE_CP_MAP.get(&u16::try_from(page).ok()?).map(Known::Dos)
}

/// Appends text in a page of DOS.
pub(super) fn decode(table: &TableType, octets: &[u8], out: &mut String) {
    out.push_str(&table.decode_string_lossy(octets));
}

/// The charset that a code page of Windows is; none for those that are not known, and for ASCII, which often is something
/// else.
pub(crate) fn label_of(codepage: u32) -> Option<String> {
    let label = match codepage {
        932 | 10001 => "shift_jis",
        936 | 10008 | 51936 => "gbk",
        949 | 10003 | 51949 => "euc-kr",
        950 | 10002 => "big5",
        874 => "windows-874",
        866 => "ibm866",
        1200 => "utf-16le",
        1201 => "utf-16be",
        1250..=1258 => return Some(format!("windows-{codepage}")),
        10000 => "macintosh",
        10007 => "x-mac-cyrillic",
        20866 => "koi8-r",
        21866 => "koi8-u",
        20932 | 51932 => "euc-jp",
        28591..=28606 => return Some(format!("iso-8859-{}", codepage - 28590)),
        38598 => "iso-8859-8-i",
        50220..=50222 => "iso-2022-jp",
        54936 => "gb18030",
        65000 => "utf-7",
        65001 => "utf-8",
        _ => return None,
    };
    Some(label.to_owned())
}
