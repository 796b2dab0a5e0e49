-- What was sent and taken in a span of time (X-ADMIN).

CREATE INDEX deposits_by_time ON deposits (section, sent_at);
CREATE INDEX downloads_by_time ON downloads (section, began_at);
