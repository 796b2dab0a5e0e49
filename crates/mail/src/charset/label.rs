//! Labels: what charset a name means, and what it means that nobody knows it.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874};
use oem_cp::code_table_type::TableType;

use super::{foreign, page};

/// A charset that is read here.
pub(super) enum Known {
    Jis,
    Utf7,
    /// In an order that a mark says, or nobody.
    Utf16,
    /// And whether its octets are little-endian, where the label says so.
    Utf32(Option<bool>),
    /// A code page of DOS.
    Dos(&'static TableType),
    Other(&'static Encoding),
}

/// A label as it is compared.
pub(super) fn normal(label: &str) -> String {
    label.trim().trim_matches(['"', '\'']).trim().to_ascii_lowercase()
}

/// The charset that a normal label means: by the names of browsers, and by those of others, who leave out or put in marks.
pub(super) fn known(label: &str) -> Option<Known> {
    if let Some(known) = by_bare_name(&bare(label)) {
        return known;
    }
    let spelt = [label.to_owned(), label.replace('_', "-"), bare(label)];
    let by_label = spelt.iter().find_map(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    by_label.map(Known::Other).or_else(|| page::by_number(&spelt[2]))
}

/// A label without its marks and what stands before names that are one's own.
pub(super) fn bare(label: &str) -> String {
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    // No name but `x` and what follows it.
    bare.strip_prefix('x').map(str::to_owned).filter(|rest| !rest.is_empty()).unwrap_or(bare)
}

/// Those that browsers do not know, or know as something else. `Some(None)`: what calls itself ASCII and has other octets
/// is something else.
fn by_bare_name(bare: &str) -> Option<Option<Known>> {
    Some(Some(match bare {
        "usascii" | "ascii" | "ansix341968" | "ansix341986" | "iso646irv1991" | "iso646us" | "cp367" | "ibm367"
        | "cp20127" | "us" => {
            return Some(None);
        }
        _ if is_jis(bare) => Known::Jis,
        "utf7" | "u7" | "unicode11utf7" | "unicode20utf7" | "csutf7" | "csunicode11utf7" => Known::Utf7,
        "cp65000" | "windows65000" | "65000" => Known::Utf7,
        "utf16" | "u16" | "ucs2" | "iso10646ucs2" | "csunicode" | "unicode" | "csutf16" => Known::Utf16,
        "utf16le" | "utf16lebom" | "utf16bomle" | "ucs2le" | "unicodelittle" | "unicodelittleunmarked" => {
            Known::Other(UTF_16LE)
        }
        "cp1200" | "windows1200" | "csutf16le" => Known::Other(UTF_16LE),
        "utf16be" | "utf16bebom" | "utf16bombe" | "ucs2be" | "unicodebig" | "unicodebigunmarked" => {
            Known::Other(UTF_16BE)
        }
        "cp1201" | "windows1201" | "csutf16be" => Known::Other(UTF_16BE),
        "utf32" | "u32" | "ucs4" | "iso10646ucs4" | "csucs4" | "csutf32" => Known::Utf32(None),
        "utf32le" | "utf32lebom" | "ucs4le" | "cp12000" | "csutf32le" => Known::Utf32(Some(true)),
        "utf32be" | "utf32bebom" | "ucs4be" | "cp12001" | "csutf32be" => Known::Utf32(Some(false)),
        _ if is_shift_jis(bare) => Known::Other(SHIFT_JIS),
        _ if is_euc_jp(bare) => Known::Other(EUC_JP),
        // UHC, as which everybody reads EUC-KR.
        "euckr" | "uhc" | "ksx1001" => Known::Other(EUC_KR),
        "euccn" => Known::Other(GBK),
        "tis620" => Known::Other(WINDOWS_874),
        _ if bare.starts_with("utf8") => Known::Other(UTF_8),
        _ => return None,
    }))
}

fn is_jis(bare: &str) -> bool {
    bare.starts_with("iso2022jp")
        || matches!(bare, "csiso2022jp" | "csiso2022jp2" | "jis" | "jis7")
        || matches!(bare, "cp50220" | "cp50221" | "cp50222" | "windows50221")
}

fn is_shift_jis(bare: &str) -> bool {
    matches!(bare, "shiftjis" | "sjis" | "mskanji" | "csshiftjis" | "windows31j" | "cswindows31j")
        || matches!(bare, "cp932" | "ms932" | "mscp932" | "windows932" | "sjiswin" | "macjapanese")
        // IBM's, as which Notes and Java send it; 942 is another one, with other kanji in 61 places.
        || matches!(bare, "cp943" | "cp943c" | "ibm943" | "ibm943c")
}

fn is_euc_jp(bare: &str) -> bool {
    matches!(bare, "eucjp" | "euc" | "ujis" | "cp51932" | "eucjpms" | "eucjpwin" | "cseucpkdfmtjapanese")
}

/// Whether a charset label, in any case, is one of the Japanese ones.
#[must_use]
pub fn is_japanese_label(label: &str) -> bool {
    let bare = bare(&normal(label));
    is_jis(&bare) || is_shift_jis(&bare) || is_euc_jp(&bare)
}

/// Whether text with this label is decoded as it says by everybody, not guessed: browsers know no UTF-7 and no UTF-32,
/// and not every name.
pub(crate) fn is_declared(label: Option<&str>) -> bool {
    let Some(label) = label.map(normal) else { return false };
    let is_read = matches!(known(&label), Some(Known::Jis | Known::Utf16 | Known::Other(_)));
    is_read && Encoding::for_label(label.as_bytes()).is_some()
}

/// Whether text with this label is what it will be written in.
pub(crate) fn is_utf8(label: Option<&str>) -> bool {
    label.is_some_and(|label| matches!(known(&normal(label)), Some(Known::Other(encoding)) if encoding == UTF_8))
}

/// Whether text with this label is written in a charset that is not read here and does not show ASCII as ASCII.
pub(crate) fn is_unreadable(label: Option<&str>) -> bool {
    label.is_some_and(|label| {
        let label = normal(label);
        known(&label).is_none() && foreign::hides_ascii(&bare(&label))
    })
}

/// Labels that name no charset: what mailers write where they do not know it (RFC 1428), or have taken for one.
const NO_NAMES: [&str; 10] =
    ["", "unknown", "unknown8bit", "binary", "8bit", "7bit", "default", "none", "null", "undefined"];

/// Whether a label names a charset that is not read here. (`us-ascii` is read.)
pub(crate) fn is_unknown(label: Option<&str>) -> bool {
    label.map(normal).is_some_and(|label| {
        let bare = bare(&label);
        known(&label).is_none() && by_bare_name(&bare).is_none() && !NO_NAMES.contains(&bare.as_str())
    })
}

/// Whether an HTML text may not say of itself that it has this charset: what it hides is seen by whoever believes it.
/// (UTF-16 is no such thing: who reads the label in ASCII knows better, HTML, 13.2.3.2.)
pub(crate) fn is_disguise(label: &str) -> bool {
    matches!(known(&normal(label)), Some(Known::Utf7)) || is_unreadable(Some(label))
}

/// Whether octets in a charset with this label show ASCII as ASCII octets and nothing in between that is no text (as ISO-2022-JP's
/// escapes are, which an undeclared text may have as well), so that what looks for ASCII may look at them undecoded.
pub(crate) fn shows_text(label: Option<&str>) -> bool {
    match known(&label.map(normal).unwrap_or_default()) {
        Some(Known::Other(encoding)) => encoding.is_ascii_compatible(),
        Some(Known::Dos(_)) => true,
        Some(Known::Jis | Known::Utf16 | Known::Utf7 | Known::Utf32(_)) | None => false,
    }
}
