#pragma once
// Sorted runs in RocksDB, the packaged one; nothing else in the tree knows it. One database per
// process, a column family per store. RocksDB never sees single writes: an ingest writes one SST
// per family, ascending, and takes all of them in with one IngestExternalFiles, which is atomic
// over the families and durable (the write-ahead log and the memtables stay empty).
//
// The database is opened by the first call that needs it. One that cannot be read any more, or was
// condemned, is removed and begun anew: everything in it is in the changelogs.
#include <memory>
#include <string>

#include "millrace/state/runs/runs.h"

namespace millrace::state {

struct RocksSettings {
    std::size_t block_cache_bytes = 64 * 1024 * 1024;
};

// `path`: made when the first ingest comes.
std::unique_ptr<Runs> make_rocks_runs(const std::string& path, RocksSettings settings);

}  // namespace millrace::state
