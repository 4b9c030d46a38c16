-- Waits for events by the beginning of their name: few, and asked for with every batch of events.
CREATE INDEX waits_for_many ON waits (environment_id, subject)
    WHERE kind = 'event' AND right(subject, 1) = '*';
