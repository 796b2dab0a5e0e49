-- How long and how often a mail was tried, whatever became of the process that tried it; and objects that cannot be deleted
-- stand behind those that can.

ALTER TABLE mails ADD COLUMN tried_since {{int}};               -- NULL: since it was received
ALTER TABLE mails ADD COLUMN leases {{int}} NOT NULL DEFAULT 0; -- since it last came back from one
ALTER TABLE erasures ADD COLUMN tries {{int}} NOT NULL DEFAULT 0;
CREATE INDEX erasures_by_tries ON erasures (tries, object);
