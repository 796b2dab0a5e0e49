-- What senders see of what they sent (who opened and took what, and when), and what they take back (X-CANCEL).

ALTER TABLE deposits ADD COLUMN cancelled_at {{int}};
ALTER TABLE deposits ADD COLUMN cancelled_by {{text}};  -- a login id of the section: the user may be removed later
ALTER TABLE links ADD COLUMN cancelled_at {{int}};
ALTER TABLE links ADD COLUMN cancelled_by {{text}};
ALTER TABLE links ADD COLUMN opened_at {{int}};         -- when the recipient first proved who they are
ALTER TABLE outgoing ADD COLUMN link {{text}};          -- whose deposit notice it is, to be stopped with the link

-- One row a recipient's session and file: a download that is broken off and goes on is one.
CREATE TABLE downloads (
    link            {{text}} NOT NULL,
    number          {{int}}  NOT NULL,   -- the file's
    session_hash    {{blob}} NOT NULL,
    section         {{text}} NOT NULL REFERENCES sections (id),
    began_at        {{int}}  NOT NULL,
    ended_at        {{int}},             -- when the file's last octet was handed over
    PRIMARY KEY (link, number, session_hash),
    FOREIGN KEY (section, link) REFERENCES links (section, id)
){{strict}};
CREATE INDEX downloads_of_link ON downloads (section, link);
CREATE INDEX deposits_of_depositor ON deposits (section, depositor, id);
CREATE INDEX outgoing_of_link ON outgoing (link);
