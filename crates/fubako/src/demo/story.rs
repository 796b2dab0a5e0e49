//! The demo told as it happens: a line a step, with a spinner while a step runs. On standard error, so that `--json` keeps
//! standard output for itself.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells the steps.
pub struct Story {
    bar: ProgressBar,
    began: Instant,
    quiet: bool,
}

impl Story {
    /// A new story; `quiet` tells nothing.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            None,
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {msg}") {
            bar.set_style(style);
        }
        Self { bar, began: Instant::now(), quiet }
    }

    /// A heading.
    pub fn chapter(&self, title: &str) {
        self.print(&format!("\n{title}"));
    }

    /// A step begins.
    pub fn begin(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// A step is done.
    pub fn done(&self, what: &str) {
        self.step("✓", what);
    }

    /// A step went wrong.
    pub fn failed(&self, what: &str) {
        self.step("✗", what);
    }

    /// A line that explains.
    pub fn note(&self, what: &str) {
        self.print(&format!("      {what}"));
    }

    fn step(&self, mark: &str, what: &str) {
        self.bar.disable_steady_tick();
        self.bar.set_message("");
        self.print(&format!("  {mark} {what}  ({:.1} s)", self.began.elapsed().as_secs_f64()));
    }

    fn print(&self, line: &str) {
        if self.quiet {
            return;
        }
        if self.bar.is_hidden() {
            // No terminal: plain lines.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{line}");
        } else {
            self.bar.println(line);
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
