"""The settings the embedded PostgreSQL runs with; `local.conf` in the cluster wins over them."""

# Two cores and a few GiB: small enough for a laptop, and rows of busy tables are vacuumed early.
TUNING = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "min_wal_size": "80MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "2000",
    "idle_in_transaction_session_timeout": "5min",
    "logging_collector": "on",
    "log_filename": "'postgres-%a.log'",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_min_duration_statement": "1s",
    "log_line_prefix": "'%m [%p] '",
}
# A crash may lose or ruin such a cluster; right for tests, which make theirs anew.
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_wal_size": "256MB",
}


def settings(*, durable: bool) -> str:
    """The lines of `tiefen.conf`; without `durable` a crash may ruin the cluster."""
    chosen = TUNING if durable else TUNING | CARELESS
    return "".join(f"{name} = {value}\n" for name, value in chosen.items())
