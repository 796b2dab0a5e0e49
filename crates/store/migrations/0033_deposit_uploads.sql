-- Uploads of programs (X-API) beside those of drafts: each is for the file of a number of a deposit. The tables are made anew, as SQLite takes no
-- NOT NULL back. Renamed first, and in the order in which they are written to: a node that runs meanwhile waits, and loses nothing.

ALTER TABLE uploads RENAME TO uploads_before;
ALTER TABLE upload_parts RENAME TO upload_parts_before;

CREATE TABLE uploads (
    id          {{text}} NOT NULL PRIMARY KEY,
    section     {{text}} NOT NULL REFERENCES sections (id),
    account     {{text}} REFERENCES accounts (id) ON DELETE CASCADE,   -- of a draft: whose it is
    draft       {{text}},                                              -- and which
    deposit     {{text}},                                              -- of a program: the deposit
    number      {{int}},                                               -- and the file's number
    name        {{text}} NOT NULL,
    media_type  {{text}} NOT NULL,
    length      {{int}},             -- NULL: not known until it ends
    received    {{int}}  NOT NULL,   -- octets that are in its parts
    created_at  {{int}}  NOT NULL,
    touched_at  {{int}}  NOT NULL,
    CHECK ((account IS NULL) <> (deposit IS NULL)),
    FOREIGN KEY (section, deposit) REFERENCES deposits (section, id) ON DELETE CASCADE
){{strict}};
INSERT INTO uploads (id, section, account, draft, name, media_type, length, received, created_at, touched_at)
    SELECT id, section, account, draft, name, media_type, length, received, created_at, touched_at FROM uploads_before;

CREATE TABLE upload_parts (
    upload          {{text}} NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start           {{int}}  NOT NULL,   -- where in the upload it begins
    section         {{text}} NOT NULL REFERENCES sections (id),
    object_id       {{text}} NOT NULL,
    object_key      {{blob}} NOT NULL,
    object_length   {{int}}  NOT NULL,
    PRIMARY KEY (upload, start)
){{strict}};
INSERT INTO upload_parts (upload, start, section, object_id, object_key, object_length)
    SELECT upload, start, section, object_id, object_key, object_length FROM upload_parts_before;

DROP TABLE upload_parts_before;
DROP TABLE uploads_before;

CREATE INDEX uploads_of_account ON uploads (account, draft, id);
CREATE INDEX uploads_abandoned ON uploads (touched_at);
CREATE UNIQUE INDEX uploads_of_deposit ON uploads (deposit, number);
CREATE UNIQUE INDEX upload_parts_by_object ON upload_parts (object_id);
