#!/usr/bin/env python3
"""Makes the list of common passwords that nobody may choose (crates/exchange/src/domain/common_passwords.txt, OWASP ASVS 6.2.4).

  tools/common-passwords.py LIST > crates/exchange/src/domain/common_passwords.txt

LIST has a password a line, the most common first: SecLists' 10-million-password-list-top-1000000.txt. For each least length that a section may ask
for, up to LONGEST, the MOST most common that are so long and could be chosen otherwise are taken; so that there are enough of them under every rule.
They are written as they are compared, in order.
"""
import sys
import unicodedata

MOST = 3000
SHORTEST, LONGEST = 8, 16
# As crates/exchange/src/domain/account.rs has it: what has fewer different characters is refused anyway.
DIFFERENT = 5


def compared(password):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", password).lower())


def main(path):
    with open(path, encoding="utf-8", errors="replace") as lines:
        known = dict.fromkeys(compared(line.rstrip("\r\n")) for line in lines)
    # Addresses are somebody's; what is not ASCII was damaged on its way into the list.
    good = [word for word in known if word.isascii() and word.isprintable() and "@" not in word and len(set(word)) >= DIFFERENT]
    chosen = set()
    for least in range(SHORTEST, LONGEST + 1):
        chosen.update([word for word in good if len(word) >= least][:MOST])
    sys.stdout.write("".join(f"{word}\n" for word in sorted(chosen)))


if __name__ == "__main__":
    main(sys.argv[1])
