-- What a section's users send on a page (X-SEND): what they write, and uploads, which come in parts.

ALTER TABLE deposits ADD COLUMN message {{text}};           -- NULL: none
ALTER TABLE deposits ADD COLUMN by_person {{bool}};         -- begun on a page; NULL: by a program
ALTER TABLE deposits ADD COLUMN sealed_password {{blob}};   -- for its sender to look at; NULL once the files are gone, or none is kept

CREATE TABLE uploads (
    id          {{text}} NOT NULL PRIMARY KEY,
    section     {{text}} NOT NULL REFERENCES sections (id),
    account     {{text}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    draft       {{text}} NOT NULL,
    name        {{text}} NOT NULL,
    media_type  {{text}} NOT NULL,
    length      {{int}},             -- NULL: not known until it ends
    received    {{int}}  NOT NULL,   -- octets that are in its parts
    created_at  {{int}}  NOT NULL,
    touched_at  {{int}}  NOT NULL
){{strict}};
CREATE INDEX uploads_of_account ON uploads (account, draft, id);
CREATE INDEX uploads_abandoned ON uploads (touched_at);

-- Each part is a sealed object of its own, durable before the next one begins.
CREATE TABLE upload_parts (
    upload          {{text}} NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start           {{int}}  NOT NULL,   -- where in the upload it begins
    section         {{text}} NOT NULL REFERENCES sections (id),
    object_id       {{text}} NOT NULL,
    object_key      {{blob}} NOT NULL,
    object_length   {{int}}  NOT NULL,
    PRIMARY KEY (upload, start)
){{strict}};
CREATE UNIQUE INDEX upload_parts_by_object ON upload_parts (object_id);
