-- What the operator tells everybody (X-OPERATOR). What is over stays for a while: it says what was announced.

CREATE TABLE announcements (
    id          {{text}} NOT NULL PRIMARY KEY,
    version     {{int}}  NOT NULL,  -- 1, and one more with each change: a page that shows an older one changes nothing
    ja_subject  {{text}} NOT NULL,
    ja_text     {{text}} NOT NULL,
    en_subject  {{text}} NOT NULL,
    en_text     {{text}} NOT NULL,
    starts_at   {{int}}  NOT NULL,
    ends_at     {{int}}  NOT NULL,
    mailed      {{bool}} NOT NULL,  -- to the contacts, while it is shown
    made_by     {{text}} NOT NULL,  -- the operator's login id: they may be gone later
    made_at     {{int}}  NOT NULL
){{strict}};
CREATE INDEX announcements_by_end ON announcements (ends_at);

-- Whom an announcement was mailed to: each address once, whatever is tried again.
CREATE TABLE announcement_mails (
    announcement {{text}} NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
    address      {{text}} NOT NULL, -- in lower case, for comparing
    section      {{text}} NOT NULL,
    outgoing     {{text}} NOT NULL,
    queued_at    {{int}}  NOT NULL,
    PRIMARY KEY (announcement, address)
){{strict}};
