-- How much write-ahead log the server has written so far, and how many transactions that write it
-- has begun. One row always, exact at this instant (pg_stat_database lags by seconds).
SELECT
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal_bytes,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions
