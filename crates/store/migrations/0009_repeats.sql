-- The same mail sent again by an upstream that never saw our 250.

ALTER TABLE mails ADD COLUMN fingerprint {{blob}};      -- of envelope, Message-ID and content; NULL: unknown
CREATE INDEX mails_by_fingerprint ON mails (section, fingerprint, received_at) WHERE fingerprint IS NOT NULL;
