-- Who is told of a delivery that failed, and when they were: as soon as the round in which it failed has ended, while
-- others are still tried.

ALTER TABLE outgoing ADD COLUMN told_to {{text}};       -- NULL: the envelope sender
ALTER TABLE outgoing ADD COLUMN settle_after {{int}};   -- set aside until then: its row cannot be read
ALTER TABLE deliveries ADD COLUMN told_at {{int}};      -- NULL: not yet, or there is nothing to tell
UPDATE deliveries SET told_at = ended_at
    WHERE state = 'failed' AND outgoing IN (SELECT id FROM outgoing WHERE settled_at IS NOT NULL);
CREATE INDEX deliveries_to_tell ON deliveries (outgoing) WHERE state = 'failed' AND told_at IS NULL;
