#pragma once
// <state.dir>/<application.id>/: one process at a time (.lock), the process's id over restarts, and
// the sorted runs below `runs/`. Kafka's own files keep their names and formats, so that the
// directory can tell whose it is:
//   .lock                            exclusive
//   kafka-streams-process-metadata   {"processId":"<36 characters>"}
//   millrace-format                  "1\n<application id>\n": ours; without it a directory with
//   stores in it is Java's
//   millrace-stores                  "<store>\t<types>\n" each: what the stores were last used with
#include <map>
#include <memory>
#include <string>

#include "millrace/base/disk.h"
#include "millrace/base/uuid.h"

namespace millrace::state {

class StateDirectory {
public:
    // `fresh`: the process id of a directory that has none yet. Fails when another process holds
    // it, when it belongs to another application or to a Java worker, or when a newer version wrote
    // it; the detail says what to do.
    static Result<std::unique_ptr<StateDirectory>> open(Disk& disk, const std::string& state_dir,
                                                        const std::string& application_id,
                                                        Uuid fresh);

    // Remembers with which types each store is used. InvalidConfig when one was used with others
    // before: its changelog holds what nobody can read any more, spilled or not.
    Result<void> use_types(const std::map<std::string, std::string>& types_of_store);

    const Uuid& process_id() const { return process_id_; }
    const std::string& path() const { return path_; }
    std::string runs_path() const { return join(path_, "runs"); }

private:
    StateDirectory(Disk& disk, std::string path, Uuid id, std::unique_ptr<DirectoryLock> lock)
        : disk_(disk), path_(std::move(path)), process_id_(id), lock_(std::move(lock)) {}

    Disk& disk_;
    std::string path_;
    Uuid process_id_;
    std::unique_ptr<DirectoryLock> lock_;
};

}  // namespace millrace::state
