-- Waits for events by the beginning of their name: few, and asked for with every batch of events.
CREATE INDEX waits_for_many ON waits (environment_id, subject)
    WHERE kind = 'event' AND right(subject, 1) = '*';

-- What came of one type since a time, for executions that look back when they begin to wait.
CREATE INDEX events_of_type ON events (environment_id, type, received_at);
