//! When to try again (spec MAIL-RELAY). Pure.

use std::time::Duration;

use fubako_base::Timestamp;

/// The pauses after each try that came to nothing for now, and when to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The pause after the first try, the second, and so on.
    pub steps: Vec<Duration>,
    /// The pause after every later try.
    pub then: Duration,
    /// Given up this long after the mail was queued; the last try comes at that moment.
    pub give_up: Duration,
}

impl Default for Schedule {
    /// 1, 2, 5, 10, 20, 30 minutes, then every hour, for 5 days (RFC 5321, 4.5.4.1 asks for at least 4 or 5).
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            steps: [1, 2, 5, 10, 20, 30].map(minutes).to_vec(),
            then: minutes(60),
            give_up: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }
}

impl Schedule {
    /// When the last try comes, at the latest. One comes in any case: a mail that is older than that when the process comes back is
    /// given up only after a try.
    #[must_use]
    pub fn last_try(&self, queued_at: Timestamp) -> Timestamp {
        Timestamp(queued_at.0.saturating_add(micros(self.give_up)))
    }

    /// When a delivery is tried again after `tries` tries (the one that has just failed included); none where its time is
    /// up. `jitter` (0 to 255) spreads the pause over 90 to 110 %, so that mails that failed together do not come
    /// back together.
    #[must_use]
    pub fn next_try(&self, queued_at: Timestamp, tries: u32, now: Timestamp, jitter: u8) -> Option<Timestamp> {
        let limit = self.last_try(queued_at);
        if now >= limit {
            return None;
        }
        let step = usize::try_from(tries.saturating_sub(1)).ok().and_then(|index| self.steps.get(index));
        let pause = micros(*step.unwrap_or(&self.then));
        let share = 230 + i128::from(jitter) * 51 / 255;
        let spread = i64::try_from(i128::from(pause) * share / 255).unwrap_or(i64::MAX);
        let next = Timestamp(now.0.saturating_add(spread.max(1)));
        Some(next.min(limit))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MIDDLE: u8 = 125;

    // spec: MAIL-RELAY
    #[test]
    fn the_pauses_grow_to_an_hour_and_end_after_five_days() {
        let schedule = Schedule::default();
        let queued = Timestamp(1_790_000_000_000_000);
        let (mut now, mut minutes, mut tries) = (queued, Vec::new(), 0);
        loop {
            tries += 1;
            let Some(next) = schedule.next_try(queued, tries, now, MIDDLE) else { break };
            assert!(next > now && next <= queued.plus_seconds(5 * 86_400));
            minutes.push((next.0 - now.0 + 30_000_000) / 60_000_000);
            now = next;
        }
        assert_eq!(minutes[..8], [1, 2, 5, 10, 20, 30, 60, 60]);
        assert_eq!(now, queued.plus_seconds(5 * 86_400), "the last try comes at the limit");
        assert!((120..=130).contains(&tries), "{tries}");
    }

    #[test]
    fn jitter_spreads_by_a_tenth_and_odd_values_do_no_harm() {
        let schedule = Schedule { steps: vec![], then: Duration::from_secs(100), give_up: Duration::from_secs(1000) };
        let pause = |jitter| schedule.next_try(Timestamp(0), 9, Timestamp(0), jitter).unwrap().0 / 100_000;
        assert_eq!((pause(0), pause(MIDDLE), pause(255)), (901, 1000, 1101));
        let endless = Schedule { steps: vec![], then: Duration::MAX, give_up: Duration::MAX };
        assert_eq!(endless.next_try(Timestamp(i64::MAX - 1), 0, Timestamp(5), 255), Some(Timestamp(i64::MAX)));
        let none = Schedule { steps: vec![Duration::ZERO], then: Duration::ZERO, give_up: Duration::from_secs(9) };
        assert_eq!(none.next_try(Timestamp(0), 1, Timestamp(7), 0), Some(Timestamp(8)), "never the same moment again");
    }
}
