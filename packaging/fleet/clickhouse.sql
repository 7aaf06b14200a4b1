-- SPDX-License-Identifier: Apache-2.0
-- A table for the lines of bfatrace --json --host -tt, one column for each key that it writes.
--
--   clickhouse-client --query 'INSERT INTO bfatrace FORMAT JSONEachRow' < collected.json
--
-- A line that came twice is one row, as each has its host, its time and its position in the file
-- of that host (rsyslog-host.conf adds it): SELECT ... FROM bfatrace FINAL.
-- On a cluster: ENGINE = ReplicatedReplacingMergeTree, and a Distributed table above it with
-- sharding key cityHash64(host). A key that ends in _raw is the string, byte by byte, where that is
-- no plain text; here the string itself is filled in from it.
CREATE TABLE bfatrace
(
    -- Where and when.
    host LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), host_raw)),
    host_raw Array(UInt8),
    boot_id LowCardinality(String),
    boot_id_raw Array(UInt8),
    -- Tables at the end of a run have none: 0. Rows of two runs can then have the same position;
    -- what they say tells them apart, unless that is the same too.
    timestamp DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    position UInt64 CODEC(Delta, ZSTD),
    untimed UInt64 MATERIALIZED if(timestamp > toDateTime64(0, 6), 0, cityHash64(
        boot_id, comm, pid, unit, device_name, inode, path, entry, dir, cause, total, others, wakeups,
        longest_idle, files, opens, read_bytes, write_bytes, closes, calls, errors, time_ns,
        disk_reads, disk_read_bytes, disk_writes, disk_write_bytes, disk_discard_bytes)),

    -- Who.
    comm LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), comm_raw)),
    comm_raw Array(UInt8),
    pid UInt32,
    tid UInt32,
    uid UInt32,
    gid UInt32,
    user LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), user_raw)),
    user_raw Array(UInt8),
    exe LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), exe_raw)),
    exe_raw Array(UInt8),
    args Array(String),
    args_raw Array(Array(UInt8)),
    args_truncated Bool,
    cwd String DEFAULT arrayStringConcat(arrayMap(b -> char(b), cwd_raw)),
    cwd_raw Array(UInt8),
    cgroup LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), cgroup_raw)),
    cgroup_raw Array(UInt8),
    unit LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), unit_raw)),
    unit_raw Array(UInt8),
    container LowCardinality(String)
        DEFAULT arrayStringConcat(arrayMap(b -> char(b), container_raw)),
    container_raw Array(UInt8),
    parents Array(Tuple(
        pid UInt32, comm String, comm_raw Array(UInt8), exe String, exe_raw Array(UInt8))),
    parents_truncated Bool,
    by Tuple(pid UInt32, comm String, comm_raw Array(UInt8)),

    -- What file.
    types LowCardinality(String),
    device Tuple(major UInt16, minor UInt32),
    inode UInt64,
    path String DEFAULT arrayStringConcat(arrayMap(b -> char(b), path_raw)),
    path_raw Array(UInt8),
    new_path String DEFAULT arrayStringConcat(arrayMap(b -> char(b), new_path_raw)),
    new_path_raw Array(UInt8),
    entry String DEFAULT arrayStringConcat(arrayMap(b -> char(b), entry_raw)),
    entry_raw Array(UInt8),
    new_entry String DEFAULT arrayStringConcat(arrayMap(b -> char(b), new_entry_raw)),
    new_entry_raw Array(UInt8),
    filename String DEFAULT arrayStringConcat(arrayMap(b -> char(b), filename_raw)),
    filename_raw Array(UInt8),
    new_filename String DEFAULT arrayStringConcat(arrayMap(b -> char(b), new_filename_raw)),
    new_filename_raw Array(UInt8),
    deleted Bool,
    truncated Bool,
    resolved Bool DEFAULT true,

    -- Merged accesses.
    fd Int32 DEFAULT -1,
    flags LowCardinality(String),
    mode LowCardinality(String),
    prot LowCardinality(String),
    opens UInt64,
    reads UInt64,
    read_bytes UInt64,
    writes UInt64,
    write_bytes UInt64,
    closes UInt64,

    -- Calls.
    syscall LowCardinality(String),
    ret Int64,
    errno LowCardinality(String),
    size UInt64,
    offset Int64,
    duration_ns UInt64,

    -- Requests to disks.
    disk LowCardinality(String),
    device_name LowCardinality(String)
        DEFAULT arrayStringConcat(arrayMap(b -> char(b), device_name_raw)),
    device_name_raw Array(UInt8),
    bytes UInt64,
    requests UInt64,
    cause LowCardinality(String),
    certainty LowCardinality(String),
    client LowCardinality(String),
    command LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(b -> char(b), command_raw)),
    command_raw Array(UInt8),
    age Float64,
    idle Float64,
    latency Float64,
    wakes Bool DEFAULT true,

    -- Tables, and what is missing.
    interval Float64,
    total Bool,
    others Bool,
    rows UInt64,
    partial Bool,
    missing UInt64,
    more_files Bool,
    dir String DEFAULT arrayStringConcat(arrayMap(b -> char(b), dir_raw)),
    dir_raw Array(UInt8),
    files UInt64,
    failed_opens UInt64,
    calls UInt64,
    errors UInt64,
    time_ns UInt64,
    longest_ns UInt64,
    median_ns UInt64,
    p99_ns UInt64,
    histogram Array(Array(UInt64)),
    disk_reads UInt64,
    disk_read_bytes UInt64,
    disk_writes UInt64,
    disk_write_bytes UInt64,
    disk_discard_bytes UInt64,
    write_amplification Float64,
    wakeups UInt64,
    longest_idle Float64,
    begin Float64,
    end Float64,
    asleep Float64,
    longest_sleep Float64,
    awake Float64,
    asleep_without Float64,
    change LowCardinality(String),
    input LowCardinality(String),
    temporary UInt64,
    lost UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(timestamp)
ORDER BY (host, timestamp, position, untimed)
TTL toDateTime(timestamp) + INTERVAL 30 DAY DELETE WHERE timestamp > toDateTime64(0, 6)
