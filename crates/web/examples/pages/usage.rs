//! A section's usage: nothing, little, and much.

use fubako_base::Timestamp;
use fubako_exchange::{
    domain::usage::months,
    usage::{Kept, SectionUsage, Usage},
};
use fubako_web::pages::{Frame, usage::usage};

const ZONE: &str = "Asia/Tokyo";

/// What was sent in each of the months, as often as `many` has it.
fn section(now: Timestamp, many: [u64; 12]) -> SectionUsage {
    let of = |deposits: u64| Usage {
        deposits,
        recipients: deposits * 2 + deposits / 3,
        files: deposits * 3,
        octets: deposits * 3_456_789,
        taken: deposits * 5 - deposits / 4,
    };
    let files = many.iter().sum();
    SectionUsage {
        months: months(now, ZONE).into_iter().zip(many.map(of)).collect(),
        kept: Kept { files, octets: files * 3_456_789 },
        zone: ZONE.to_owned(),
    }
}

/// The page, each with a name for its file.
pub(crate) fn pages(frame: &Frame, now: Timestamp) -> Vec<(&'static str, String)> {
    let page = |many| usage(frame, &section(now, many));
    vec![
        ("usage-none", page([0; 12])),
        ("usage-little", page([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2])),
        ("usage-much", page([4_120, 3_900, 5_230, 4_870, 6_010, 7_450, 7_110, 3_020, 8_230, 9_140, 12_345, 20])),
    ]
}
