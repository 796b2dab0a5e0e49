//! Anything that a peer may send: what comes of it does not depend on how it is cut, mails come only in the order that the
//! protocol has, and replies are replies.

use crate::{
    Dice,
    smtp::{Options, run},
};

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 1);
    let mut options = Options::new(dice.below(4) == 0, *dice.one(&[40, 400, 1 << 20]));
    options.refuses = dice.below(3) == 0;
    options.settings.max_errors = *dice.one(&[0, 2, 20]);
    let whole = run(&options, [data]);
    let cut = run(&options, dice.pieces(data));
    assert_eq!(cut, whole, "how it is cut makes a difference");
    behind_the_greeting(data, &options, &mut dice);
}

/// The same, where a mail is under way.
fn behind_the_greeting(data: &[u8], options: &Options, dice: &mut Dice) {
    let begun = [&b"EHLO a.example\r\n"[..], b"MAIL FROM:<ab@c.example>\r\n", b"RCPT TO:<ab@e.example>\r\n"];
    let begun = &begun[..1 + dice.below(3)];
    let whole = run(options, begun.iter().copied().chain([data]));
    let cut = run(options, begun.iter().copied().chain(dice.pieces(data)));
    assert_eq!(cut, whole, "how it is cut makes a difference");
}
