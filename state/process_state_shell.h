#pragma once
// What a process has of state: its directory, the sorted runs in it, and the thread that spills.
// One per application in a process; each worker takes a provider of its own from it.
#include <memory>
#include <string>

#include "millrace/base/disk.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/state_directory.h"

namespace millrace::state {

class ProcessState {
public:
    // Outlives every provider it gave. `disk` is the real one: RocksDB goes to the file system by
    // itself.
    static Result<std::unique_ptr<ProcessState>> open(Disk& disk, const std::string& state_dir,
                                                      const std::string& application_id,
                                                      Uuid fresh_process_id);
    ~ProcessState();

    const Uuid& process_id() const { return directory_->process_id(); }
    Result<void> use_types(const std::map<std::string, std::string>& types_of_store) {
        return directory_->use_types(types_of_store);
    }
    // `budget`: of this one worker. Divide the process's among the workers.
    std::unique_ptr<DirectoryProvider> provider(StateBudget budget);

private:
    ProcessState() = default;
    std::unique_ptr<StateDirectory> directory_;
    std::unique_ptr<Runs> runs_;
    std::unique_ptr<SpillRunner> spills_;  // ends before the runs close
};

}  // namespace millrace::state
